// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Round, Swap } from "../interfaces/ILiquidator.sol";

/// @title RoundTrip
/// @notice What every funding source shares: it is asked with the round's bytes, and its callback runs the round they
/// encode.
abstract contract RoundTrip {
    /// @dev Legs, then swaps. `whole`: one failing leg fails the round.
    function _run(Round calldata round, bool whole) internal virtual;

    uint256 private constant WORD = 32;
    uint256 private constant ROUND_HEAD = 8 * WORD;
    uint256 private constant LEG_HEAD = 6 * WORD;
    uint256 private constant SWAP_HEAD = 7 * WORD;

    /// @dev The bytes of `rounds[i]` where they stand in calldata. A round's offsets count from its own start, so the
    /// slice is an encoding of its own; it ends where the next begins. Reverts unless every part of the round stands in
    /// the slice: what stood outside would not be bound, and whoever calls back could put other legs and swaps there.
    function _encoded(Round[] calldata rounds, uint256 i) internal pure returns (bytes calldata slice) {
        assembly ("memory-safe") {
            let at := add(rounds.offset, shl(5, i))
            let end := calldatasize()
            if lt(add(i, 1), rounds.length) { end := add(rounds.offset, calldataload(add(at, 0x20))) }
            slice.offset := add(rounds.offset, calldataload(at))
            slice.length := mul(gt(end, slice.offset), sub(end, slice.offset))
        }
        _requireWhole(rounds[i], slice);
    }

    function _requireWhole(Round calldata round, bytes calldata slice) private pure {
        Leg[] calldata legs = round.legs;
        Swap[] calldata swaps = round.swaps;
        uint256 at;
        assembly ("memory-safe") {
            at := round
        }
        _requireIn(slice, at, ROUND_HEAD);
        _requireIn(slice, round.extra);
        // The compiler has bounded the lengths by calldatasize, and `_requireIn` refuses a wrapped offset.
        unchecked {
            assembly ("memory-safe") {
                at := legs.offset
            }
            _requireIn(slice, at - WORD, (legs.length + 1) * WORD);
            for (uint256 i; i < legs.length; ++i) {
                Leg calldata leg = legs[i];
                assembly ("memory-safe") {
                    at := leg
                }
                _requireIn(slice, at, LEG_HEAD);
                _requireIn(slice, leg.extra);
            }
            assembly ("memory-safe") {
                at := swaps.offset
            }
            _requireIn(slice, at - WORD, (swaps.length + 1) * WORD);
            for (uint256 i; i < swaps.length; ++i) {
                Swap calldata swap = swaps[i];
                assembly ("memory-safe") {
                    at := swap
                }
                _requireIn(slice, at, SWAP_HEAD);
                _requireIn(slice, swap.extra);
            }
        }
    }

    function _requireIn(bytes calldata slice, bytes calldata part) private pure {
        uint256 at;
        assembly ("memory-safe") {
            at := part.offset
        }
        unchecked {
            _requireIn(slice, at - WORD, part.length + WORD);
        }
    }

    function _requireIn(bytes calldata slice, uint256 at, uint256 size) private pure {
        bool inside;
        assembly ("memory-safe") {
            // `size` is below 2^70, so the sum does not wrap once `at` is known to be no offset below zero.
            let end := add(slice.offset, slice.length)
            inside := and(iszero(lt(at, slice.offset)), and(lt(at, end), iszero(gt(add(at, size), end))))
        }
        if (!inside) revert ILiquidator.BadEncoding();
    }

    /// @dev The reverse of {_encoded}. The compiler checks every access behind it against calldatasize.
    function _decoded(bytes calldata data) internal pure returns (Round calldata round) {
        assembly ("memory-safe") {
            round := data.offset
        }
    }
}
