// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SwapAt } from "../Packed.sol";
import { IUniswapV2Pair } from "../interfaces/external/IUniswapV2Pair.sol";
import { Money } from "../Money.sol";

/// @title UniswapV2
/// @notice Sells an exact input to a Uniswap v2 pair or a fork's. `extra` is empty for the usual fee of 30 bps, or two bytes
/// with the fork's own fee in bps.
library UniswapV2 {
    uint256 private constant BPS = 10_000;
    uint256 private constant USUAL_FEE = 30;

    /// @notice Sells `amount` of `tokenIn` by the constant-product formula, rounded down as the pair demands.
    function sell(SwapAt swap, address tokenIn, address tokenOut, uint256 amount) internal {
        IUniswapV2Pair pair = IUniswapV2Pair(swap.pool());
        bool zeroForOne = tokenIn < tokenOut;
        (uint256 reserve0, uint256 reserve1,) = pair.getReserves();
        (uint256 reserveIn, uint256 reserveOut) = zeroForOne ? (reserve0, reserve1) : (reserve1, reserve0);
        uint256 fee = swap.extra().length == 0 ? USUAL_FEE : uint16(bytes2(swap.extra()));
        uint256 amountAfterFee = amount * (BPS - fee);
        uint256 out = amountAfterFee * reserveOut / (reserveIn * BPS + amountAfterFee);

        Money.send(tokenIn, swap.pool(), amount);
        pair.swap(zeroForOne ? 0 : out, zeroForOne ? out : 0, address(this), "");
    }
}
