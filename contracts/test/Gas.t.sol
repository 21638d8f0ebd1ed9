// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IAaveV3Pool } from "../interfaces/external/IAaveV3Pool.sol";
import { Leg, Plan, Round } from "../interfaces/ILiquidator.sol";
import { IPool } from "./ILab.sol";
import { Lab } from "./Lab.sol";
import { Plans } from "./Plans.sol";

/// @notice `BareSwap`, which is compiled as what ships is: with the optimizer.
interface IBareSwap {
    function buy(uint256 amount) external;
}

/// @notice What a plan costs, intrinsic gas and refunds included, as in a transaction of its own: each call runs isolated,
/// the treasury already holds both tokens and a plan landed before. Numbers are kept in `snapshots/Gas.json`.
/// forge-config: default.isolate = true
contract GasTest is Lab {
    using SafeTransferLib for address;

    uint24 private constant FEE = 500;

    address[4] private borrowers;
    address private mixed;

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 4; ++i) {
            borrowers[i] = _openWethUsdc();
        }
        _give(weth, TREASURY, 1e18);
        _give(usdc, TREASURY, 1e6);
        // Owes an asset that it also supplies: health 0.98 at 1,650 USD.
        mixed = _open(weth, 5e18, usdc, 5000e6);
        _supply(mixed, usdc, 10_000e6);
        vm.prank(mixed);
        IPool(aave).borrow(usdc, 10_000e6, 2, 0, mixed);
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
        Plans.execute(liquidator, Plans.packed(plan));
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
        uint256 before = _debtOf(mixed, usdc);
        Leg[] memory legs = Plans.legs(Plans.leg(aave, mixed, usdc, 5000e6));
        Round memory round = Plans.loan(aave, usdc, 5000e6, legs, Plans.swaps());
        _measure("flash loan, same asset", Plans.plan(Plans.tokens(usdc, USD6_PRICE), Plans.rounds(round)));
        assertApproxEqAbs(_debtOf(mixed, usdc), before - 5000e6, 1, "landed");
    }

    // ---- what nobody can do without ----

    /// @dev The protocol's call alone, by an account with money and a standing allowance.
    function test_floorLiquidation() public {
        _give(usdc, TREASURY, 100_000e6);
        vm.startPrank(TREASURY);
        usdc.safeApprove(aave, type(uint256).max);
        IAaveV3Pool(aave).liquidationCall(weth, usdc, borrowers[0], type(uint256).max, false);
        vm.snapshotGasLastCall("Gas", "floor: liquidationCall");
        vm.stopPrank();
        assertEq(_debtOf(borrowers[0], usdc), 0, "landed");
    }

    /// @dev The pool's call alone, by a contract that has both tokens and checks nothing.
    function test_floorSwap() public {
        bytes memory args = abi.encode(_pool(weth, usdc, FEE), weth, weth < usdc);
        IBareSwap bare = IBareSwap(vm.deployCode("BareSwap.sol:BareSwap", args));
        _give(weth, address(bare), 100e18);
        _give(usdc, address(bare), 1e6);
        uint256 debt = _debtOf(borrowers[0], usdc);
        bare.buy(debt);
        vm.snapshotGasLastCall("Gas", "floor: swap");
        assertEq(IERC20(usdc).balanceOf(address(bare)), debt + 1e6, "bought");
    }
}
