// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Plan, Round } from "../interfaces/ILiquidator.sol";
import { Lab } from "./Lab.sol";
import { Plans } from "./Plans.sol";

/// @notice What a plan costs, intrinsic gas and refunds included, as in a transaction of its own: each call runs isolated,
/// the treasury already holds both tokens and a plan landed before. Numbers are kept in `snapshots/Gas.json`.
/// forge-config: default.isolate = true
contract GasTest is Lab {
    uint24 private constant FEE = 500;

    address[4] private borrowers;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 4; ++i) {
            borrowers[i] = _openWethUsdc();
        }
        _give(weth, TREASURY, 1e18);
        _give(usdc, TREASURY, 1e6);
        _supply(borrowers[1], usdc, 1000e6);
        _setPrice(weth, 1650);
        _execute(_flashSwap(1, 3));
        skip(1 hours);
    }

    function _flashSwap(uint256 count, uint256 first) private view returns (Plan memory) {
        Leg[] memory legs = new Leg[](count);
        uint256 amount;
        for (uint256 i; i < count; ++i) {
            legs[i] = _leg(borrowers[first + i], weth);
            amount += _debtOf(borrowers[first + i], usdc);
        }
        return
            Plans.plan(_wethUsdc(), Plans.rounds(Plans.flashSwap(_pool(weth, usdc, FEE), usdc, amount, 1000e18, legs)));
    }

    function _measure(string memory name, Plan memory plan) private {
        vm.prank(OPERATOR);
        liquidator.execute(plan);
        vm.snapshotGasLastCall("Gas", name);
    }

    function test_flashSwapOneLeg() public {
        _measure("flash swap, 1 leg", _flashSwap(1, 0));
        assertEq(_debtOf(borrowers[0], usdc), 0, "landed");
    }

    function test_flashSwapTwoLegs() public {
        _measure("flash swap, 2 legs", _flashSwap(2, 0));
        assertEq(_debtOf(borrowers[1], usdc), 0, "landed");
    }

    function test_flashSwapThreeLegs() public {
        _measure("flash swap, 3 legs", _flashSwap(3, 0));
        assertEq(_debtOf(borrowers[2], usdc), 0, "landed");
    }

    function test_flashLoan() public {
        uint256 debt = _debtOf(borrowers[0], usdc);
        Round memory round = Plans.loan(
            aave,
            usdc,
            debt,
            Plans.legs(_leg(borrowers[0], weth)),
            Plans.swaps(Plans.sale(_pool(weth, usdc, FEE), weth, usdc, type(uint256).max, debt))
        );
        _measure("flash loan, 1 leg, 1 sale", Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_debtOf(borrowers[0], usdc), 0, "landed");
    }

    function test_sameAsset() public {
        uint256 before = _debtOf(borrowers[1], usdc);
        Leg[] memory legs = Plans.legs(Plans.leg(aave, borrowers[1], usdc, 500e6));
        Plan memory plan = Plans.plan(
            Plans.tokens(usdc, USD6_PRICE), Plans.rounds(Plans.loan(aave, usdc, 500e6, legs, Plans.swaps()))
        );
        _measure("flash loan, same asset", plan);
        assertApproxEqAbs(_debtOf(borrowers[1], usdc), before - 500e6, 1, "landed");
    }
}
