// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice The wrapped native token.
interface IWeth {
    /// @notice Wraps `msg.value`.
    function deposit() external payable;

    /// @notice Unwraps `amount` wei to the caller.
    function withdraw(uint256 amount) external;
}
