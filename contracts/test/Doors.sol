// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IAaveV3FlashLoanSimpleReceiver } from "../interfaces/external/IAaveV3Pool.sol";
import { IUniswapV3SwapCallback } from "../interfaces/external/IUniswapV3Pool.sol";

/// @notice Every door of the deployed contract. The tests know it by this and not by its source: so the contract is compiled
/// as it ships, by the IR pipeline, and the tests, which are many, by the quick one.
interface Doors is ILiquidator, IUniswapV3SwapCallback, IAaveV3FlashLoanSimpleReceiver {
    function runUnfunded(bytes calldata encoded) external;
    function tokenReceived(address from, uint256 amount, bytes calldata data) external pure returns (bytes4);
    function owner() external view returns (address);
    function pendingOwner() external view returns (address);
    function transferOwnership(address newOwner) external;
    function acceptOwnership() external;
    function renounceOwnership() external;
}
