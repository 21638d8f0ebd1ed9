// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Ownable, Ownable2Step } from "@openzeppelin/contracts/access/Ownable2Step.sol";
import { ReentrancyGuardTransient } from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { AaveV3FlashLoan } from "./funding/AaveV3FlashLoan.sol";
import { Binding } from "./funding/Binding.sol";
import { RoundTrip } from "./funding/RoundTrip.sol";
import { Tally } from "./funding/Tally.sol";
import { UniswapV3FlashSwap } from "./funding/UniswapV3FlashSwap.sol";
import {
    Funding,
    ILiquidator,
    Leg,
    Plan,
    PricedToken,
    Profit,
    Protocol,
    Round,
    Swap,
    Venue
} from "./interfaces/ILiquidator.sol";
import { IWeth } from "./interfaces/external/IWeth.sol";
import { AaveV3 } from "./protocols/AaveV3.sol";
import { Allowance } from "./protocols/Allowance.sol";
import { UniswapV3 } from "./venues/UniswapV3.sol";

/// @title Liquidator
/// @notice The one deployed contract: who may call, the funding round trip, settlement.
contract Liquidator is ILiquidator, Ownable2Step, ReentrancyGuardTransient, UniswapV3FlashSwap, AaveV3FlashLoan {
    using SafeTransferLib for address;

    uint256 private constant BPS = 10_000;
    /// @dev `PricedToken.price` is wei times this, so that a unit of a 6-decimals token has a price above 1.
    uint256 private constant PRICE_SCALE = 1e18;

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

    // ---- execution ----

    /// @inheritdoc ILiquidator
    function execute(Plan calldata plan) external nonReentrant returns (uint256) {
        if (!operators[msg.sender]) revert NotOperator(msg.sender);
        // forge-lint: disable-next-line(block-timestamp) -- seconds of drift only end a plan early or late
        if (block.timestamp > plan.validUntil) revert Expired(plan.validUntil, block.timestamp);
        _requireListed(plan);
        _sweep(plan.tokens);

        uint256 landed;
        uint256 skipped;
        uint256 flashFee;
        bytes memory lastReason;
        for (uint256 i; i < plan.rounds.length; ++i) {
            Round calldata round = plan.rounds[i];
            (bool ok, bytes memory reason) = _ask(round, _encoded(plan.rounds, i));
            if (ok) {
                (uint256 legsLanded, uint256 legsSkipped, uint256 fee) = Tally.take();
                landed += legsLanded;
                skipped += legsSkipped;
                if (fee != 0) flashFee += _value(fee, _priceOf(plan.tokens, round.debtToken));
            } else {
                skipped += round.legs.length;
                lastReason = reason;
                emit RoundSkipped(i, round.source, reason);
            }
        }
        if (landed == 0) revert NothingLanded(lastReason);
        return _settle(plan, flashFee, landed, skipped);
    }

    /// @dev The funding call is the round's own frame: if anything behind it reverts, all of the round is undone.
    function _ask(Round calldata round, bytes calldata encoded) private returns (bool ok, bytes memory reason) {
        Funding funding = round.funding;
        if (funding == Funding.UniswapV3Swap) return _askUniswapV3Swap(round, encoded);
        if (funding == Funding.AaveV3Simple) return _askAaveV3Simple(round, encoded);
        if (funding == Funding.None) {
            bytes memory payload = abi.encodeCall(this.runUnfunded, (encoded));
            return Binding.callBound(address(this), this.runUnfunded.selector, keccak256(encoded), payload);
        }
        revert Unsupported();
    }

    /// @notice A round without funding, called by this contract on itself so that it has a frame to be undone in.
    /// @param encoded The round.
    function runUnfunded(bytes calldata encoded) external {
        Binding.enter(encoded);
        _run(_decoded(encoded), false);
    }

    /// @inheritdoc RoundTrip
    function _run(Round calldata round, bool whole) internal override {
        if (round.legs.length != 0) _liquidateAll(round, whole);
        for (uint256 i; i < round.swaps.length; ++i) {
            _sell(round.swaps[i]);
        }
    }

    function _liquidateAll(Round calldata round, bool whole) private {
        address debtToken = round.debtToken;
        address spender;
        uint256 landed;
        bytes memory reason;
        for (uint256 i; i < round.legs.length; ++i) {
            Leg calldata leg = round.legs[i];
            if (leg.market != spender) {
                if (spender != address(0)) Allowance.clear(debtToken, spender);
                spender = leg.market;
                debtToken.safeApprove(spender, round.amount);
            }
            bool ok;
            (ok, reason) = _liquidate(leg, debtToken);
            if (ok) {
                ++landed;
            } else if (whole) {
                revert LegFailed(i, reason);
            } else {
                emit LegSkipped(leg.market, leg.borrower, i, reason);
            }
        }
        if (landed == 0) revert LegFailed(round.legs.length - 1, reason);
        Allowance.clear(debtToken, spender);
        Tally.addLegs(landed, round.legs.length - landed);
    }

    /// @dev Repaid and seized are what moved here, not what anybody says.
    function _liquidate(Leg calldata leg, address debtToken) private returns (bool ok, bytes memory reason) {
        address collateral = leg.collateral;
        bool sameAsset = collateral == debtToken;
        // With one asset on both sides the balance shows only the difference; the allowance shows what was repaid.
        uint256 debtBefore = sameAsset ? IERC20(debtToken).allowance(address(this), leg.market) : _balance(debtToken);
        uint256 collateralBefore = _balance(collateral);

        if (leg.protocol != Protocol.AaveV3) revert Unsupported();
        (ok, reason) = AaveV3.liquidate(leg, debtToken);
        if (!ok) return (ok, reason);

        uint256 repaid =
            debtBefore - (sameAsset ? IERC20(debtToken).allowance(address(this), leg.market) : _balance(debtToken));
        if (repaid == 0) return (false, abi.encodeWithSelector(NothingRepaid.selector, leg.market));
        uint256 seized = _balance(collateral) + (sameAsset ? repaid : 0) - collateralBefore;
        emit Liquidated(leg.protocol, leg.market, leg.borrower, debtToken, collateral, repaid, seized);
    }

    function _sell(Swap calldata leg) private {
        uint256 sold = FixedPointMathLib.min(_balance(leg.tokenIn), leg.amountIn);
        if (sold == 0) return;
        uint256 before = _balance(leg.tokenOut);
        if (leg.venue != Venue.UniswapV3) revert Unsupported();
        UniswapV3.sell(leg, sold);
        uint256 out = _balance(leg.tokenOut) - before;
        uint256 minOut = leg.amountIn == type(uint256).max
            ? leg.minOut
            : FixedPointMathLib.fullMulDivUp(leg.minOut, sold, leg.amountIn);
        if (out < minOut) revert OutBelowMin(out, minOut);
    }

    // ---- settlement ----

    /// @dev What lies here goes to the treasury first, so no plan can spend it or pass it off as profit, and nobody can
    /// upset a plan by sending dust.
    function _sweep(PricedToken[] calldata tokens) private {
        for (uint256 i; i < tokens.length; ++i) {
            uint256 atRest = _balance(tokens[i].token);
            if (atRest == 0) continue;
            tokens[i].token.safeTransfer(treasury, atRest);
            emit Rescued(tokens[i].token, atRest);
        }
    }

    function _settle(Plan calldata plan, uint256 flashFee, uint256 landed, uint256 skipped)
        private
        returns (uint256 value)
    {
        PricedToken[] calldata tokens = plan.tokens;
        Profit[] memory profits = new Profit[](tokens.length);
        address to = treasury;
        uint256 tip = plan.tip;
        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i].token;
            uint256 left = _balance(token);
            if (tip != 0 && token == plan.weth) left -= _checkedTip(tip, left);
            uint256 profit = left == 0 ? 0 : _send(token, to, left);
            profits[i] = Profit(token, profit);
            value += _value(profit, tokens[i].price);
        }
        if (value < plan.floor) revert BelowFloor(value, plan.floor);
        if (tip != 0) tip = _payTip(IWeth(plan.weth), tip, to);
        emit PlanExecuted(msg.sender, profits, value, flashFee, tip, landed, skipped);
    }

    /// @dev What arrived is measured where it arrives.
    function _send(address token, address to, uint256 amount) private returns (uint256 received) {
        uint256 before = token.balanceOf(to);
        token.safeTransfer(to, amount);
        received = token.balanceOf(to) - before;
    }

    function _checkedTip(uint256 tip, uint256 profit) private view returns (uint256) {
        uint256 cap = FixedPointMathLib.fullMulDiv(profit, tipCapBps, BPS); // rounded down, for the treasury
        if (tip > cap) revert TipAboveCap(tip, cap);
        return tip;
    }

    /// @dev The last call out. A coinbase that takes no money leaves it to the treasury.
    function _payTip(IWeth weth, uint256 tip, address to) private returns (uint256 paid) {
        uint256 before = address(this).balance;
        weth.withdraw(tip);
        // Native coins that lay here are no tip, whatever contract the plan calls WETH.
        if (address(this).balance - before != tip) revert NoWeth(address(weth));
        if (SafeTransferLib.trySafeTransferETH(block.coinbase, tip, SafeTransferLib.GAS_STIPEND_NO_GRIEF)) return tip;
        weth.deposit{ value: tip }();
        address(weth).safeTransfer(to, tip);
    }

    // ---- plan ----

    /// @dev Money can leave only in a token that is swept before and settled after. That goes for the tip's WETH too,
    /// whose profit caps it.
    function _requireListed(Plan calldata plan) private pure {
        if (plan.tip != 0) _priceOf(plan.tokens, plan.weth);
        for (uint256 i; i < plan.rounds.length; ++i) {
            Round calldata round = plan.rounds[i];
            _priceOf(plan.tokens, round.debtToken);
            address last;
            for (uint256 j; j < round.legs.length; ++j) {
                address collateral = round.legs[j].collateral;
                if (collateral == last) continue;
                last = collateral;
                _priceOf(plan.tokens, collateral);
            }
            for (uint256 j; j < round.swaps.length; ++j) {
                _priceOf(plan.tokens, round.swaps[j].tokenIn);
                _priceOf(plan.tokens, round.swaps[j].tokenOut);
            }
        }
    }

    function _priceOf(PricedToken[] calldata tokens, address token) private pure returns (uint256) {
        for (uint256 i; i < tokens.length; ++i) {
            if (tokens[i].token == token) return tokens[i].price;
        }
        revert UnlistedToken(token);
    }

    /// @dev Rounded down: a floor is never met by rounding.
    function _value(uint256 amount, uint256 price) private pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, price, PRICE_SCALE);
    }

    function _balance(address token) private view returns (uint256) {
        return token.balanceOf(address(this));
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
        if (bps > BPS) revert BadBps(bps);
        // forge-lint: disable-next-line(unsafe-typecast) -- at most 10,000
        tipCapBps = uint16(bps);
        emit TipCapSet(bps);
    }

    /// @inheritdoc ILiquidator
    function rescue(address token, uint256 amount) external onlyOwner nonReentrant {
        if (token == address(0)) treasury.safeTransferETH(amount);
        else token.safeTransfer(treasury, amount);
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

    // ---- tokens that call their receiver ----

    /// @notice ERC-223 transfers call this on the receiver. Open to all, does nothing.
    /// @return The magic value of the standard.
    function tokenReceived(address, uint256, bytes calldata) external pure returns (bytes4) {
        return this.tokenReceived.selector;
    }
}
