// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Plan, PricedToken, Profit } from "./interfaces/ILiquidator.sol";
import { Money } from "./Money.sol";

/// @notice What the rounds of a plan came to: legs, wei of flash-loan fees, and why the last that failed did.
struct Outcome {
    uint256 landed;
    uint256 skipped;
    uint256 flashFee;
    bytes lastReason;
}

/// @title Settlement
/// @notice Before a plan nothing lies here, after it nothing is left here, and the treasury has what is in between.
library Settlement {
    uint256 private constant BPS = 10_000;
    /// @dev `PricedToken.price` is wei times this, so that a unit of a 6-decimals token has a price above 1.
    uint256 private constant PRICE_SCALE = 1e18;

    /// @notice What lies here goes to the treasury first, so no plan can spend it or pass it off as profit, and nobody can
    /// upset a plan by sending dust.
    function sweep(PricedToken[] calldata tokens, address treasury) internal {
        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i].token;
            uint256 atRest = Money.here(token);
            if (atRest == 0) continue;
            Money.send(token, treasury, atRest);
            emit ILiquidator.Rescued(token, atRest);
        }
    }

    /// @notice Sends every token of the plan to the treasury, checks the floor and pays the tip last.
    /// @return value Wei at the plan's prices, net of the tip.
    function settle(
        Plan calldata plan,
        PricedToken[] calldata tokens,
        address treasury,
        uint256 tipCapBps,
        Outcome memory outcome
    ) internal returns (uint256 value) {
        Profit[] memory profits;
        (value, profits) = _sendAll(plan, tokens, treasury, tipCapBps);
        if (value < plan.floor) revert ILiquidator.BelowFloor(value, plan.floor);
        uint256 tip = plan.tip;
        if (tip != 0) tip = _payTip(plan.weth, tip, treasury);
        emit ILiquidator.PlanExecuted(
            msg.sender, profits, value, outcome.flashFee, tip, outcome.landed, outcome.skipped
        );
    }

    function _sendAll(Plan calldata plan, PricedToken[] calldata tokens, address treasury, uint256 tipCapBps)
        private
        returns (uint256 value, Profit[] memory profits)
    {
        profits = new Profit[](tokens.length);
        uint256 count;
        for (uint256 i; i < tokens.length; ++i) {
            address token = tokens[i].token;
            uint256 left = Money.here(token);
            if (plan.tip != 0 && token == plan.weth) left -= _checkedTip(plan.tip, left, tipCapBps);
            if (left == 0) continue;
            uint256 profit = _send(token, treasury, left);
            profits[count++] = Profit(token, profit);
            value += valueOf(profit, tokens[i].price);
        }
        assembly ("memory-safe") {
            mstore(profits, count) // only tokens that something was left of
        }
    }

    /// @notice Wei; rounded down, so a floor is never met by rounding.
    function valueOf(uint256 amount, uint256 price) internal pure returns (uint256) {
        return FixedPointMathLib.fullMulDiv(amount, price, PRICE_SCALE);
    }

    /// @notice A token's price.
    function priceOf(PricedToken[] calldata tokens, address token) internal pure returns (uint256) {
        for (uint256 i; i < tokens.length; ++i) {
            if (tokens[i].token == token) return tokens[i].price;
        }
        revert ILiquidator.UnlistedToken(token);
    }

    /// @dev What arrived is measured where it arrives.
    function _send(address token, address to, uint256 amount) private returns (uint256 received) {
        uint256 before = Money.balanceOf(token, to);
        Money.send(token, to, amount);
        received = Money.balanceOf(token, to) - before;
    }

    function _checkedTip(uint256 tip, uint256 profit, uint256 tipCapBps) private pure returns (uint256) {
        uint256 cap = FixedPointMathLib.fullMulDiv(profit, tipCapBps, BPS); // rounded down, for the treasury
        if (tip > cap) revert ILiquidator.TipAboveCap(tip, cap);
        return tip;
    }

    /// @dev The last call out. A coinbase that takes no money leaves it to the treasury.
    function _payTip(address weth, uint256 tip, address treasury) private returns (uint256 paid) {
        if (weth != address(0)) Money.unwrap(weth, tip);
        if (SafeTransferLib.trySafeTransferETH(block.coinbase, tip, SafeTransferLib.GAS_STIPEND_NO_GRIEF)) return tip;
        if (weth != address(0)) Money.wrap(weth, tip);
        Money.send(weth, treasury, tip);
    }
}
