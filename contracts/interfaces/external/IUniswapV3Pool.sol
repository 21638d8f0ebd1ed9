// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on a Uniswap v3 pool.
interface IUniswapV3Pool {
    /// @notice Positive `amountSpecified`: exact input; negative: exact output. Pays out before it calls back.
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);

    /// @notice Lends either or both tokens for the length of one call back, for the pool's fee.
    function flash(address recipient, uint256 amount0, uint256 amount1, bytes calldata data) external;
}

/// @notice Called by the pool on whoever called `swap`.
interface IUniswapV3SwapCallback {
    /// @notice The positive delta is what the pool must have received when this returns.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external;
}

/// @notice Called by the pool on whoever called `flash`.
interface IUniswapV3FlashCallback {
    /// @notice The pool must have back what it lent and the fees when this returns.
    function uniswapV3FlashCallback(uint256 fee0, uint256 fee1, bytes calldata data) external;
}
