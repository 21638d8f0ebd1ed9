// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import {
    Funding,
    ILiquidator,
    Leg,
    Plan,
    PricedToken,
    Protocol,
    Round,
    Swap,
    Tally,
    Venue
} from "../interfaces/ILiquidator.sol";
import { Packing } from "./Packing.sol";

/// @title Plans
/// @notice Builds plans the way a keeper does, with the fewest words.
library Plans {
    uint256 internal constant ALL = type(uint256).max;

    /// @notice An Aave leg that repays what the protocol allows.
    function leg(address market, address borrower, address collateral) internal pure returns (Leg memory) {
        return leg(market, borrower, collateral, ALL);
    }

    /// @notice An Aave leg that repays `repay`.
    function leg(address market, address borrower, address collateral, uint256 repay)
        internal
        pure
        returns (Leg memory)
    {
        return Leg(Protocol.AaveV3, market, borrower, collateral, repay, "");
    }

    /// @notice A sale in one Uniswap v3 pool.
    function sale(address pool, address tokenIn, address tokenOut, uint256 amountIn, uint256 minOut)
        internal
        pure
        returns (Swap memory)
    {
        return Swap(Venue.UniswapV3, pool, tokenIn, tokenOut, amountIn, minOut, "");
    }

    /// @notice A round that a Uniswap v3 pool funds by a flash swap.
    function flashSwap(address pool, address debt, uint256 amount, uint256 maxPay, Leg[] memory legs_)
        internal
        pure
        returns (Round memory)
    {
        return Round(Funding.UniswapV3Swap, pool, debt, amount, maxPay, "", legs_, new Swap[](0));
    }

    /// @notice A round that Aave's `flashLoanSimple` funds.
    function loan(address lender, address debt, uint256 amount, Leg[] memory legs_, Swap[] memory swaps_)
        internal
        pure
        returns (Round memory)
    {
        return Round(Funding.AaveV3Simple, lender, debt, amount, ALL, "", legs_, swaps_);
    }

    /// @notice A round without funding.
    function unfunded(address debt, uint256 amount, Leg[] memory legs_, Swap[] memory swaps_)
        internal
        pure
        returns (Round memory)
    {
        return Round(Funding.None, address(0), debt, amount, 0, "", legs_, swaps_);
    }

    /// @notice A plan with no floor and no tip, valid for ever.
    function plan(PricedToken[] memory tokens_, Round[] memory rounds_) internal pure returns (Plan memory) {
        return Plan(ALL, 0, 0, address(0), tokens_, rounds_);
    }

    /// @notice A plan as `execute` takes it.
    function packed(Plan memory plan_) internal pure returns (bytes memory) {
        return Packing.pack(plan_);
    }

    /// @notice The calldata of `execute`.
    function call(Plan memory plan_) internal pure returns (bytes memory) {
        return call(Packing.pack(plan_));
    }

    /// @notice The calldata of `execute` for a packed plan: it is no argument, it follows the selector.
    function call(bytes memory packed_) internal pure returns (bytes memory) {
        return bytes.concat(ILiquidator.execute.selector, packed_);
    }

    /// @notice Executes a packed plan, as whoever is pranked.
    function execute(ILiquidator liquidator, bytes memory packed_) internal returns (uint256 value) {
        (bool ok, bytes memory answer) = address(liquidator).call(call(packed_));
        if (!ok) LibCall.bubbleUpRevert(answer);
        return abi.decode(answer, (uint256));
    }

    /// @notice The bytes a funding source is handed for the first round of a plan with `tokens_`, and must hand back.
    function encoded(Round memory round, PricedToken[] memory tokens_) internal pure returns (bytes memory) {
        return Packing.handed(round, tokens_, false);
    }

    /// @notice What a plan came to, as its event has it.
    function tally(uint256 flashFee, uint256 tip, uint256 landed, uint256 skipped) internal pure returns (Tally) {
        return Tally.wrap(flashFee << 144 | tip << 32 | skipped << 16 | landed);
    }

    // ---- lists ----

    function legs() internal pure returns (Leg[] memory) {
        return new Leg[](0);
    }

    function legs(Leg memory a) internal pure returns (Leg[] memory list) {
        list = new Leg[](1);
        list[0] = a;
    }

    function legs(Leg memory a, Leg memory b) internal pure returns (Leg[] memory list) {
        list = new Leg[](2);
        (list[0], list[1]) = (a, b);
    }

    function legs(Leg memory a, Leg memory b, Leg memory c) internal pure returns (Leg[] memory list) {
        list = new Leg[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function swaps() internal pure returns (Swap[] memory) {
        return new Swap[](0);
    }

    function swaps(Swap memory a) internal pure returns (Swap[] memory list) {
        list = new Swap[](1);
        list[0] = a;
    }

    function swaps(Swap memory a, Swap memory b) internal pure returns (Swap[] memory list) {
        list = new Swap[](2);
        (list[0], list[1]) = (a, b);
    }

    function rounds() internal pure returns (Round[] memory) {
        return new Round[](0);
    }

    function rounds(Round memory a) internal pure returns (Round[] memory list) {
        list = new Round[](1);
        list[0] = a;
    }

    function rounds(Round memory a, Round memory b) internal pure returns (Round[] memory list) {
        list = new Round[](2);
        (list[0], list[1]) = (a, b);
    }

    function rounds(Round memory a, Round memory b, Round memory c) internal pure returns (Round[] memory list) {
        list = new Round[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function tokens(address a, uint256 priceA) internal pure returns (PricedToken[] memory list) {
        list = new PricedToken[](1);
        list[0] = PricedToken(a, priceA);
    }

    function tokens(address a, uint256 priceA, address b, uint256 priceB)
        internal
        pure
        returns (PricedToken[] memory list)
    {
        list = new PricedToken[](2);
        (list[0], list[1]) = (PricedToken(a, priceA), PricedToken(b, priceB));
    }

    function tokens(address a, uint256 priceA, address b, uint256 priceB, address c, uint256 priceC)
        internal
        pure
        returns (PricedToken[] memory list)
    {
        list = new PricedToken[](3);
        (list[0], list[1], list[2]) = (PricedToken(a, priceA), PricedToken(b, priceB), PricedToken(c, priceC));
    }
}
