// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Scripted
/// @notice A party that makes calls of the test's choosing while somebody waits for it, and keeps the answers.
abstract contract Scripted {
    struct Call {
        address target;
        bytes data;
        bool late;
    }

    struct Answer {
        bool ok;
        bytes data;
    }

    Call[] private _script;
    Answer[] private _answers;

    /// @notice Adds a call before the party does its own part.
    function early(address target, bytes calldata data) external {
        _script.push(Call(target, data, false));
    }

    /// @notice Adds a call after the party did its own part.
    function late(address target, bytes calldata data) external {
        _script.push(Call(target, data, true));
    }

    /// @notice Answer `i`, in order of the calls made.
    function answer(uint256 i) external view returns (bool ok, bytes memory data) {
        return (_answers[i].ok, _answers[i].data);
    }

    /// @notice How many calls were made.
    function answered() external view returns (uint256) {
        return _answers.length;
    }

    /// @dev A failing call is noted, not passed on: the party goes on as if nothing was.
    function _act(bool late_) internal {
        for (uint256 i; i < _script.length; ++i) {
            if (_script[i].late != late_) continue;
            (bool ok, bytes memory data) = _script[i].target.call(_script[i].data);
            _answers.push(Answer(ok, data));
        }
    }

    /// @dev Calls back and passes a failure on.
    function _callBack(address target, bytes memory payload) internal returns (bytes memory data) {
        bool ok;
        (ok, data) = target.call(payload);
        if (!ok) {
            assembly ("memory-safe") {
                revert(add(data, 0x20), mload(data))
            }
        }
    }
}
