// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { ILiquidator, Leg, Plan, Round, Swap } from "../interfaces/ILiquidator.sol";
import { Lab } from "./Lab.sol";
import { Mutation } from "./Mutation.sol";
import { Plans } from "./Plans.sol";

/// @notice Prices, sizes and plans at random.
contract FuzzTest is Lab {
    uint24 private constant FEE = 500;

    address private pool;
    address private venue;

    function setUp() public override {
        super.setUp();
        (pool, venue) = (_pool(weth, usdc, FEE), _pool(weth, usdc, 3000));
        _give(weth, TREASURY, 10e18);
        _give(usdc, TREASURY, 10_000e6);
    }

    function _account(uint256 size, uint256 price) private returns (address borrower, uint256 debt) {
        // From 10 to 1,000 WETH, so that a third is no dust; borrowed to 75 %, bad debt begins under 1,575 USD.
        uint256 supplied = bound(size, 10e18, 1000e18);
        borrower = _open(weth, supplied, usdc, supplied * 1500 / 1e12);
        _setPrice(weth, bound(price, 1600, 1800));
        debt = _debtOf(borrower, usdc);
    }

    function _assertNothingLost(uint256 wethBefore, uint256 usdcBefore) private view {
        assertGe(_treasury(weth), wethBefore, "treasury lost WETH");
        assertGe(_treasury(usdc), usdcBefore, "treasury lost USDC");
        _assertClean();
        assertEq(IERC20(weth).allowance(address(liquidator), pool), 0, "allowance to the pool");
        assertEq(IERC20(usdc).allowance(address(liquidator), pool), 0, "allowance to the pool");
    }

    // ---- liquidations that land ----

    function testFuzz_flashSwapLands(uint256 size, uint256 price, uint256 repay) public {
        (address borrower, uint256 debt) = _account(size, price);
        // At most a third: within any close factor, and more than dust is left.
        repay = bound(repay, debt / 10, debt / 3);
        uint256 expected = _wethSeizedFor(repay) - _quoteIn(weth, usdc, FEE, repay);
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, weth, repay));
        Plan memory plan =
            Plans.plan(_wethUsdc(), Plans.rounds(Plans.flashSwap(pool, usdc, repay, type(uint256).max, legs)));
        plan.floor = expected;
        assertEq(_execute(plan), expected, "value");
        assertEq(_treasury(weth), 10e18 + expected, "profit");
        _assertNothingLost(10e18, 10_000e6);
    }

    function testFuzz_loanLands(uint256 size, uint256 price, uint256 repay) public {
        (address borrower, uint256 debt) = _account(size, price);
        repay = bound(repay, debt / 10, debt / 3);
        uint256 seized = _wethSeizedFor(repay);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, weth, repay));
        Swap memory sale = Plans.sale(pool, weth, usdc, seized, out);
        Round memory round = Plans.loan(aave, usdc, repay, legs, Plans.swaps(sale));
        uint256 expected = out - repay - (repay * 5 + 9999) / 10_000;
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_treasury(usdc), 10_000e6 + expected, "profit");
        _assertNothingLost(10e18, 10_000e6);
    }

    /// @dev The sale was meant for `planned` and only what was seized is there: the bound is the planned price, rounded
    /// up, to the unit.
    function testFuzz_boundIsProRataRoundedUp(uint256 planned, uint256 minOut) public {
        (address borrower,) = _account(10e18, 1700);
        uint256 sold = _wethSeizedFor(5000e6);
        uint256 out = _quoteOut(weth, usdc, FEE, sold);
        planned = bound(planned, sold, 1e24);
        minOut = bound(minOut, 0, 2 * FixedPointMathLib.fullMulDiv(out, planned, sold));
        uint256 scaled = minOut == 0 ? 0 : (minOut * sold - 1) / planned + 1;
        _sellsIfEnough(_soldPlan(borrower, planned, minOut), out, scaled);
        _assertNothingLost(10e18, 10_000e6);
    }

    function _sellsIfEnough(Plan memory plan, uint256 out, uint256 least) private {
        if (out < least) {
            _expectNothingLanded(plan, abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out, least));
        } else {
            _execute(plan);
            assertEq(_treasury(usdc), 10_000e6 + out - 5000e6 - 2.5e6, "profit");
        }
    }

    function _soldPlan(address borrower, uint256 amountIn, uint256 minOut) private view returns (Plan memory) {
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, weth, 5000e6));
        Swap memory sale = Plans.sale(pool, weth, usdc, amountIn, minOut);
        Round memory round = Plans.loan(aave, usdc, 5000e6, legs, Plans.swaps(sale));
        return Plans.plan(_wethUsdc(), Plans.rounds(round));
    }

    // ---- plans that are none ----

    function testFuzz_anyBytes(bytes calldata junk) public {
        _give(weth, address(liquidator), 1e18);
        _send(bytes.concat(ILiquidator.execute.selector, junk));
        assertEq(_treasury(weth) + IERC20(weth).balanceOf(address(liquidator)), 11e18, "WETH");
    }

    /// @dev A good plan changed in one to four places; see {Mutation}.
    function testFuzz_mutatedPlan(uint256 size, uint256[4] calldata at, uint256[4] calldata to, bool loan) public {
        address[8] memory inPlay = [aave, pool, venue, weth, usdc, address(liquidator), TREASURY, OPERATOR];
        bytes memory data = _goodPlan(size, loan);
        for (uint256 i; i <= size % 4; ++i) {
            Mutation.mutate(data, at[i], to[i], inPlay);
        }
        // At rest in a token that no plan here lists.
        _give(wbtc, address(liquidator), 1e8);
        _send(data);
        assertEq(IERC20(wbtc).balanceOf(address(liquidator)) + _treasury(wbtc), 1e8, "WBTC at rest");
        assertGe(_treasury(weth), 10e18, "treasury lost WETH");
        assertGe(_treasury(usdc), 10_000e6, "treasury lost USDC");
        for (uint256 i; i < 8; ++i) {
            assertEq(IERC20(weth).allowance(address(liquidator), inPlay[i]), 0, "WETH allowance");
            assertEq(IERC20(usdc).allowance(address(liquidator), inPlay[i]), 0, "USDC allowance");
        }
    }

    function _goodPlan(uint256 size, bool loan) private returns (bytes memory) {
        (address borrower, uint256 debt) = _account(size, 1700);
        Leg[] memory legs = Plans.legs(_leg(borrower, weth));
        Round memory round = Plans.flashSwap(pool, usdc, debt, type(uint256).max, legs);
        if (loan) {
            Swap memory sale = Plans.sale(pool, weth, usdc, type(uint256).max, debt);
            round = Plans.loan(aave, usdc, debt, legs, Plans.swaps(sale));
        }
        return Plans.call(Plans.plan(_wethUsdc(), Plans.rounds(round)));
    }

    function _send(bytes memory data) private {
        vm.prank(OPERATOR);
        (bool ok,) = address(liquidator).call(data);
        // Whether it went through is the plan's affair; the caller asserts what must hold either way.
        ok;
    }
}
