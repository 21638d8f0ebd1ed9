// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Swap } from "../interfaces/ILiquidator.sol";
import { IUniswapV3Pool, IUniswapV3SwapCallback } from "../interfaces/external/IUniswapV3Pool.sol";
import { Binding } from "../funding/Binding.sol";

/// @title UniswapV3
/// @notice Sells an exact input in one Uniswap v3 pool. The caller checks what came out.
library UniswapV3 {
    /// @notice Length of the data a sale binds: (tokenIn, amountIn). A round is longer.
    uint256 internal constant DATA_LENGTH = 64;

    uint160 private constant MIN_SQRT_RATIO = 4_295_128_739;
    uint160 private constant MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342;

    /// @notice The loosest price limit for a direction: bounds are on amounts, not on the pool's price.
    function priceLimit(bool zeroForOne) internal pure returns (uint160) {
        return zeroForOne ? MIN_SQRT_RATIO + 1 : MAX_SQRT_RATIO - 1;
    }

    /// @notice Sells `amount` of `leg.tokenIn`; reverts with the pool's own reason.
    function sell(Swap calldata leg, uint256 amount) internal {
        bool zeroForOne = leg.tokenIn < leg.tokenOut;
        bytes memory data = abi.encode(leg.tokenIn, amount);
        bytes memory payload = abi.encodeCall(
            IUniswapV3Pool.swap, (address(this), zeroForOne, SafeCastLib.toInt256(amount), priceLimit(zeroForOne), data)
        );
        (bool ok, bytes memory reason) = Binding.callBound(
            leg.pool, IUniswapV3SwapCallback.uniswapV3SwapCallback.selector, keccak256(data), payload
        );
        if (!ok) LibCall.bubbleUpRevert(reason);
    }

    /// @notice The callback's half of {sell}: pays the pool, at most what we meant to sell.
    function pay(int256 amount0Delta, int256 amount1Delta, bytes calldata data) internal {
        (address tokenIn, uint256 amount) = abi.decode(data, (address, uint256));
        uint256 owed = SafeCastLib.toUint256(amount0Delta > 0 ? amount0Delta : amount1Delta);
        if (owed > amount) revert ILiquidator.PayAboveMax(owed, amount);
        SafeTransferLib.safeTransfer(tokenIn, msg.sender, owed);
    }
}
