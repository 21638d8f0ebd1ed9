// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { Calls } from "./Calls.sol";
import { AaveV3FlashLoan } from "./funding/AaveV3FlashLoan.sol";
import { BalancerV2 } from "./funding/BalancerV2.sol";
import { BalancerV3 } from "./funding/BalancerV3.sol";
import { Binding } from "./funding/Binding.sol";
import { MorphoFlashLoan } from "./funding/MorphoFlashLoan.sol";
import { RoundTrip } from "./funding/RoundTrip.sol";
import { UniswapV3Flash } from "./funding/UniswapV3Flash.sol";
import { UniswapV3FlashSwap } from "./funding/UniswapV3FlashSwap.sol";
import { UniswapV4Unlock } from "./funding/UniswapV4Unlock.sol";
import { Funding, ILiquidator, PlanHead } from "./interfaces/ILiquidator.sol";
import { Money } from "./Money.sol";
import { PlanAt, RoundAt, SwapAt, TokensAt } from "./Packed.sol";
import { AaveV3Run } from "./protocols/AaveV3.sol";
import { Legs } from "./protocols/Legs.sol";
import { Settlement } from "./Settlement.sol";
import { Sales } from "./venues/Sales.sol";

/// @title Liquidator
/// @notice The one deployed contract: who may call, the funding round trip, settlement.
contract Liquidator is
    ILiquidator,
    Ownable2Step,
    UniswapV3FlashSwap,
    UniswapV3Flash,
    UniswapV4Unlock,
    BalancerV2,
    BalancerV3,
    MorphoFlashLoan,
    AaveV3FlashLoan,
    Legs
{
    /// @dev Behind the selector of {execute}.
    PlanAt private constant PLAN = PlanAt.wrap(4);

    /// @inheritdoc ILiquidator
    address public treasury;
    /// @inheritdoc ILiquidator
    uint16 public tipCapBps;
    /// @dev The treasury of every operator, 0 for all others: one read tells both who may and where the profit goes.
    mapping(address operator => address) private _treasuryOf;
    /// @dev Whose entries {setTreasury} has to renew.
    address[] private _operators;

    /// @param owner_ Cold key: operators, treasury, tip cap, rescue. Handed over in two steps.
    /// @param treasury_ Receives every profit.
    /// @param operators_ Hot keys that may execute plans.
    constructor(address owner_, address treasury_, address[] memory operators_) Ownable(owner_) {
        _setTreasury(treasury_);
        for (uint256 i; i < operators_.length; ++i) {
            _setOperator(operators_[i], true);
        }
    }

    /// @notice Native payouts arrive with 2,300 gas: nothing may happen here.
    receive() external payable { }

    /// @notice ERC-223 transfers call this on the receiver. Open to all, does nothing.
    /// @return The magic value of the standard.
    function tokenReceived(address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.tokenReceived.selector;
    }

    // ---- execution ----

    /// @inheritdoc ILiquidator
    function execute(PlanHead calldata) external returns (uint256 value) {
        Binding.check();
        address to = _treasuryOf[msg.sender];
        if (to == address(0)) revert NotOperator(msg.sender);
        PlanAt plan = PLAN;
        TokensAt tokensEnd = plan.tokensEnd();
        // forge-lint: disable-next-line(block-timestamp) -- seconds of drift only end a plan early or late
        if (block.timestamp > plan.validUntil()) revert Expired(plan.validUntil(), block.timestamp);
        Settlement.sweep(plan, tokensEnd, to);

        uint256 counts = 1;
        uint256 flashFee;
        uint256 paid;
        if (_isOneCall(tokensEnd.behind()) && plan.rounds() == 1) paid = _runOne(plan, tokensEnd, to);
        else (counts, flashFee) = _runRounds(plan, tokensEnd);
        if (plan.tip() != 0) Settlement.checkTip(plan, tokensEnd, tipCapBps);
        value = Settlement.settle(plan, tokensEnd, to, counts, flashFee, paid);
        Binding.unlock();
    }

    /// @dev The plan is one call: what that does without landing is undone with the plan, so it needs no frame, and the module may
    /// pay the treasury itself.
    /// @return paid Wei that it did.
    function _runOne(PlanAt plan, TokensAt tokensEnd, address to) private returns (uint256 paid) {
        (, uint256 behind) = _encoded(plan.tokens(), tokensEnd.behind(), false);
        if (behind != msg.data.length) revert BadEncoding();
        Binding.lock();
        bool ok;
        bytes memory reason;
        // A tip is taken out of what is here.
        (ok, reason, paid) = _liquidateOne(tokensEnd.behind(), tokensEnd, plan.tip() == 0 ? to : address(this));
        if (!ok) revert NothingLanded(reason);
    }

    /// @return counts Legs that landed, at least one, and from bit 16 on those that did not; of 8 bits each in at most 255 rounds.
    /// @return flashFee Wei at the plan's prices.
    function _runRounds(PlanAt plan, TokensAt tokensEnd) private returns (uint256 counts, uint256 flashFee) {
        uint256 at = RoundAt.unwrap(tokensEnd.behind());
        bytes memory lastReason;
        for (uint256 i; i < plan.rounds(); ++i) {
            RoundAt round = RoundAt.wrap(at);
            bytes memory encoded;
            // A round that landed has a count.
            (encoded, at) = _encoded(plan.tokens(), round, counts & 0xffff != 0);
            (uint256 tally, bytes memory reason) = _ask(round, tokensEnd, encoded);
            if (tally == 0) {
                unchecked {
                    counts += round.legs() << 16;
                }
                lastReason = reason;
                emit RoundSkipped(i, round.source(), reason);
            } else {
                (uint256 done, uint256 fee) = Binding.read(tally);
                unchecked {
                    counts += done;
                }
                if (fee != 0) flashFee += Settlement.valueOf(fee, round.debtTokenOf(tokensEnd).price());
            }
        }
        if (at != msg.data.length) revert BadEncoding();
        if (counts & 0xffff == 0) revert NothingLanded(lastReason);
    }

    /// @dev The funding call is the round's own frame: if anything behind it reverts, all of the round is undone.
    function _ask(RoundAt round, TokensAt tokensEnd, bytes memory encoded)
        private
        returns (uint256 tally, bytes memory reason)
    {
        if (round.isFunding(Funding.UniswapV3Swap)) return _askUniswapV3Swap(round, tokensEnd, encoded);
        if (round.isFunding(Funding.AaveV3Simple)) return _askAaveV3Simple(round, tokensEnd, encoded);
        if (round.isFunding(Funding.Morpho)) return _askMorpho(round, tokensEnd, encoded);
        if (round.isFunding(Funding.BalancerV2)) return _askBalancerV2(round, tokensEnd, encoded);
        if (round.isFunding(Funding.UniswapV4)) return _askUniswapV4(round, encoded);
        if (round.isFunding(Funding.BalancerV3)) return _askBalancerV3(round, encoded);
        if (round.isFunding(Funding.UniswapV3Flash)) return _askUniswapV3Flash(round, encoded);
        if (round.isFunding(Funding.AaveV3)) return _askAaveV3Many(round, tokensEnd, encoded);
        if (!round.isFunding(Funding.None)) revert BadEncoding();
        Binding.lock();
        bool ok;
        (ok, reason) = Calls.tryCall(address(this), abi.encodeCall(this.runUnfunded, (encoded)));
        if (ok) tally = Binding.take();
    }

    /// @notice A round without funding, called by this contract on itself so that it has a frame to be undone in.
    /// @param encoded The round, as a source of funding would be handed it.
    function runUnfunded(bytes calldata encoded) external {
        if (msg.sender != address(this)) revert UnexpectedCallback(msg.sender, msg.sig);
        (uint256 landed, uint256 skipped) = _run(_decoded(encoded), 0, address(0), 0);
        Binding.leave(Binding.tallyOf(landed, skipped, 0));
    }

    /// @inheritdoc RoundTrip
    function _run(RoundAt round, uint256 only, address lender, uint256 owed)
        internal
        override
        returns (uint256 landed, uint256 skipped)
    {
        AaveV3Run memory run = AaveV3Run({
            debtToken: round.debtToken(),
            untouched: !round.touched(),
            spender: address(0),
            allowed: 0,
            collateral: only == 0 || round.touched() ? address(0) : round.tokens().numbered(only).token(),
            held: 0,
            lender: lender,
            owed: owed
        });
        uint256 legsEnd;
        (landed, skipped, legsEnd) = _liquidateAll(round, only, run);
        if (lender != address(0) && lender != run.spender) Money.allow(run.debtToken, lender, owed);
        SwapAt swap = SwapAt.wrap(legsEnd);
        for (uint256 left = round.swaps(); left != 0; --left) {
            address token = swap.tokenIn(round.tokens());
            // Nothing has moved since the last leg told how much of its collateral is here.
            uint256 held = token == run.collateral ? run.held : Money.here(token);
            Sales.sell(round, swap, token, held);
            run.collateral = address(0);
            swap = swap.next();
        }
    }

    // ---- owner ----

    /// @inheritdoc ILiquidator
    function setOperator(address operator, bool allowed) external onlyOwner {
        _setOperator(operator, allowed);
    }

    /// @inheritdoc ILiquidator
    function setTreasury(address treasury_) external onlyOwner {
        _setTreasury(treasury_);
    }

    /// @inheritdoc ILiquidator
    function setTipCap(uint256 bps) external onlyOwner {
        if (bps > 10_000) revert BadBps(bps);
        // forge-lint: disable-next-line(unsafe-typecast) -- at most 10,000
        tipCapBps = uint16(bps);
        emit TipCapSet(bps);
    }

    /// @inheritdoc ILiquidator
    function rescue(address token, uint256 amount) external onlyOwner {
        Binding.check();
        Binding.lock();
        Money.send(token, treasury, amount);
        emit Rescued(token, amount);
        Binding.unlock();
    }

    function _setOperator(address operator, bool allowed) private {
        if (operator == address(0)) revert BadAddress();
        bool was = operators(operator);
        if (allowed && !was) {
            _operators.push(operator);
            _treasuryOf[operator] = treasury;
        } else if (!allowed && was) {
            _forget(operator);
            delete _treasuryOf[operator];
        }
        emit OperatorSet(operator, allowed);
    }

    /// @dev Takes `operator`, which is there, out of the list.
    function _forget(address operator) private {
        uint256 last = _operators.length - 1;
        for (uint256 i; i < last; ++i) {
            if (_operators[i] == operator) {
                _operators[i] = _operators[last];
                break;
            }
        }
        _operators.pop();
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0) || treasury_ == address(this)) revert BadAddress();
        treasury = treasury_;
        for (uint256 i; i < _operators.length; ++i) {
            _treasuryOf[_operators[i]] = treasury_;
        }
        emit TreasurySet(treasury_);
    }

    // ---- views ----

    /// @inheritdoc ILiquidator
    function operators(address operator) public view returns (bool) {
        return _treasuryOf[operator] != address(0);
    }
}
