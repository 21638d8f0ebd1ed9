// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Round, Swap } from "../interfaces/ILiquidator.sol";

/// @title Parts
/// @notice The dynamic parts of a round in calldata, read without the compiler's bounds checks, which cost 100 gas a part and
/// read. `RoundTrip` has walked every round before it was bound, and callbacks let in the same bytes only: the parts are
/// where they say they are.
library Parts {
    /// @notice `round.extra`.
    function extraOf(Round calldata round) internal pure returns (bytes calldata extra) {
        assembly ("memory-safe") {
            let at := add(round, calldataload(add(round, 0xa0)))
            extra.length := calldataload(at)
            extra.offset := add(at, 0x20)
        }
    }

    /// @notice `round.legs`.
    function legsOf(Round calldata round) internal pure returns (Leg[] calldata legs) {
        assembly ("memory-safe") {
            let at := add(round, calldataload(add(round, 0xc0)))
            legs.length := calldataload(at)
            legs.offset := add(at, 0x20)
        }
    }

    /// @notice `round.swaps`.
    function swapsOf(Round calldata round) internal pure returns (Swap[] calldata swaps) {
        assembly ("memory-safe") {
            let at := add(round, calldataload(add(round, 0xe0)))
            swaps.length := calldataload(at)
            swaps.offset := add(at, 0x20)
        }
    }

    /// @notice `legs[i]`; the caller stays below the length.
    function legAt(Leg[] calldata legs, uint256 i) internal pure returns (Leg calldata leg) {
        assembly ("memory-safe") {
            leg := add(legs.offset, calldataload(add(legs.offset, shl(5, i))))
        }
    }
}
