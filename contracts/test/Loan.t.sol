// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Plan, Profit, Protocol, Round, Swap } from "../interfaces/ILiquidator.sol";
import { IPool } from "./ILab.sol";
import { Lab } from "./Lab.sol";
import { Plans } from "./Plans.sol";

/// @notice Rounds funded by Aave's `flashLoanSimple`, and by nobody.
contract LoanTest is Lab {
    uint24 private constant FEE = 500;
    /// @dev What Aave says an account owes that just borrowed 15,000: debt is rounded up.
    uint256 private constant DEBT = 15_000e6 + 1;

    address private pool;

    function setUp() public override {
        super.setUp();
        pool = _pool(weth, usdc, FEE);
    }

    /// @dev The lab's premium: 5 bps, rounded up.
    function _premium(uint256 amount) private pure returns (uint256) {
        return (amount * 5 + 9999) / 10_000;
    }

    function _sale(uint256 amountIn, uint256 minOut) private view returns (Swap[] memory) {
        return Plans.swaps(Plans.sale(pool, weth, usdc, amountIn, minOut));
    }

    function _usdcValue(uint256 amount) private pure returns (uint256) {
        return amount * USD6_PRICE / 1e18;
    }

    function _expectExecuted(uint256 usdcProfit, uint256 fee, uint256 landed, uint256 skipped) private {
        Profit[] memory profits = new Profit[](1);
        profits[0] = Profit(usdc, usdcProfit);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(
            OPERATOR, _usdcValue(usdcProfit), Plans.tally(_usdcValue(fee), 0, landed, skipped), profits
        );
    }

    function test_loanWithSale() public {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 seized = _wethSeizedFor(DEBT);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        uint256 profit = out - DEBT - _premium(DEBT);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(Protocol.AaveV3, aave, borrower, usdc, weth, DEBT, seized);
        _expectExecuted(profit, _premium(DEBT), 1, 0);
        Round memory round = Plans.loan(aave, usdc, DEBT, Plans.legs(_leg(borrower, weth)), _sale(seized, out));
        assertEq(_execute(Plans.plan(_wethUsdc(), Plans.rounds(round))), _usdcValue(profit), "value");
        assertEq(_treasury(usdc), profit, "profit");
        assertEq(_treasury(weth), 0, "nothing left in collateral");
        assertEq(_debtOf(borrower, usdc), 0, "debt left");
        _assertClean();
    }

    /// @dev One asset on both sides: the balance shows the difference only, the event both amounts.
    function test_sameAsset() public {
        address borrower = _openSameAsset();
        _setPrice(weth, 1200);
        // 4.5 % of bonus, a tenth of it Aave's; the loan's premium is 2.50.
        uint256 seized = 5202.5e6;
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(Protocol.AaveV3, aave, borrower, usdc, usdc, 5000e6, seized);
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, usdc, 5000e6));
        Round memory round = Plans.loan(aave, usdc, 5000e6, legs, Plans.swaps());
        assertEq(_execute(Plans.plan(Plans.tokens(usdc, USD6_PRICE), Plans.rounds(round))), _usdcValue(200e6), "value");
        assertEq(_treasury(usdc), 200e6, "profit");
        _assertClean();
    }

    /// @dev 5 WETH and 10,000 USDC against 14,000 USDC: health 0.91 at 1,200 USD.
    function _openSameAsset() private returns (address borrower) {
        borrower = makeAddr("same asset");
        _supply(borrower, weth, 5e18);
        _supply(borrower, usdc, 10_000e6);
        vm.prank(borrower);
        IPool(aave).borrow(usdc, 14_000e6, 2, 0, borrower);
    }

    // ---- a leg that does not land ----

    /// @dev Two legs were planned and funded, one is stale: its money goes back, and the sale's bound shrinks with what
    /// there is to sell.
    function _oneOfTwo(uint256 minOutShift) private returns (Plan memory plan, uint256 sold, uint256 out) {
        address borrower = _openWethUsdc();
        address healthy = _open(weth, 100e18, usdc, 15_000e6);
        _setPrice(weth, 1700);
        sold = _wethSeizedFor(DEBT);
        out = _quoteOut(weth, usdc, FEE, sold);
        Leg[] memory legs = Plans.legs(_leg(healthy, weth), _leg(borrower, weth));
        Round memory round = Plans.loan(aave, usdc, 2 * DEBT, legs, _sale(2 * sold, 2 * out + minOutShift));
        plan = Plans.plan(_wethUsdc(), Plans.rounds(round));
        vm.expectEmit(address(liquidator));
        emit ILiquidator.LegSkipped(aave, healthy, 0, abi.encodeWithSignature("HealthFactorNotBelowThreshold()"));
    }

    function test_staleLegIsSkipped() public {
        (Plan memory plan,, uint256 out) = _oneOfTwo(0);
        uint256 fee = _premium(2 * DEBT);
        _expectExecuted(out - DEBT - fee, fee, 1, 1);
        _execute(plan);
        assertEq(_treasury(usdc), out - DEBT - fee, "profit");
        _assertClean();
    }

    /// @dev One unit more for the whole is half a unit more for the half, rounded up: not reached.
    function test_boundOfTheSaleIsProRataRoundedUp() public {
        (Plan memory plan,, uint256 out) = _oneOfTwo(1);
        _expectNothingLanded(plan, abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out, out + 1));
    }

    /// @dev What a leg seized is told apart from what legs before it left here, also where another collateral came between.
    function test_collateralsTakeTurns() public {
        address[3] memory who = [_openWethUsdc(), _open(wbtc, 1e8, usdc, 40_000e6), _openWethUsdc()];
        _setPrice(weth, 1700);
        _setPrice(wbtc, 45_000);
        uint256 other = _debtOf(who[1], usdc);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(Protocol.AaveV3, aave, who[0], usdc, weth, DEBT, _wethSeizedFor(DEBT));
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(
            Protocol.AaveV3, aave, who[1], usdc, wbtc, other, _seizedFor(other, usdc, wbtc, 1e8, 1e6, 10_500, 1000)
        );
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(Protocol.AaveV3, aave, who[2], usdc, weth, DEBT, _wethSeizedFor(DEBT));
        Leg[] memory legs = Plans.legs(_leg(who[0], weth), _leg(who[1], wbtc), _leg(who[2], weth));
        Swap memory wethSale = Plans.sale(pool, weth, usdc, type(uint256).max, 0);
        Swap memory wbtcSale = Plans.sale(_pool(wbtc, usdc, 3000), wbtc, usdc, type(uint256).max, 0);
        Round memory round = Plans.loan(aave, usdc, 2 * DEBT + other, legs, Plans.swaps(wethSale, wbtcSale));
        round.maxPay = type(uint256).max;
        _execute(Plans.plan(Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, wbtc, 3e29), Plans.rounds(round)));
        _assertClean();
    }

    function test_lastLegStale() public {
        address borrower = _openWethUsdc();
        address healthy = _open(weth, 100e18, usdc, 15_000e6);
        _setPrice(weth, 1700);
        uint256 out = _quoteOut(weth, usdc, FEE, _wethSeizedFor(DEBT));
        Leg[] memory legs = Plans.legs(_leg(borrower, weth), _leg(healthy, weth));
        Round memory round = Plans.loan(aave, usdc, 2 * DEBT, legs, _sale(type(uint256).max, out));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_treasury(usdc), out - DEBT - _premium(2 * DEBT), "profit");
        _assertClean();
    }

    function test_allLegsStale() public {
        address healthy = _openWethUsdc();
        Round memory round = Plans.loan(aave, usdc, DEBT, Plans.legs(_leg(healthy, weth)), _sale(type(uint256).max, 0));
        _expectNothingLanded(
            Plans.plan(_wethUsdc(), Plans.rounds(round)),
            abi.encodeWithSelector(
                ILiquidator.LegFailed.selector, 0, abi.encodeWithSignature("HealthFactorNotBelowThreshold()")
            )
        );
    }

    // ---- without funding ----

    /// @dev A flash swap leaves its profit in collateral, and a round of its own sells that.
    function test_unfundedRoundSells() public {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 profit = _wethSeizedFor(DEBT) - _quoteIn(weth, usdc, FEE, DEBT);
        Round memory first = Plans.flashSwap(pool, usdc, DEBT, type(uint256).max, Plans.legs(_leg(borrower, weth)));
        address other = _pool(weth, usdc, 3000);
        uint256 out = _quoteOut(weth, usdc, 3000, profit);
        Swap[] memory sale = Plans.swaps(Plans.sale(other, weth, usdc, profit, out));
        Round memory second = Plans.unfunded(usdc, 0, Plans.legs(), sale);
        _expectExecuted(out, 0, 1, 0);
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(first, second)));
        assertEq(_treasury(usdc), out, "profit");
        _assertClean();
    }

    /// @dev Selling alone is no liquidation.
    function test_unfundedRoundAloneLandsNothing() public {
        _give(weth, address(liquidator), 1e18);
        Round memory round = Plans.unfunded(usdc, 0, Plans.legs(), _sale(type(uint256).max, 0));
        _expectNothingLanded(Plans.plan(_wethUsdc(), Plans.rounds(round)), "");
    }

    /// @dev A leg repaid with the profit of the round before it.
    function test_unfundedLegUsesEarlierProfit() public {
        address rich = _openWethUsdc();
        address small = _open(weth, 0.3e18, usdc, 450e6);
        _setPrice(weth, 1700);
        uint256 smallDebt = _debtOf(small, usdc);
        uint256 out = _quoteOut(weth, usdc, FEE, _wethSeizedFor(DEBT));
        Round memory first = Plans.loan(aave, usdc, DEBT, Plans.legs(_leg(rich, weth)), _sale(type(uint256).max, out));
        Round memory second = Plans.unfunded(usdc, smallDebt, Plans.legs(_leg(small, weth)), Plans.swaps());
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(first, second)));
        assertEq(_treasury(usdc), out - DEBT - _premium(DEBT) - smallDebt, "money");
        assertEq(_treasury(weth), _wethSeizedFor(smallDebt), "collateral of the second");
        _assertClean();
    }

    // ---- forged ----

    /// @dev A stranger borrows from the real Pool in our name: the Pool calls us, and we have asked for nothing.
    function test_strangersLoanToUs() public {
        address stranger = makeAddr("stranger");
        bytes memory params = Plans.encoded(Plans.loan(aave, usdc, DEBT, Plans.legs(), Plans.swaps()), _wethUsdc());
        vm.expectRevert(
            abi.encodeWithSelector(ILiquidator.UnexpectedCallback.selector, aave, liquidator.executeOperation.selector)
        );
        vm.prank(stranger);
        IPool(aave).flashLoanSimple(address(liquidator), usdc, DEBT, params, 0);
    }
}
