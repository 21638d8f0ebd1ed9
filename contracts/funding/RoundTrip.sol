// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Round } from "../interfaces/ILiquidator.sol";

/// @title RoundTrip
/// @notice What every funding source shares: it is asked with the round's bytes, and its callback runs the round they
/// encode.
abstract contract RoundTrip {
    /// @dev Legs, then swaps. `whole`: one failing leg fails the round.
    function _run(Round calldata round, bool whole) internal virtual;

    /// @dev The bytes of `rounds[i]` where they stand in calldata. A round's offsets count from its own start, so the
    /// slice is an encoding of its own; it ends where the next begins. An encoding in another order makes a slice too
    /// short, and decoding it reverts.
    function _encoded(Round[] calldata rounds, uint256 i) internal pure returns (bytes calldata slice) {
        assembly ("memory-safe") {
            let at := add(rounds.offset, shl(5, i))
            let end := calldatasize()
            if lt(add(i, 1), rounds.length) { end := add(rounds.offset, calldataload(add(at, 0x20))) }
            slice.offset := add(rounds.offset, calldataload(at))
            slice.length := mul(gt(end, slice.offset), sub(end, slice.offset))
        }
    }

    /// @dev The reverse of {_encoded}. The compiler checks every access behind it against calldatasize.
    function _decoded(bytes calldata data) internal pure returns (Round calldata round) {
        assembly ("memory-safe") {
            round := data.offset
        }
    }
}
