// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IBalancerV2FlashLoanRecipient } from "../../interfaces/external/IBalancer.sol";
import { IMorphoFlashLoanCallback } from "../../interfaces/external/IMorpho.sol";
import { IUniswapV3FlashCallback } from "../../interfaces/external/IUniswapV3Pool.sol";
import { IUnlockCallback, PoolKey, SwapParams } from "../../interfaces/external/IUniswapV4.sol";

/// @notice The doors of the Liquidator that funding sources call.
interface LenderDoors is
    IUniswapV3FlashCallback,
    IUnlockCallback,
    IBalancerV2FlashLoanRecipient,
    IMorphoFlashLoanCallback
{
    function balancerV3Unlocked(bytes calldata encoded) external;
    function runLeg(bytes calldata packed, address debtToken, address collateral, uint256 available) external;
}

/// @notice Uniswap v3's QuoterV2 over several pools: `path` is token, fee, token...; exact output from the last token.
interface IPathQuoter {
    function quoteExactInput(bytes memory path, uint256 amountIn)
        external
        returns (uint256 amountOut, uint160[] memory, uint32[] memory, uint256);
    function quoteExactOutput(bytes memory path, uint256 amountOut)
        external
        returns (uint256 amountIn, uint160[] memory, uint32[] memory, uint256);
}

/// @notice Uniswap v2's router, and its own arithmetic.
interface IV2Router {
    function getAmountsOut(uint256 amountIn, address[] calldata path) external view returns (uint256[] memory);
    function swapExactTokensForTokens(
        uint256 amountIn,
        uint256 amountOutMin,
        address[] calldata path,
        address to,
        uint256 deadline
    ) external returns (uint256[] memory);
}

/// @notice A v2 pair as a trader meets it.
interface IV2Pair {
    function token0() external view returns (address);
    function getReserves() external view returns (uint112, uint112, uint32);
    function swap(uint256 out0, uint256 out1, address to, bytes calldata data) external;
}

/// @notice The router of Uniswap v4's own tests.
interface IV4Router {
    struct Settings {
        bool takeClaims;
        bool settleUsingBurn;
    }

    function swap(PoolKey memory key, SwapParams memory params, Settings memory settings, bytes memory hookData)
        external
        payable
        returns (int256 delta);
}

/// @notice Where Balancer v2 keeps its flash-loan fee: a share of the loan times 1e18.
interface IFeesCollector {
    function setFlashLoanFeePercentage(uint256 percentage) external;
}

/// @notice Aave's data provider.
interface IDataProvider {
    function getReserveTokensAddresses(address asset) external view returns (address aToken, address, address);
}
