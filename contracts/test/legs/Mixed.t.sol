// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Lab } from "../Lab.sol";
import { Leg, Protocol } from "../../interfaces/ILiquidator.sol";
import { CometLegs } from "./CometLegs.sol";
import { VenusFixture } from "./VenusFixture.sol";
import { Plans } from "../Plans.sol";

/// @notice Legs of several protocols in one round, on one collateral: each is measured by itself.
contract MixedTest is CometLegs, VenusFixture {
    function setUp() public override(Lab, CometLegs) {
        super.setUp();
        _useVenus(".venus");
    }

    function test_eachLegIsMeasuredByItself() public {
        (address first, address last) = (_openWethUsdc(), _openWethUsdc());
        address venus = _openVenusWeth();
        address inComet = _openUnderwaterComet(1)[0];
        uint256 debt = _debtOf(first, usdc);
        uint256 fromAave = _wethSeizedFor(debt);
        (uint256 pay, uint256 bought) = _bought(_list(inComet), weth);
        uint256 half = _closable(vUsdc, venus);
        uint256 fromVenus = _seizedVenus(half, vUsdc, vWeth);

        uint256 repaid = 2 * debt + pay + half;
        uint256 profit = _quoteOut(weth, usdc, FEE, 2 * fromAave + bought + fromVenus) - repaid;
        _expectLiquidated(Protocol.AaveV3, aave, first, usdc, weth, debt, fromAave);
        _expectLiquidated(Protocol.CompoundV3, address(comet), inComet, usdc, weth, pay, bought);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), venus, usdc, weth, half, fromVenus);
        _expectLiquidated(Protocol.AaveV3, aave, last, usdc, weth, debt, fromAave);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 4, 0);
        Leg[] memory legs = new Leg[](4);
        (legs[0], legs[1]) = (_leg(first, weth), _cometLeg(inComet, weth));
        (legs[2], legs[3]) = (_venusLeg(venus, vUsdc, vWeth), _leg(last, weth));
        _execute(_cometPlan(repaid, legs));
        _assertCleanVenus();
        _assertCleanComet();
    }
}
