// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Plan, Profit, Protocol, Round } from "../interfaces/ILiquidator.sol";
import { Lab } from "./Lab.sol";
import { Plans } from "./Plans.sol";

/// @notice Flash-swap rounds on Aave v3.6 and Uniswap v3.
contract ExecuteTest is Lab {
    uint24 private constant FEE = 500;
    /// @dev What Aave says an account owes that just borrowed 15,000: debt is rounded up.
    uint256 private constant DEBT = 15_000e6 + 1;
    address private pool;

    function setUp() public override {
        super.setUp();
        pool = _pool(weth, usdc, FEE);
    }

    function _flashSwap(uint256 amount, Leg[] memory legs) private view returns (Round memory) {
        return Plans.flashSwap(pool, usdc, amount, type(uint256).max, legs);
    }

    function _expectLiquidated(address borrower, address debt, address collateral, uint256 repaid, uint256 seized)
        private
    {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(Protocol.AaveV3, aave, borrower, debt, collateral, repaid, seized);
    }

    function _expectExecuted(address token, uint256 profit, uint256 value, uint256 landed, uint256 skipped) private {
        // A token that nothing was left of is not named.
        Profit[] memory profits = new Profit[](1);
        profits[0] = Profit(token, profit);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, value, Plans.tally(0, 0, landed, skipped), profits);
    }

    /// @dev One leg: what is repaid, seized, paid to the pool and left is all computed apart from the contract.
    /// `repaid`: 0 for the whole debt.
    function _landsOne(uint256 usd, uint256 repay, uint256 repaid) private {
        address borrower = _openWethUsdc();
        _setPrice(weth, usd);
        uint256 debt = _debtOf(borrower, usdc);
        if (repaid == 0) repaid = debt;
        uint256 seized = _wethSeizedFor(repaid);
        uint256 profit = seized - _quoteIn(weth, usdc, FEE, repaid);

        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, weth, repay));
        Plan memory plan = Plans.plan(_wethUsdc(), Plans.rounds(_flashSwap(repaid, legs)));
        plan.rounds[0].maxPay = seized - profit;
        plan.floor = profit;
        _expectLiquidated(borrower, usdc, weth, repaid, seized);
        _expectExecuted(weth, profit, profit, 1, 0);
        assertEq(_execute(plan), profit, "value");
        assertEq(_treasury(weth), profit, "profit at the treasury");
        assertEq(_treasury(usdc), 0, "no debt token left over");
        assertApproxEqAbs(_debtOf(borrower, usdc), debt - repaid, 1, "debt left");
        _assertClean();
    }

    function test_wholeDebt() public {
        _landsOne(1700, type(uint256).max, 0);
    }

    function test_closeFactorHalf() public {
        _landsOne(1780, type(uint256).max, 7500e6);
    }

    function test_exactRepay() public {
        _landsOne(1700, 4000e6, 4000e6);
    }

    /// @dev More is borrowed than Aave takes: the rest is profit in the debt token.
    function test_surplusDebtTokenIsProfit() public {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 profit = _wethSeizedFor(DEBT) - _quoteIn(weth, usdc, FEE, DEBT + 1e6);
        Plan memory plan =
            Plans.plan(_wethUsdc(), Plans.rounds(_flashSwap(DEBT + 1e6, Plans.legs(_leg(borrower, weth)))));
        assertEq(_execute(plan), profit + 1e6 * USD6_PRICE / 1e18, "value of both tokens");
        assertEq(_treasury(weth), profit, "collateral");
        assertEq(_treasury(usdc), 1e6, "debt token");
        _assertClean();
    }

    function test_severalLegsInOneSwap() public {
        address[3] memory borrowers = [_openWethUsdc(), _openWethUsdc(), _openWethUsdc()];
        _setPrice(weth, 1700);
        uint256 seized = _wethSeizedFor(DEBT);
        uint256 profit = 3 * seized - _quoteIn(weth, usdc, FEE, 3 * DEBT);
        Leg[] memory legs = Plans.legs(_leg(borrowers[0], weth), _leg(borrowers[1], weth), _leg(borrowers[2], weth));
        for (uint256 i; i < 3; ++i) {
            _expectLiquidated(borrowers[i], usdc, weth, DEBT, seized);
        }
        _expectExecuted(weth, profit, profit, 3, 0);
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(_flashSwap(3 * DEBT, legs))));
        assertEq(_treasury(weth), profit, "profit");
        for (uint256 i; i < 3; ++i) {
            assertEq(_debtOf(borrowers[i], usdc), 0, "debt left");
        }
        _assertClean();
    }

    /// @dev The profit of the first round is here when the second seizes more of the same.
    function test_twoRoundsOfOnePair() public {
        address[2] memory borrowers = [_openWethUsdc(), _openWethUsdc()];
        _setPrice(weth, 1700);
        uint256 seized = _wethSeizedFor(DEBT);
        uint256 pays = _quoteIn(weth, usdc, FEE, DEBT) + _quoteIn(weth, usdc, 3000, DEBT);
        _expectLiquidated(borrowers[0], usdc, weth, DEBT, seized);
        _expectLiquidated(borrowers[1], usdc, weth, DEBT, seized);
        Leg[] memory second = Plans.legs(_leg(borrowers[1], weth));
        Round memory elsewhere = Plans.flashSwap(_pool(weth, usdc, 3000), usdc, DEBT, type(uint256).max, second);
        Round memory first = _flashSwap(DEBT, Plans.legs(_leg(borrowers[0], weth)));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(first, elsewhere)));
        assertEq(_treasury(weth), 2 * seized - pays, "profit");
        _assertClean();
    }

    /// @dev What a healthy account answers: Aave 3.6's HealthFactorNotBelowThreshold().
    function _healthy() private pure returns (bytes memory) {
        return abi.encodeWithSignature("HealthFactorNotBelowThreshold()");
    }

    function test_staleLegSkipsTheWholeSwap() public {
        address borrower = _openWethUsdc();
        address healthy = _open(weth, 100e18, usdc, 15_000e6);
        _setPrice(weth, 1700);
        Leg[] memory legs = Plans.legs(_leg(borrower, weth), _leg(healthy, weth));
        bytes memory reason = abi.encodeWithSelector(ILiquidator.LegFailed.selector, 1, _healthy());
        Round memory stale = _flashSwap(2 * DEBT, legs);
        _expectNothingLanded(Plans.plan(_wethUsdc(), Plans.rounds(stale)), reason);

        Round memory good = _flashSwap(DEBT, Plans.legs(_leg(borrower, weth)));
        uint256 profit = _wethSeizedFor(DEBT) - _quoteIn(weth, usdc, FEE, DEBT);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.RoundSkipped(0, pool, reason);
        _expectLiquidated(borrower, usdc, weth, DEBT, _wethSeizedFor(DEBT));
        vm.expectEmit(address(liquidator));
        emit ILiquidator.RoundSkipped(2, pool, abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, _healthy()));
        _expectExecuted(weth, profit, profit, 1, 3);
        Round memory alone = _flashSwap(DEBT, Plans.legs(_leg(healthy, weth)));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(stale, good, alone)));
        assertEq(_treasury(weth), profit, "profit");
        _assertClean();
    }

    /// @dev A plan whose round was landed by a rival reverts with Aave's reason.
    function test_executedTwice() public {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        Plan memory plan = Plans.plan(_wethUsdc(), Plans.rounds(_flashSwap(DEBT, Plans.legs(_leg(borrower, weth)))));
        _execute(plan);
        _expectNothingLanded(plan, abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, _healthy()));
        _assertClean();
    }

    /// @dev The profit's collateral is sold within the round, in another pool than the locked one.
    function test_profitConvertedInTheRound() public {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 profit = _wethSeizedFor(DEBT) - _quoteIn(weth, usdc, FEE, DEBT);
        uint256 out = _quoteOut(weth, usdc, 3000, profit);
        Round memory round = _flashSwap(DEBT, Plans.legs(_leg(borrower, weth)));
        round.swaps = Plans.swaps(Plans.sale(_pool(weth, usdc, 3000), weth, usdc, profit, out));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_treasury(usdc), out, "profit in the debt token");
        assertEq(_treasury(weth), 0, "nothing left in collateral");
        _assertClean();
    }

    // ---- USDT ----

    function test_usdtDebt() public {
        address borrower = _open(weth, 10e18, usdt, 15_000e6);
        _setPrice(weth, 1600);
        uint256 pay = _quoteIn(weth, usdt, FEE, 16_000e6);
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, weth, 5000e6), _leg(borrower, weth));
        // An allowance left from the first leg would make the second approve revert.
        Round memory round = Plans.flashSwap(_pool(weth, usdt, FEE), usdt, 16_000e6, type(uint256).max, legs);
        uint256 value = _execute(Plans.plan(Plans.tokens(weth, WETH_PRICE, usdt, USD6_PRICE), Plans.rounds(round)));
        uint256 surplus = _treasury(usdt);
        uint256 repaid = 16_000e6 - surplus;
        // Aave rounds against the debtor when the debt is taken and again at the first leg, as the moment's index has it.
        assertApproxEqAbs(repaid, 15_000e6 + 1, 1, "repaid");
        uint256 profit = _seizedFor(repaid, usdt, weth, 1e18, 1e6, 10_500, 1000) - pay;
        assertApproxEqAbs(value, profit + surplus * USD6_PRICE / 1e18, 2, "value");
        assertEq(_debtOf(borrower, usdt), 0, "debt left");
        _assertClean();
    }

    function test_usdtCollateral() public {
        address borrower = _open(usdt, 20_000e6, weth, 7e18);
        _setPrice(weth, 2400);
        uint256 repaid = _debtOf(borrower, weth);
        uint256 seized = _seizedFor(repaid, weth, usdt, 1e6, 1e18, 10_450, 0);
        uint256 pay = _quoteIn(usdt, weth, FEE, repaid);
        Round memory round =
            Plans.flashSwap(_pool(weth, usdt, FEE), weth, repaid, pay, Plans.legs(_leg(borrower, usdt)));
        _expectLiquidated(borrower, weth, usdt, repaid, seized);
        _execute(Plans.plan(Plans.tokens(usdt, USD6_PRICE, weth, WETH_PRICE), Plans.rounds(round)));
        assertEq(_treasury(usdt), seized - pay, "profit");
        _assertClean();
    }
}
