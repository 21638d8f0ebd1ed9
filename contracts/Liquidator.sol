// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { LibCall } from "solady/utils/LibCall.sol";
import { AaveV3FlashLoan } from "./funding/AaveV3FlashLoan.sol";
import { BalancerV2 } from "./funding/BalancerV2.sol";
import { BalancerV3 } from "./funding/BalancerV3.sol";
import { Binding } from "./funding/Binding.sol";
import { MorphoFlashLoan } from "./funding/MorphoFlashLoan.sol";
import { Parts } from "./funding/Parts.sol";
import { RoundTrip } from "./funding/RoundTrip.sol";
import { Tally } from "./funding/Tally.sol";
import { UniswapV3Flash } from "./funding/UniswapV3Flash.sol";
import { UniswapV3FlashSwap } from "./funding/UniswapV3FlashSwap.sol";
import { UniswapV4Unlock } from "./funding/UniswapV4Unlock.sol";
import { Funding, ILiquidator, Leg, Plan, PricedToken, Round, Swap } from "./interfaces/ILiquidator.sol";
import { Money } from "./Money.sol";
import { Legs } from "./protocols/Legs.sol";
import { Outcome, Settlement } from "./Settlement.sol";
import { Sales } from "./venues/Sales.sol";

/// @title Liquidator
/// @notice The one deployed contract: who may call, the funding round trip, settlement.
contract Liquidator is
    ILiquidator,
    Ownable2Step,
    ReentrancyGuardTransient,
    UniswapV3FlashSwap,
    UniswapV3Flash,
    UniswapV4Unlock,
    BalancerV2,
    BalancerV3,
    MorphoFlashLoan,
    AaveV3FlashLoan,
    Legs
{
    /// @inheritdoc ILiquidator
    address public treasury;
    /// @inheritdoc ILiquidator
    uint16 public tipCapBps;
    /// @inheritdoc ILiquidator
    mapping(address operator => bool) public operators;

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
    function execute(Plan calldata plan) external nonReentrant returns (uint256) {
        if (!operators[msg.sender]) revert NotOperator(msg.sender);
        // forge-lint: disable-next-line(block-timestamp) -- seconds of drift only end a plan early or late
        if (block.timestamp > plan.validUntil) revert Expired(plan.validUntil, block.timestamp);
        PricedToken[] calldata tokens = plan.tokens;
        // A tip comes out of watched money like everything else: its profit caps it.
        if (plan.tip != 0) Settlement.priceOf(tokens, plan.weth);
        address to = treasury;
        Settlement.sweep(tokens, to);

        Outcome memory outcome;
        Round[] calldata rounds = plan.rounds;
        for (uint256 i; i < rounds.length; ++i) {
            _runRound(tokens, rounds, i, outcome);
        }
        if (outcome.landed == 0) revert NothingLanded(outcome.lastReason);
        return Settlement.settle(plan, tokens, to, tipCapBps, outcome);
    }

    function _runRound(PricedToken[] calldata tokens, Round[] calldata rounds, uint256 i, Outcome memory outcome)
        private
    {
        bytes calldata encoded = _encoded(tokens, rounds, i);
        Round calldata round = _decoded(encoded);
        (bool ok, bytes memory reason) = _ask(round, encoded);
        if (ok) {
            uint256 fee = _count(outcome);
            if (fee == 0) return;
            outcome.flashFee += Settlement.valueOf(fee, Settlement.priceOf(tokens, round.debtToken));
        } else {
            outcome.skipped += round.legs.length;
            outcome.lastReason = reason;
            emit RoundSkipped(i, round.source, reason);
        }
    }

    function _count(Outcome memory outcome) private returns (uint256 fee) {
        uint256 landed;
        uint256 skipped;
        (landed, skipped, fee) = Tally.take();
        outcome.landed += landed;
        outcome.skipped += skipped;
    }

    /// @dev The funding call is the round's own frame: if anything behind it reverts, all of the round is undone.
    function _ask(Round calldata round, bytes calldata encoded) private returns (bool ok, bytes memory reason) {
        Funding funding = round.funding;
        if (funding == Funding.UniswapV3Swap) return _askUniswapV3Swap(round, encoded);
        if (funding == Funding.AaveV3Simple) return _askAaveV3Simple(round, encoded);
        if (funding == Funding.Morpho) return _askMorpho(round, encoded);
        if (funding == Funding.BalancerV2) return _askBalancerV2(round, encoded);
        if (funding == Funding.UniswapV4) return _askUniswapV4(round, encoded);
        if (funding == Funding.BalancerV3) return _askBalancerV3(round, encoded);
        if (funding == Funding.UniswapV3Flash) return _askUniswapV3Flash(round, encoded);
        if (funding == Funding.AaveV3) return _askAaveV3Many(round, encoded);
        (ok,, reason) = LibCall.tryCall(
            address(this), 0, gasleft(), Binding.MAX_REASON, abi.encodeCall(this.runUnfunded, (encoded))
        );
    }

    /// @notice A round without funding, called by this contract on itself so that it has a frame to be undone in.
    /// @param encoded The round.
    function runUnfunded(bytes calldata encoded) external {
        if (msg.sender != address(this)) revert UnexpectedCallback(msg.sender, msg.sig);
        _run(_decoded(encoded), false);
    }

    /// @inheritdoc RoundTrip
    function _run(Round calldata round, bool whole) internal override {
        Leg[] calldata legs = Parts.legsOf(round);
        if (legs.length != 0) _liquidateAll(legs, round.debtToken, round.amount, whole);
        Swap[] calldata swaps = Parts.swapsOf(round);
        for (uint256 i; i < swaps.length; ++i) {
            Sales.sell(round, swaps[i]);
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
    function rescue(address token, uint256 amount) external onlyOwner nonReentrant {
        Money.send(token, treasury, amount);
        emit Rescued(token, amount);
    }

    function _setOperator(address operator, bool allowed) private {
        if (operator == address(0)) revert BadAddress();
        operators[operator] = allowed;
        emit OperatorSet(operator, allowed);
    }

    function _setTreasury(address treasury_) private {
        if (treasury_ == address(0) || treasury_ == address(this)) revert BadAddress();
        treasury = treasury_;
        emit TreasurySet(treasury_);
    }
}
