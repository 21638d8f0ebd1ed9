// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { console } from "forge-std/console.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { ILiquidator, Leg, Plan, Round, Swap } from "../interfaces/ILiquidator.sol";
import { Lab } from "./Lab.sol";
import { Mutation } from "./Mutation.sol";
import { Plans } from "./Plans.sol";

/// @notice Prices, sizes and plans at random.
contract FuzzTest is Lab {
    uint24 private constant FEE = 500;
    uint256 private constant MUTANTS = 128;

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
        // The largest that is met: in each run two bounds are missed and one is met, whatever is drawn.
        uint256 most = FixedPointMathLib.fullMulDiv(out, planned, sold);
        _misses(borrower, planned, most + 1 + bound(minOut, 0, most), sold, out);
        _misses(borrower, planned, most + 1, sold, out);
        _meets(_soldPlan(borrower, planned, minOut % 2 == 0 ? most : bound(minOut, 0, most)), out);
    }

    function _misses(address borrower, uint256 planned, uint256 minOut, uint256 sold, uint256 out) private {
        uint256 least = (minOut * sold - 1) / planned + 1;
        assertGt(least, out, "not out of reach");
        bytes memory reason = abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out, least);
        _expectNothingLanded(_soldPlan(borrower, planned, minOut), reason);
        _assertNothingLost(10e18, 10_000e6);
    }

    function _meets(Plan memory plan, uint256 out) private {
        _execute(plan);
        assertEq(_treasury(usdc), 10_000e6 + out - 5000e6 - 2.5e6, "profit");
        _assertNothingLost(10e18, 10_000e6);
    }

    function _soldPlan(address borrower, uint256 amountIn, uint256 minOut) private view returns (Plan memory) {
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrower, weth, 5000e6));
        Swap memory sale = Plans.sale(pool, weth, usdc, amountIn, minOut);
        Round memory round = Plans.loan(aave, usdc, 5000e6, legs, Plans.swaps(sale));
        return Plans.plan(_wethUsdc(), Plans.rounds(round));
    }

    // ---- plans that are none ----

    /// @dev Also where a plan would land.
    function testFuzz_anyBytes(bytes calldata junk) public {
        bytes memory good = _goodPlan(10e18, false);
        _give(weth, address(liquidator), 1e18);
        assertFalse(_send(bytes.concat(ILiquidator.execute.selector, junk)), "bytes that are a plan");
        if (junk.length != 0) assertFalse(_send(bytes.concat(good, junk)), "bytes behind a plan");
        assertEq(IERC20(weth).balanceOf(address(liquidator)), 1e18, "WETH at rest");
        assertTrue(_send(good), "the plan without them");
        assertGt(_treasury(weth), 11e18, "WETH");
    }

    /// @dev A good plan changed in one to four places; see {Mutation}. Many a run, so that the run can say how many landed.
    /// forge-config: default.fuzz.runs = 2
    function testFuzz_mutatedPlans(uint256 seed) public {
        // At rest in a token that no plan here lists.
        _give(wbtc, address(liquidator), 1e8);
        uint256 state = vm.snapshotState();
        uint256 landed;
        for (uint256 i; i < MUTANTS; ++i) {
            if (_sendMutated(uint256(keccak256(abi.encode(seed, i))))) ++landed;
            vm.revertToState(state);
        }
        console.log("%d of %d changed plans landed", landed, MUTANTS);
        assertGe(landed, MUTANTS / 32, "too few landed");
        assertGe(MUTANTS - landed, MUTANTS / 32, "too few were refused");
    }

    function _sendMutated(uint256 seed) private returns (bool landed) {
        address[8] memory inPlay = [aave, pool, venue, weth, usdc, address(liquidator), TREASURY, OPERATOR];
        bytes memory data = _goodPlan(seed, seed & (1 << 128) != 0);
        for (uint256 i; i <= seed % 4; ++i) {
            uint256 place = uint256(keccak256(abi.encode(seed, "at", i)));
            Mutation.mutate(data, place, uint256(keccak256(abi.encode(seed, "to", i))), inPlay);
        }
        landed = _send(data);
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

    /// @return ok Whether the plan landed.
    function _send(bytes memory data) private returns (bool ok) {
        vm.prank(OPERATOR);
        (ok,) = address(liquidator).call(data);
    }
}
