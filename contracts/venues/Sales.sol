// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { Funding, ILiquidator, Venue } from "../interfaces/ILiquidator.sol";
import { Money } from "../Money.sol";
import { RoundAt, SwapAt } from "../Packed.sol";
import { Erc4626 } from "./Erc4626.sol";
import { UniswapV2 } from "./UniswapV2.sol";
import { UniswapV3 } from "./UniswapV3.sol";
import { UniswapV4 } from "./UniswapV4.sol";

/// @title Sales
/// @notice Runs the swaps of a round, each under its own price bound.
library Sales {
    /// @notice Sells at most what is here; nothing here is nothing sold. The venue pays here, and what came is measured.
    /// @param tokenIn The token sold.
    /// @param held Units of it that are here.
    function sell(RoundAt round, SwapAt swap, address tokenIn, uint256 held) internal {
        uint256 amountIn = swap.amountIn();
        uint256 sold = FixedPointMathLib.min(held, amountIn);
        if (sold == 0) return;
        address tokenOut = swap.tokenOut(round.tokens());
        uint256 before = Money.here(tokenOut);
        Venue venue = swap.venue();
        if (venue == Venue.UniswapV3) {
            UniswapV3.sell(swap, tokenIn, tokenOut, sold);
        } else if (venue == Venue.UniswapV2) {
            UniswapV2.sell(swap, tokenIn, tokenOut, sold);
        } else if (venue == Venue.UniswapV4) {
            bool unlocked = round.isFunding(Funding.UniswapV4) && round.source() == swap.pool();
            UniswapV4.sell(swap, tokenIn, tokenOut, sold, unlocked);
        } else if (venue == Venue.Weth) {
            // To or from the native coin, whichever side names it.
            if (tokenIn == address(0)) Money.wrap(tokenOut, sold);
            else Money.unwrap(tokenIn, sold);
        } else {
            Erc4626.sell(tokenIn, sold);
        }
        uint256 out = Money.here(tokenOut) - before;
        uint256 minOut = swap.minOut();
        if (amountIn != type(uint256).max) minOut = FixedPointMathLib.fullMulDivUp(minOut, sold, amountIn);
        if (out < minOut) revert ILiquidator.OutBelowMin(out, minOut);
    }
}
