// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Tally
/// @notice What a round did, handed from its callback to `execute` in one transient slot. A round that reverts takes its
/// count with it.
library Tally {
    uint256 private constant SLOT = 0x8f5a3c5f;
    uint256 private constant FEE_MASK = (1 << 192) - 1;
    uint256 private constant COUNT_MASK = (1 << 32) - 1;

    /// @notice Adds to the running round. Counts below 2^32.
    function addLegs(uint256 landed, uint256 skipped) internal {
        _store(_load() + (landed << 192) + (skipped << 224));
    }

    /// @notice Adds a flash fee in units of the round's debt token, below 2^192 like every ERC-20 balance we can meet.
    function addFee(uint256 fee) internal {
        _store(_load() + (fee & FEE_MASK));
    }

    /// @notice Reads the round's count and clears it for the next.
    function take() internal returns (uint256 landed, uint256 skipped, uint256 fee) {
        uint256 packed = _load();
        _store(0);
        return ((packed >> 192) & COUNT_MASK, packed >> 224, packed & FEE_MASK);
    }

    function _load() private view returns (uint256 packed) {
        assembly ("memory-safe") {
            packed := tload(SLOT)
        }
    }

    function _store(uint256 packed) private {
        assembly ("memory-safe") {
            tstore(SLOT, packed)
        }
    }
}
