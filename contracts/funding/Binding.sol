// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";

/// @title Binding
/// @notice Who may call back, with what. A call out that expects a callback binds (caller, selector, data) in transient
/// storage; the callback checks the binding and clears it, so it fits once; after the call the outer one is restored.
/// @dev The data is bound too: a pool cannot run other legs, or the same under another bound, than the plan holds.
library Binding {
    /// @dev Ours alone: the other transient slots in use are this one plus 1 and the hashed one of the re-entrancy guard.
    uint256 private constant SLOT = 0x8f5a3c5e;
    /// @dev What is kept of a revert reason: enough for any error of ours, too little to make us pay for a bomb.
    uint16 internal constant MAX_REASON = 256;

    /// @notice Calls `target`, which must call back `selector` with `data`.
    /// @param payload The calldata for `target`.
    /// @return ok Whether the call went through and the callback came.
    /// @return reason What it reverted with, at most {MAX_REASON} bytes.
    function callBound(address target, bytes4 selector, bytes32 dataHash, bytes memory payload)
        internal
        returns (bool ok, bytes memory reason)
    {
        bytes32 key = _key(target, selector, dataHash);
        bytes32 outer = _swap(key);
        (ok,, reason) = LibCall.tryCall(target, 0, gasleft(), MAX_REASON, payload);
        bytes32 left = _swap(outer);
        if (ok && left == key) return (false, abi.encodeWithSelector(ILiquidator.NoCallback.selector, target));
    }

    /// @notice First thing in every callback: reverts unless this very call was asked for.
    function enter(bytes calldata data) internal {
        bytes32 bound = _swap(0);
        if (bound == 0 || bound != _key(msg.sender, msg.sig, keccak256(data))) {
            revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);
        }
    }

    function _key(address from, bytes4 selector, bytes32 dataHash) private pure returns (bytes32 key) {
        assembly ("memory-safe") {
            // 20 bytes of caller and 4 of selector in one word, then the hash; scratch space only.
            mstore(0x00, or(shl(96, from), shr(160, selector)))
            mstore(0x20, dataHash)
            key := keccak256(0x00, 0x40)
        }
    }

    function _swap(bytes32 value) private returns (bytes32 previous) {
        assembly ("memory-safe") {
            previous := tload(SLOT)
            tstore(SLOT, value)
        }
    }
}
