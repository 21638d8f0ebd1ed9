// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Calls } from "../Calls.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";

/// @title Binding
/// @notice Who may call back, with what. A call out that expects a callback binds (caller, selector, data) in transient
/// storage; the callback checks the binding and clears it, so it fits once. The same slot is the lock of `execute` and takes
/// what a round did back to it: transient storage costs as much as warm storage.
/// @dev The data is bound too: a pool cannot run other legs, or the same under another bound, than the plan holds. Whoever
/// binds is `execute` or was called back, so there never is an outer binding to restore.
///
/// The slot is 0 while nothing runs; a hash while a callback is awaited; else {RUNNING} with the round's tally above: legs
/// that landed from bit 8, legs that did not from bit 24, the flash fee in units of its debt token from bit 64. A round that
/// reverts takes its tally with it.
library Binding {
    uint256 private constant SLOT = 0x8f5a3c5e;
    uint256 private constant RUNNING = 1;

    /// @notice Bytes of memory in front of data that a call of five words and selector can be written around, in place.
    uint256 internal constant ROOM = 0xe0;

    /// @notice First thing in `execute`. It is locked by the first call out that could come back: {lock} or {callBound}.
    function check() internal view {
        if (_load() != 0) revert ILiquidator.Reentered();
    }

    /// @notice From here to {unlock} there is no other `execute`.
    function lock() internal {
        _store(RUNNING);
    }

    /// @notice Last thing in `execute`.
    function unlock() internal {
        _store(0);
    }

    /// @notice Calls `target`, which must call back what was hashed into `key`.
    /// @param key See {keyOf}.
    /// @param payload The calldata for `target`.
    /// @return tally What the callback left, see {tallyOf}, never 0; 0 if the call did not go through or the callback did not come.
    /// @return reason What it reverted with, at most {Calls.MAX_REASON} bytes.
    function callBound(address target, uint256 key, bytes memory payload)
        internal
        returns (uint256 tally, bytes memory reason)
    {
        _store(key);
        bool ok;
        (ok, reason) = Calls.tryCall(target, payload);
        if (ok) {
            tally = _load();
            if (tally != key) return (tally, reason);
            reason = abi.encodeWithSelector(ILiquidator.NoCallback.selector, target);
        }
        _store(RUNNING);
        return (0, reason);
    }

    /// @notice First thing in every callback: reverts unless this very call was asked for. From here on {callBound} takes it for
    /// come; where it does not {leave}, with an empty tally.
    function enter(bytes calldata data) internal {
        if (_load() != keyOf(msg.sender, msg.sig, data)) revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);
        _store(RUNNING);
    }

    /// @notice Last thing in a round's callback: tells `execute` what it did.
    function leave(uint256 tally) internal {
        _store(tally);
    }

    /// @notice What a round did, for {leave}. Counts below 2^8, the fee below 2^192 as every balance we can meet.
    function tallyOf(uint256 landed, uint256 skipped, uint256 fee) internal pure returns (uint256) {
        return RUNNING | landed << 8 | skipped << 24 | fee << 64;
    }

    /// @notice What {tallyOf} packed.
    /// @return counts Legs that landed, and from bit 16 on those that did not: they can be added up.
    function read(uint256 tally) internal pure returns (uint256 counts, uint256 fee) {
        return ((tally >> 8) & 0xffffffff, tally >> 64);
    }

    /// @notice What a round left that no callback ran.
    function take() internal view returns (uint256 tally) {
        return _load();
    }

    /// @notice The hash of a callback by `from` with `data`.
    function keyOf(address from, bytes4 selector, bytes calldata data) internal pure returns (uint256 key) {
        assembly ("memory-safe") {
            // 20 bytes of caller and 4 of selector in one word, then the data; behind the last allocation.
            let at := mload(0x40)
            mstore(at, or(shl(96, from), shr(160, selector)))
            calldatacopy(add(at, 0x20), data.offset, data.length)
            key := keccak256(at, add(data.length, 0x20))
        }
    }

    /// @notice The same with data in memory.
    function keyOfMemory(address from, bytes4 selector, bytes memory data) internal pure returns (uint256 key) {
        assembly ("memory-safe") {
            // In place: the first word stands where the length does meanwhile.
            let length := mload(data)
            mstore(data, or(shl(96, from), shr(160, selector)))
            key := keccak256(data, add(length, 0x20))
            mstore(data, length)
        }
    }

    function _load() private view returns (uint256 value) {
        assembly ("memory-safe") {
            value := tload(SLOT)
        }
    }

    function _store(uint256 value) private {
        assembly ("memory-safe") {
            tstore(SLOT, value)
        }
    }
}
