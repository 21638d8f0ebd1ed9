// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Calls
/// @notice Calls whose failure is an answer like another.
library Calls {
    /// @dev What is kept of a revert reason: enough for any error of ours, too little to make us pay for a bomb.
    uint256 internal constant MAX_REASON = 256;

    /// @notice Calls `target` with all gas there is.
    /// @return ok Whether it did not revert.
    /// @return reason What it reverted with, at most {MAX_REASON} bytes; empty if it did not.
    function tryCall(address target, bytes memory payload) internal returns (bool ok, bytes memory reason) {
        assembly ("memory-safe") {
            ok := call(gas(), target, 0, add(payload, 0x20), mload(payload), 0, 0)
        }
        if (!ok) reason = lastReason();
    }

    /// @notice What the last call reverted with, at most {MAX_REASON} bytes.
    function lastReason() internal pure returns (bytes memory reason) {
        uint256 most = MAX_REASON;
        assembly ("memory-safe") {
            reason := mload(0x40)
            let size := returndatasize()
            if gt(size, most) { size := most }
            mstore(reason, size)
            returndatacopy(add(reason, 0x20), 0, size)
            mstore(0x40, and(add(add(reason, size), 0x3f), not(0x1f)))
        }
    }
}
