// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { Funding, ILiquidator, Round, Swap, Venue } from "../interfaces/ILiquidator.sol";
import { Money } from "../Money.sol";
import { Erc4626 } from "./Erc4626.sol";
import { UniswapV2 } from "./UniswapV2.sol";
import { UniswapV3 } from "./UniswapV3.sol";
import { UniswapV4 } from "./UniswapV4.sol";

/// @title Sales
/// @notice Runs the swaps of a round, each under its own price bound.
library Sales {
    /// @notice Sells at most what is here; nothing here is nothing sold. The venue pays here, and what came is measured.
    function sell(Round calldata round, Swap calldata leg) internal {
        uint256 sold = FixedPointMathLib.min(Money.here(leg.tokenIn), leg.amountIn);
        if (sold == 0) return;
        uint256 before = Money.here(leg.tokenOut);
        Venue venue = leg.venue;
        if (venue == Venue.UniswapV3) {
            UniswapV3.sell(leg, sold);
        } else if (venue == Venue.UniswapV2) {
            UniswapV2.sell(leg, sold);
        } else if (venue == Venue.UniswapV4) {
            UniswapV4.sell(leg, sold, round.funding == Funding.UniswapV4 && round.source == leg.pool);
        } else if (venue == Venue.Weth) {
            // To or from the native coin, whichever side names it.
            if (leg.tokenIn == address(0)) Money.wrap(leg.tokenOut, sold);
            else Money.unwrap(leg.tokenIn, sold);
        } else {
            Erc4626.sell(leg, sold);
        }
        uint256 out = Money.here(leg.tokenOut) - before;
        uint256 minOut = leg.amountIn == type(uint256).max
            ? leg.minOut
            : FixedPointMathLib.fullMulDivUp(leg.minOut, sold, leg.amountIn);
        if (out < minOut) revert ILiquidator.OutBelowMin(out, minOut);
    }
}
