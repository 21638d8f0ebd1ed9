// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Plan, Protocol } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IVToken, VenusFixture } from "./VenusFixture.sol";

/// @notice Legs on Venus 10.3.0, where a gate stands before the markets: it keeps half of the bonus, and redeeming costs
/// a thousandth.
contract VenusDiamondTest is VenusFixture {
    uint24 private constant FEE = 500;
    bytes private constant LIQUIDATION_FAILED = abi.encodeWithSignature("LiquidationFailed(uint256)", 3);

    function setUp() public override {
        super.setUp();
        _useVenus(".venusDiamond");
        gate = _at(".venusDiamond.liquidator");
    }

    /// @dev After the gate's half of the bonus and the thousandth, each rounded down.
    function _seizedThroughGate(uint256 repaid, IVToken debt, IVToken collateral) private returns (uint256) {
        uint256 tokens = _seizedTokens(repaid, debt, collateral);
        uint256 bonus = tokens * (INCENTIVE - 1e18) / INCENTIVE;
        uint256 amount = _redeemed(tokens - bonus / 2, collateral);
        return amount - amount / 1000;
    }

    function _usdcPlan(Leg[] memory legs) private view returns (Plan memory) {
        return Plans.plan(_wethUsdc(), Plans.rounds(_free(usdc, 16_000e6, legs, _sellAll(weth, usdc))));
    }

    function test_throughTheGate() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 debt = _accruedDebt(vUsdc, borrower);
        uint256 seized = _seizedThroughGate(debt / 2, vUsdc, vWeth);
        uint256 profit = _quoteOut(weth, usdc, FEE, seized) - debt / 2;
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, debt / 2, seized);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 0);
        _execute(_usdcPlan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth))));
        assertEq(vUsdc.borrowBalanceStored(borrower), debt - debt / 2);
        assertEq(_treasury(usdc), profit);
        _assertCleanVenus();
    }

    function test_anExactRepayThroughTheGate() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 seized = _seizedThroughGate(777_777_777, vUsdc, vWeth);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, 777_777_777, seized);
        _execute(_usdcPlan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth, 777_777_777))));
        _assertCleanVenus();
    }

    function test_nativeDebtThroughTheGate() public {
        address borrower = _openVenus(vUsdc, 20_000e6, vEth, 8e18);
        _sink(2200);
        uint256 debt = _accruedDebt(vEth, borrower);
        uint256 seized = _seizedThroughGate(debt / 2, vEth, vUsdc);
        uint256 profit = _quoteOut(usdc, weth, FEE, seized) - debt / 2;
        _expectLiquidated(Protocol.CompoundV2, address(vEth), borrower, weth, usdc, debt / 2, seized);
        _expectExecuted(weth, profit, WETH_PRICE, 0, 1, 0);
        Leg[] memory legs = Plans.legs(_venusLeg(borrower, vEth, vUsdc));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(_free(weth, 9e18, legs, _sellAll(usdc, weth)))));
        assertEq(vEth.borrowBalanceStored(borrower), debt - debt / 2);
        assertEq(_treasury(weth), profit);
        _assertCleanVenus();
    }

    function test_nativeCollateralThroughTheGate() public {
        address borrower = _openVenus(vEth, 10e18, vUsdc, 15_000e6);
        _sink(1800);
        uint256 repaid = _closable(vUsdc, borrower);
        uint256 seized = _seizedThroughGate(repaid, vUsdc, vEth);
        uint256 profit = _quoteOut(weth, usdc, FEE, seized) - repaid;
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, repaid, seized);
        _execute(_usdcPlan(Plans.legs(_venusLeg(borrower, vUsdc, vEth))));
        assertEq(_treasury(usdc), profit);
        _assertCleanVenus();
    }

    /// @dev The gate reverts where the market returns a code.
    function test_aHealthyAccountIsSkippedWithTheGatesError() public {
        address healthy = _openVenus(vWeth, 100e18, vUsdc, 15_000e6);
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 repaid = _closable(vUsdc, borrower);
        uint256 profit = _quoteOut(weth, usdc, FEE, _seizedThroughGate(repaid, vUsdc, vWeth)) - repaid;
        _expectSkipped(address(vUsdc), healthy, 0, LIQUIDATION_FAILED);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 1);
        _execute(_usdcPlan(Plans.legs(_venusLeg(healthy, vUsdc, vWeth), _venusLeg(borrower, vUsdc, vWeth))));
        _assertCleanVenus();
    }

    function test_pastTheGateTheMarketAnswersWithACode() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        gate = address(0);
        Plan memory plan = _usdcPlan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth)));
        _expectNothingLanded(plan, _failed(0, _errorCode(address(vUsdc), 3)));
        _assertCleanVenus();
    }

    function test_pastTheGateTheNativeMarketReverts() public {
        address borrower = _openVenus(vUsdc, 20_000e6, vEth, 8e18);
        _sink(2200);
        gate = address(0);
        Leg[] memory legs = Plans.legs(_venusLeg(borrower, vEth, vUsdc));
        Plan memory plan = Plans.plan(_wethUsdc(), Plans.rounds(_free(weth, 9e18, legs, Plans.swaps())));
        _expectNothingLanded(plan, _failed(0, _text("liquidateBorrow failed (03)")));
        _assertCleanVenus();
    }
}
