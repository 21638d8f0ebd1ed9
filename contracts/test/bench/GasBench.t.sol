// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Plan, Round } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";
import { Bare } from "./Bare.sol";

/// @notice `pnpm bench:gas`: what the Liquidator costs and what a bare executor costs for the same, each call isolated as a
/// transaction of its own, intrinsic gas and refunds included. 10 WETH against 15,000 USDC at a health of 0.979, 7,500 USDC
/// repaid, pool of 0.05 %, an hour after a first call; the treasury already holds both tokens. Written to
/// `snapshots/bench.json`.
/// forge-config: default.isolate = true
contract GasBench is Lab {
    Bare private bare;
    address private pool;
    address[] private borrowers;

    function setUp() public override {
        super.setUp();
        pool = _pool(weth, usdc, 500);
        for (uint256 i; i < 4; ++i) {
            borrowers.push(_openWethUsdc());
        }
        _give(weth, TREASURY, 1e18);
        _give(usdc, TREASURY, 1e6);
        _setPrice(weth, 1769);
        bare = Bare(vm.deployCode("Bare.sol:Bare", abi.encode(aave, pool, weth, usdc, TREASURY)));
        _execute(_flashSwap(_one(3)));
        skip(1 hours);
    }

    function _one(uint256 i) private view returns (address[] memory one) {
        one = new address[](1);
        one[0] = borrowers[i];
    }

    function _two() private view returns (address[] memory two) {
        two = new address[](2);
        (two[0], two[1]) = (borrowers[0], borrowers[1]);
    }

    /// @dev Just under the close factor of a half: exact, so nothing is left over.
    uint256 private constant REPAID = 7500e6;

    function _exact(address borrower) private view returns (Leg memory) {
        return Plans.leg(aave, borrower, weth, REPAID);
    }

    function _flashSwap(address[] memory who) private view returns (Plan memory) {
        Leg[] memory legs = new Leg[](who.length);
        for (uint256 i; i < who.length; ++i) {
            legs[i] = _exact(who[i]);
        }
        Round memory round = Plans.flashSwap(pool, usdc, REPAID * who.length, who.length * 4e18, legs);
        return _soon(Plans.plan(_wethUsdc(), Plans.rounds(round)));
    }

    function _flashLoan() private view returns (Plan memory) {
        Round memory round = Plans.loan(
            aave,
            usdc,
            REPAID,
            Plans.legs(_exact(borrowers[0])),
            Plans.swaps(Plans.sale(pool, weth, usdc, type(uint256).max, 7500e6))
        );
        round.maxPay = 10e6;
        return _soon(Plans.plan(_wethUsdc(), Plans.rounds(round)));
    }

    /// @dev As a keeper would send it.
    function _soon(Plan memory plan) private view returns (Plan memory) {
        plan.validUntil = vm.getBlockTimestamp() + 180;
        return plan;
    }

    function _measure(string memory name, Plan memory plan) private {
        vm.prank(OPERATOR);
        Plans.execute(liquidator, Plans.packed(plan));
        vm.snapshotGasLastCall("bench", string.concat(name, ".total"));
        bytes memory data = Plans.call(plan);
        vm.snapshotValue("bench", string.concat(name, ".calldata-bytes"), data.length);
    }

    function test_flashSwapFloor() public {
        bare.flashSwap(REPAID, _one(0));
        vm.snapshotGasLastCall("bench", "gas.aave-v3.flash-swap.floor");
    }

    function test_flashSwap() public {
        _measure("gas.aave-v3.flash-swap", _flashSwap(_one(0)));
    }

    function test_flashSwapTwoFloor() public {
        bare.flashSwap(2 * REPAID, _two());
        vm.snapshotGasLastCall("bench", "gas.aave-v3.flash-swap-2.floor");
    }

    function test_flashSwapTwo() public {
        _measure("gas.aave-v3.flash-swap-2", _flashSwap(_two()));
    }

    function test_flashLoanFloor() public {
        bare.flashLoan(REPAID, borrowers[0]);
        vm.snapshotGasLastCall("bench", "gas.aave-v3.flash-loan.floor");
    }

    function test_flashLoan() public {
        _measure("gas.aave-v3.flash-loan", _flashLoan());
    }
}
