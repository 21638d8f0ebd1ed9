// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Scripted } from "./Scripted.sol";

/// @title Caller
/// @notice A contract that acts for somebody: as an operator it sends several plans in one transaction, as a stranger it
/// calls from another address.
contract Caller is Scripted {
    /// @notice Makes every call of the script, and keeps the answers.
    function run() external {
        _act(false);
    }

    /// @notice Makes one call and passes a failure on.
    function forward(address target, bytes calldata data) external returns (bytes memory) {
        return _callBack(target, data);
    }
}
