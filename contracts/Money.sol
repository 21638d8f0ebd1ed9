// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator } from "./interfaces/ILiquidator.sol";
import { IWeth } from "./interfaces/external/IWeth.sol";

/// @title Money
/// @notice Tokens and the native coin under one roof: the zero address is the native coin.
library Money {
    /// @notice Units of `token` that `account` holds.
    /// @dev By hand: a plan asks some ten times. A token that does not answer has nothing.
    function balanceOf(address token, address account) internal view returns (uint256 amount) {
        bytes4 selector = IERC20.balanceOf.selector;
        assembly ("memory-safe") {
            switch token
            case 0 { amount := balance(account) }
            default {
                mstore(0x00, selector)
                mstore(0x04, account)
                if and(gt(returndatasize(), 0x1f), staticcall(gas(), token, 0x00, 0x24, 0x00, 0x20)) {
                    amount := mload(0x00)
                }
            }
        }
    }

    /// @notice Units of `token` that are here.
    function here(address token) internal view returns (uint256) {
        return balanceOf(token, address(this));
    }

    /// @notice Sends; reverts when the token or the receiver refuses.
    function send(address token, address to, uint256 amount) internal {
        if (token == address(0)) SafeTransferLib.safeTransferETH(to, amount);
        else SafeTransferLib.safeTransfer(token, to, amount);
    }

    /// @notice Allows `spender` exactly `amount`, also where the token wants the old allowance at zero first. Call {disallow}
    /// after what it is for.
    function allow(address token, address spender, uint256 amount) internal {
        SafeTransferLib.safeApproveWithRetry(token, spender, amount);
    }

    /// @notice Sets `spender`'s allowance to zero unless it is.
    function disallow(address token, address spender) internal {
        if (allowance(token, spender) != 0) SafeTransferLib.safeApprove(token, spender, 0);
    }

    /// @notice Units of `token` that `spender` may pull from here. Reverts where `token` does not answer: to take that for 0
    /// would leave an allowance standing.
    function allowance(address token, address spender) internal view returns (uint256 amount) {
        bytes4 selector = IERC20.allowance.selector;
        bool ok;
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, selector)
            mstore(add(at, 0x04), address())
            mstore(add(at, 0x24), spender)
            ok := staticcall(gas(), token, at, 0x44, 0x00, 0x20)
            ok := and(gt(returndatasize(), 0x1f), ok)
            amount := mload(0x00)
        }
        if (!ok) revert ILiquidator.NoAllowance(token);
    }

    /// @notice Unwraps. The coins must really have arrived: whatever the plan calls WETH, coins that lay here stay.
    function unwrap(address weth, uint256 amount) internal {
        uint256 before = address(this).balance;
        IWeth(weth).withdraw(amount);
        if (address(this).balance - before != amount) revert ILiquidator.NoWeth(weth);
    }

    /// @notice Wraps coins that have arrived.
    function wrap(address weth, uint256 amount) internal {
        if (amount != 0) IWeth(weth).deposit{ value: amount }();
    }
}
