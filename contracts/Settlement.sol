// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { Binding } from "./funding/Binding.sol";
import { ILiquidator, Tally } from "./interfaces/ILiquidator.sol";
import { Money } from "./Money.sol";
import { PackedTokens, PlanAt, TokensAt } from "./Packed.sol";

/// @title Settlement
/// @notice Before a plan nothing lies here, after it nothing is left here, and the treasury has what is in between.
library Settlement {
    uint256 private constant BPS = 10_000;
    /// @dev A token's price is wei times this, so that a unit of a 6-decimals token has a price above 1.
    uint256 private constant PRICE_SCALE = 1e18;

    /// @notice What lies here goes to the treasury first, so no plan can spend it or pass it off as profit, and nobody can
    /// upset a plan by sending dust.
    function sweep(PlanAt plan, TokensAt tokensEnd, address treasury) internal {
        (TokensAt at, uint256 atRest) = _nextHeld(plan.tokens(), tokensEnd);
        while (atRest != 0) {
            Binding.lock();
            Money.send(at.token(), treasury, atRest);
            emit ILiquidator.Rescued(at.token(), atRest);
            (at, atRest) = _nextHeld(at.next(), tokensEnd);
        }
    }

    /// @dev The first token from `at` on that anything of is here. By hand: every plan asks of all its tokens twice.
    /// @return held Units of it; 0 if there is none before `tokensEnd`. A token that does not answer has nothing.
    function _nextHeld(TokensAt at, TokensAt tokensEnd) private view returns (TokensAt, uint256 held) {
        bytes4 selector = IERC20.balanceOf.selector;
        uint256 size = PackedTokens.SIZE;
        assembly ("memory-safe") {
            let question := mload(0x40)
            mstore(question, selector)
            mstore(add(question, 0x04), address())
            for { } lt(at, tokensEnd) { at := add(at, size) } {
                let token := shr(96, calldataload(at))
                // From right to left: only what was answered is read.
                let ok := and(gt(returndatasize(), 0x1f), staticcall(gas(), token, question, 0x24, 0x00, 0x20))
                held := mul(mload(0x00), ok)
                if iszero(token) { held := selfbalance() }
                if held { break }
            }
        }
        return (at, held);
    }

    /// @notice Sends every token of the plan to the treasury, checks the floor and pays the tip last.
    /// @param counts Legs that landed, and from bit 16 on those that did not.
    /// @param flashFee Wei.
    /// @param paid Wei that went to the treasury while the plan ran.
    /// @return value Wei at the plan's prices, net of the tip.
    function settle(PlanAt plan, TokensAt tokensEnd, address treasury, uint256 counts, uint256 flashFee, uint256 paid)
        internal
        returns (uint256 value)
    {
        uint256 tip = plan.tip();
        address weth = tip == 0 ? address(0) : plan.weth(tokensEnd);
        uint256 record;
        uint256 count;
        (value, record, count) = _sendAll(plan, tokensEnd, treasury, tip, weth);
        if (paid != 0) (value, count) = _add(plan, paid, value, record, count);
        if (value < plan.floor()) revert ILiquidator.BelowFloor(value, plan.floor());
        if (tip != 0) tip = _payTip(weth, tip, treasury);
        _emitExecuted(record, count, value, _tallyOf(counts, flashFee, tip));
    }

    /// @dev Sends what is left of each token. What arrived is written where `PlanExecuted` will have its profits.
    /// @return value Wei at the plan's prices.
    /// @return record Where in memory the event's data begins.
    /// @return count Tokens that anything was left of.
    function _sendAll(PlanAt plan, TokensAt tokensEnd, address treasury, uint256 tip, address weth)
        private
        returns (uint256 value, uint256 record, uint256 count)
    {
        TokensAt at = plan.tokens();
        record = _reserve(at, tokensEnd);
        uint256 left;
        uint256 next;
        unchecked {
            next = record + 0x80;
        }
        for ((at, left) = _nextHeld(at, tokensEnd); left != 0; (at, left) = _nextHeld(at.next(), tokensEnd)) {
            address token = at.token();
            if (tip != 0 && token == weth) {
                left -= tip;
                if (left == 0) continue;
            }
            uint256 profit = _sent(token, treasury, left);
            unchecked {
                // Each less than 2^196, or {valueOf} has reverted.
                value += valueOf(profit, at.price());
            }
            assembly ("memory-safe") {
                mstore(next, token)
                mstore(add(next, 0x20), profit)
                next := add(next, 0x40)
            }
        }
        assembly ("memory-safe") {
            count := shr(6, sub(sub(next, record), 0x80))
        }
    }

    /// @dev The native coin, which is listed, as one more profit.
    function _add(PlanAt plan, uint256 paid, uint256 value, uint256 record, uint256 count)
        private
        pure
        returns (uint256, uint256)
    {
        TokensAt at = plan.tokens();
        while (at.token() != address(0)) at = at.next();
        assembly ("memory-safe") {
            let next := add(record, add(0x80, shl(6, count)))
            mstore(next, 0)
            mstore(add(next, 0x20), paid)
        }
        return (value + valueOf(paid, at.price()), count + 1);
    }

    /// @return profit What arrived.
    function _sent(address token, address treasury, uint256 left) private returns (uint256 profit) {
        uint256 before = Money.balanceOf(token, treasury);
        Money.send(token, treasury, left);
        return FixedPointMathLib.zeroFloorSub(Money.balanceOf(token, treasury), before);
    }

    /// @dev Memory for the event's four words, two more a token, and two for {_add}.
    function _reserve(TokensAt at, TokensAt tokensEnd) private pure returns (uint256 record) {
        assembly ("memory-safe") {
            record := mload(0x40)
            // A token takes more than half of 64 bytes in the plan.
            mstore(0x40, add(add(record, 0xc0), shl(1, sub(tokensEnd, at))))
        }
    }

    /// @dev By hand: the compiler's encoding of an array of structs costs 2,000 gas.
    function _emitExecuted(uint256 record, uint256 count, uint256 value, Tally tally) private {
        bytes32 topic = ILiquidator.PlanExecuted.selector;
        assembly ("memory-safe") {
            mstore(record, value)
            mstore(add(record, 0x20), tally)
            mstore(add(record, 0x40), 0x60)
            mstore(add(record, 0x60), count)
            log2(record, add(0x80, shl(6, count)), topic, caller())
        }
    }

    /// @dev See {Tally}. A fee beyond 112 bits, which only a price without sense gives, is written as the largest.
    function _tallyOf(uint256 counts, uint256 flashFee, uint256 tip) private pure returns (Tally) {
        if (flashFee > type(uint112).max) flashFee = type(uint112).max;
        return Tally.wrap(counts | tip << 32 | flashFee << 144);
    }

    /// @notice Wei; rounded down, so a floor is never met by rounding. Reverts where the product passes 2^256.
    function valueOf(uint256 amount, uint256 price) internal pure returns (uint256) {
        if (amount > type(uint128).max) return amount * price / PRICE_SCALE;
        unchecked {
            // A price has 16 bytes.
            return amount * price / PRICE_SCALE;
        }
    }

    /// @notice Reverts where the tip is above the owner's cap on what the plan leaves of `weth`.
    function checkTip(PlanAt plan, TokensAt tokensEnd, uint256 tipCapBps) internal view {
        uint256 profit = Money.here(plan.weth(tokensEnd));
        uint256 cap = FixedPointMathLib.fullMulDiv(profit, tipCapBps, BPS); // rounded down, for the treasury
        if (plan.tip() > cap) revert ILiquidator.TipAboveCap(plan.tip(), cap);
    }

    /// @dev The last call out. A coinbase that takes no money leaves it to the treasury.
    function _payTip(address weth, uint256 tip, address treasury) private returns (uint256 paid) {
        if (weth != address(0)) Money.unwrap(weth, tip);
        if (SafeTransferLib.trySafeTransferETH(block.coinbase, tip, SafeTransferLib.GAS_STIPEND_NO_GRIEF)) return tip;
        if (weth != address(0)) Money.wrap(weth, tip);
        Money.send(weth, treasury, tip);
    }
}
