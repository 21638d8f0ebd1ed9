// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on a Uniswap v2 pair and its forks.
interface IUniswapV2Pair {
    /// @notice Units of token0 and token1 the pair counts as its own.
    function getReserves() external view returns (uint112 reserve0, uint112 reserve1, uint32 blockTimestampLast);

    /// @notice Pays out if what it received meanwhile covers it. Calls back only with `data`.
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
}
