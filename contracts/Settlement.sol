// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Plan, PricedToken } from "./interfaces/ILiquidator.sol";
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
    /// @dev Words of `PlanExecuted`'s data before its profits.
    uint256 private constant RECORD_HEAD = 7;

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
        uint256[] memory record = new uint256[](RECORD_HEAD + 2 * tokens.length);
        uint256 count;
        (value, count) = _sendAll(plan, tokens, treasury, tipCapBps, record);
        if (value < plan.floor) revert ILiquidator.BelowFloor(value, plan.floor);
        uint256 tip = plan.tip;
        if (tip != 0) tip = _payTip(plan.weth, tip, treasury);
        _emitExecuted(record, value, tip, count, outcome);
    }

    /// @dev Sends what is left of each token. What arrived goes into `record`, where `PlanExecuted` has its profits.
    /// @return value Wei at the plan's prices.
    /// @return count Tokens that anything was left of.
    function _sendAll(
        Plan calldata plan,
        PricedToken[] calldata tokens,
        address treasury,
        uint256 tipCapBps,
        uint256[] memory record
    ) private returns (uint256 value, uint256 count) {
        for (uint256 i; i < tokens.length; ++i) {
            PricedToken calldata priced = tokens[i];
            address token = priced.token;
            uint256 left = Money.here(token);
            if (plan.tip != 0 && token == plan.weth) left -= _checkedTip(plan.tip, left, tipCapBps);
            if (left == 0) continue;
            uint256 before = Money.balanceOf(token, treasury);
            Money.send(token, treasury, left);
            uint256 profit = Money.balanceOf(token, treasury) - before;
            value += valueOf(profit, priced.price);
            assembly ("memory-safe") {
                let at := add(record, add(0x100, shl(6, count)))
                mstore(at, token)
                mstore(add(at, 0x20), profit)
            }
            ++count;
        }
    }

    /// @dev By hand: the compiler's encoding of an array of structs costs 2,000 gas.
    function _emitExecuted(uint256[] memory record, uint256 value, uint256 tip, uint256 count, Outcome memory outcome)
        private
    {
        bytes32 topic = ILiquidator.PlanExecuted.selector;
        (record[0], record[1], record[2], record[3]) = (0xc0, value, outcome.flashFee, tip);
        (record[4], record[5], record[6]) = (outcome.landed, outcome.skipped, count);
        assembly ("memory-safe") {
            log2(add(record, 0x20), add(0xe0, shl(6, count)), topic, caller())
        }
    }

    /// @notice Wei; rounded down, so a floor is never met by rounding. Reverts where the product passes 2^256.
    function valueOf(uint256 amount, uint256 price) internal pure returns (uint256) {
        return amount * price / PRICE_SCALE;
    }

    /// @notice A token's price.
    function priceOf(PricedToken[] calldata tokens, address token) internal pure returns (uint256) {
        for (uint256 i; i < tokens.length; ++i) {
            if (tokens[i].token == token) return tokens[i].price;
        }
        revert ILiquidator.UnlistedToken(token);
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
