// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, PricedToken, Round } from "../interfaces/ILiquidator.sol";
import { Tally } from "./Tally.sol";

/// @title RoundTrip
/// @notice What every funding source shares: it is asked with the round's bytes, and its callback runs the round they
/// encode.
abstract contract RoundTrip {
    /// @dev Selectors of {ILiquidator.BadEncoding} and {ILiquidator.UnlistedToken}, as assembly takes no others.
    uint256 private constant BAD_ENCODING = 0xb04d6d52;
    uint256 private constant UNLISTED_TOKEN = 0x59edfbf6;

    /// @dev Legs, then swaps. `whole`: one failing leg fails the round.
    function _run(Round calldata round, bool whole) internal virtual;

    /// @dev What every loan's callback does between receiving `received` units and owing them back with `fee` on top.
    /// @return owed Both, units of the round's debt token.
    function _runLent(Round calldata round, uint256 received, uint256 fee) internal returns (uint256 owed) {
        if (received != round.amount) revert ILiquidator.ShortFunding(received, round.amount);
        if (fee > round.maxPay) revert ILiquidator.PayAboveMax(fee, round.maxPay);
        _run(round, false);
        if (fee != 0) Tally.addFee(fee);
        return received + fee;
    }

    /// @dev The bytes of `rounds[i]` where they stand in calldata. A round's offsets count from its own start, so the
    /// slice is an encoding of its own; it ends where the next begins.
    function _encoded(PricedToken[] calldata tokens, Round[] calldata rounds, uint256 i)
        internal
        pure
        returns (bytes calldata slice)
    {
        assembly ("memory-safe") {
            let at := add(rounds.offset, shl(5, i))
            let end := calldatasize()
            if lt(add(i, 1), rounds.length) { end := add(rounds.offset, calldataload(add(at, 0x20))) }
            slice.offset := add(rounds.offset, calldataload(at))
            slice.length := sub(end, slice.offset)
        }
        _check(tokens, slice);
    }

    /// @dev One walk over a round makes sure of two things, on which a stolen operator key would break:
    /// - every part of it stands in the slice: what stood outside would not be bound, and whoever calls back could put
    ///   other legs and swaps there ({ILiquidator.BadEncoding});
    /// - every token it names is listed: money leaves only in tokens that are swept before and settled after
    ///   ({ILiquidator.UnlistedToken}).
    ///
    /// Written by hand, as the compiler's checks of nested calldata cost many times as much.
    function _check(PricedToken[] calldata tokens, bytes calldata slice) private pure {
        assembly ("memory-safe") {
            // Reverts unless `size` bytes from `at` lie between `start` and `end`.
            function inside(at, size, start, end) {
                // `at` is bounded in the same breath, so what the subtraction wraps to does not matter.
                if or(or(lt(at, start), gt(at, end)), gt(size, sub(end, at))) {
                    mstore(0x00, BAD_ENCODING)
                    revert(0x1c, 0x04)
                }
            }
            // The dynamic member whose offset stands at `head` in the struct at `base`; `size` bytes an element.
            function member(base, head, size, start, end) -> at, length {
                at := add(base, calldataload(add(base, head)))
                inside(at, 0x20, start, end)
                length := calldataload(at)
                at := add(at, 0x20)
                // A length beyond 2^32 fails as such, before it is multiplied.
                inside(at, or(mul(and(length, 0xffffffff), size), shl(32, shr(32, length))), start, end)
            }
            // Element `j` of the array at `at`: a struct of `head` bytes that ends in the dynamic `extra`.
            function element(at, j, head, start, end) -> base {
                base := add(at, calldataload(add(at, shl(5, j))))
                inside(base, head, start, end)
                let extra, length := member(base, sub(head, 0x20), 1, start, end)
            }
            // Reverts unless `token` is one of the (token, price) from `at` to `past`.
            function listed(token, at, past) {
                for { } lt(at, past) { at := add(at, 0x40) } {
                    if eq(calldataload(at), token) { leave }
                }
                mstore(0x00, UNLISTED_TOKEN)
                mstore(0x20, token)
                revert(0x1c, 0x24)
            }

            let start := slice.offset
            let end := add(start, slice.length)
            inside(end, 0, start, calldatasize())
            let past := add(tokens.offset, shl(6, tokens.length))
            inside(start, 0x100, start, end)
            listed(calldataload(add(start, 0x40)), tokens.offset, past) // debtToken
            let at, count := member(start, 0xa0, 1, start, end) // extra
            at, count := member(start, 0xc0, 0x20, start, end) // legs
            for { let j := 0 } lt(j, count) { j := add(j, 1) } {
                let leg := element(at, j, 0xc0, start, end)
                listed(calldataload(add(leg, 0x60)), tokens.offset, past) // collateral
            }
            at, count := member(start, 0xe0, 0x20, start, end) // swaps
            for { let j := 0 } lt(j, count) { j := add(j, 1) } {
                let sale := element(at, j, 0xe0, start, end)
                listed(calldataload(add(sale, 0x40)), tokens.offset, past) // tokenIn
                listed(calldataload(add(sale, 0x60)), tokens.offset, past) // tokenOut
            }
        }
    }

    /// @dev The reverse of {_encoded}. The compiler checks every access behind it against calldatasize.
    function _decoded(bytes calldata data) internal pure returns (Round calldata round) {
        assembly ("memory-safe") {
            round := data.offset
        }
    }
}
