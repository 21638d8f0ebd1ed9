// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Plan, Round } from "../interfaces/ILiquidator.sol";
import { Coin } from "./hostile/Coin.sol";
import { Fault, Pool } from "./hostile/Pool.sol";
import { Plans } from "./Plans.sol";
import { Stage } from "./Stage.sol";

/// @notice Pools, lenders, markets and tokens that take part and cheat.
contract HostileTest is Stage {
    /// @dev The same on its own, before an honest round, and before an honest plan in the same transaction.
    function _expectHarmless(Round memory round, bytes memory reason) private {
        uint256 before = vm.snapshotState();
        _expectNothingLanded(_plan(round), reason);
        vm.revertToState(before);
        _expectSkippedAndHonestLands(round, reason, 0);
        vm.revertToState(before);
        _assertNextPlanLands(_plan(round));
    }

    /// @dev What a round keeps of a reason: its first 256 bytes.
    function _kept(bytes memory reason) private pure returns (bytes memory) {
        if (reason.length > 256) {
            assembly ("memory-safe") {
                mstore(reason, 256)
            }
        }
        return reason;
    }

    function _legFailed(bytes memory reason) private pure returns (bytes memory) {
        return _kept(abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, reason));
    }

    function _short(uint256 balance) private view returns (bytes memory) {
        return
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientBalance.selector, address(liquidator), balance, DEBT);
    }

    // ---- pools and lenders ----

    function test_poolPaysNothing() public {
        pool.misbehave(Fault.NoPayout, "");
        _expectHarmless(_flashSwap(), _legFailed(_short(0)));
    }

    function test_poolPaysLess() public {
        pool.misbehave(Fault.ShortPayout, "");
        _expectHarmless(_flashSwap(), _legFailed(_short(DEBT - 1)));
    }

    function test_poolAdmitsToPayingLess() public {
        pool.misbehave(Fault.ShortDelta, "");
        _expectHarmless(_flashSwap(), abi.encodeWithSelector(ILiquidator.ShortFunding.selector, DEBT - 1, DEBT));
    }

    function test_lenderPaysNothing() public {
        pool.misbehave(Fault.NoPayout, "");
        _expectHarmless(_loan(), _legFailed(_short(0)));
    }

    function test_poolAsksForMore() public {
        pool.misbehave(Fault.AsksDouble, "");
        _expectHarmless(_flashSwap(), abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, 2 * PAY, PAY));
    }

    function test_venueAsksForMore() public {
        venue.misbehave(Fault.AsksDouble, "");
        bytes memory reason = abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, 2 * SEIZED, SEIZED);
        uint256 before = vm.snapshotState();
        _expectNothingLanded(_plan(_loan()), reason);
        vm.revertToState(before);
        _expectSkippedAndHonestLands(_loan(), reason, 0);
    }

    function test_venuePaysLess() public {
        venue.misbehave(Fault.ShortPayout, "");
        uint256 out = SEIZED * 100 / 101;
        _expectNothingLanded(_plan(_loan()), abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out - 1, out));
    }

    function test_venueDoesNotCallBack() public {
        venue.misbehave(Fault.NoCallback, "");
        _expectNothingLanded(_plan(_loan()), abi.encodeWithSelector(ILiquidator.NoCallback.selector, address(venue)));
    }

    /// @dev A megabyte of revert data: 256 bytes are kept, and the round after it still has gas to land.
    function test_revertBomb() public {
        pool.misbehave(Fault.RevertBomb, "");
        _expectHarmless(_flashSwap(), new bytes(256));
        _expectHarmless(_loan(), new bytes(256));
    }

    /// @dev The loan stays as profit, but the right to pull it later does not.
    function test_lenderThatDoesNotPullKeepsNoAllowance() public {
        pool.misbehave(Fault.KeepsAllowance, "");
        uint256 out = SEIZED * 100 / 101;
        assertEq(_execute(_plan(_loan())), out, "value: the sale, since the loan was repaid by nobody");
        assertEq(debt.balanceOf(TREASURY), out, "treasury");
        _assertClean();
    }

    function test_poolReentersExecute() public {
        bytes memory call = Plans.call(_plan(_flashSwap()));
        pool.early(address(contractOperator), abi.encodeCall(contractOperator.forward, (address(liquidator), call)));
        pool.late(address(contractOperator), abi.encodeCall(contractOperator.forward, (address(liquidator), call)));
        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        for (uint256 i; i < 2; ++i) {
            (bool ok, bytes memory answer) = pool.answer(i);
            assertFalse(ok, "re-entered");
            assertEq(answer, abi.encodePacked(ILiquidator.Reentered.selector));
        }
        _assertClean();
    }

    // ---- markets ----

    function test_marketTakesAndGivesNothing() public {
        market.turnGreedy();
        bytes memory broke = abi.encodeWithSelector(SafeTransferLib.TransferFailed.selector);
        _expectHarmless(_flashSwap(), broke);
        _expectNothingLanded(
            _plan(_loan()),
            abi.encodeWithSelector(
                IERC20Errors.ERC20InsufficientBalance.selector, address(liquidator), 0, DEBT + DEBT / 1000
            )
        );
    }

    function test_marketThatDoesNothing() public {
        market.turnSilent();
        bytes memory nothing = abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, address(market));
        _expectHarmless(_flashSwap(), _legFailed(nothing));
        _expectHarmless(_loan(), _legFailed(nothing));
    }

    function test_marketWithoutCode() public {
        Round memory round = _flashSwap();
        round.legs[0].market = makeAddr("nobody");
        _expectNothingLanded(
            _plan(round), _legFailed(abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, round.legs[0].market))
        );
    }

    function test_sourceWithoutCode() public {
        Round memory round = _flashSwap();
        round.source = makeAddr("nobody");
        _expectNothingLanded(_plan(round), abi.encodeWithSelector(ILiquidator.NoCallback.selector, round.source));
    }

    // ---- tokens ----

    /// @dev A debt token that burns 1 % on the way cannot repay what was asked: the leg fails, nothing is left.
    function test_feeOnTransferDebt() public {
        debt.turnFeeOnTransfer();
        _expectNothingLanded(_plan(_flashSwap()), _legFailed(_short(DEBT * 99 / 100)));
    }

    /// @dev Collateral that burns 1 %: the pool gets less than it asked for and refuses by itself.
    function test_feeOnTransferCollateral() public {
        coll.turnFeeOnTransfer();
        _expectNothingLanded(_plan(_flashSwap()), abi.encodeWithSignature("Error(string)", "IIA"));
    }

    /// @dev What a fee token leaves is measured where it arrives, so the floor holds for what the treasury has.
    function test_feeOnTransferProfitIsMeasuredAtTheTreasury() public {
        coll.turnFeeOnTransfer();
        pool.misbehave(Fault.KeepsAllowance, ""); // content with what arrives
        Round memory round = _flashSwap();
        uint256 left = SEIZED * 99 / 100 - PAY;
        uint256 received = left - left / 100;
        Plan memory plan = _plan(round);
        plan.floor = received + 1;
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BelowFloor.selector, received, received + 1));
        _execute(plan);
        plan.floor = received;
        assertEq(_execute(plan), received, "value");
        assertEq(coll.balanceOf(TREASURY), received, "treasury");
        _assertClean();
    }

    function test_tokenThatAnswersFalse() public {
        coll.turnFalse();
        _expectNothingLanded(_plan(_flashSwap()), _legFailed(""));
    }

    /// @dev A token that calls everybody it can think of during every transfer.
    function test_tokenReenters() public {
        bytes memory call = Plans.call(_plan(_flashSwap()));
        bytes memory data = Plans.encoded(_flashSwap(), _tokens());
        vm.prank(OWNER);
        liquidator.setOperator(address(coll), true);
        coll.early(address(liquidator), call);
        coll.early(address(liquidator), abi.encodeCall(ILiquidator.rescue, (address(coll), 1)));
        coll.early(address(liquidator), abi.encodeCall(liquidator.runUnfunded, (data)));
        coll.early(address(liquidator), abi.encodeCall(liquidator.uniswapV3SwapCallback, (PAY_DELTA, DEBT_DELTA, data)));
        coll.turnActing();

        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        // Three transfers: seized, paid, profit.
        assertEq(coll.answered(), 12, "attempts");
        bytes[4] memory errors = [
            abi.encodeWithSelector(ILiquidator.Reentered.selector),
            abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, coll),
            _unexpected(address(coll), liquidator.runUnfunded.selector),
            _unexpected(address(coll), liquidator.uniswapV3SwapCallback.selector)
        ];
        for (uint256 i; i < 12; ++i) {
            (bool ok, bytes memory answer) = coll.answer(i);
            assertFalse(ok, "a token re-entered");
            assertEq(answer, errors[i % 4]);
        }
        assertEq(coll.balanceOf(TREASURY), SEIZED - PAY, "treasury");
        _assertClean();
    }

    /// @dev The sweep is the first call out that could come back.
    function test_tokenReentersWhenSwept() public {
        coll.mint(address(liquidator), 50e18);
        vm.prank(OWNER);
        liquidator.setOperator(address(coll), true);
        coll.early(address(liquidator), Plans.call(_plan(_flashSwap())));
        coll.turnActing();

        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        // Four transfers: swept, seized, paid, profit.
        assertEq(coll.answered(), 4, "attempts");
        for (uint256 i; i < 4; ++i) {
            (bool ok, bytes memory answer) = coll.answer(i);
            assertFalse(ok, "re-entered");
            assertEq(answer, abi.encodePacked(ILiquidator.Reentered.selector));
        }
        assertEq(coll.balanceOf(TREASURY), 50e18 + SEIZED - PAY, "treasury");
        _assertClean();
    }

    /// @dev Even the owner's own rescue is locked while a plan runs.
    function test_rescueWhileExecuting() public {
        vm.prank(OWNER);
        liquidator.transferOwnership(address(contractOperator));
        contractOperator.forward(address(liquidator), abi.encodeWithSignature("acceptOwnership()"));
        bytes memory call = abi.encodeCall(ILiquidator.rescue, (address(debt), DEBT));
        market.early(address(contractOperator), abi.encodeCall(contractOperator.forward, (address(liquidator), call)));
        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        (bool ok, bytes memory answer) = market.answer(0);
        assertFalse(ok, "rescued while executing");
        assertEq(answer, abi.encodePacked(ILiquidator.Reentered.selector));
    }

    // ---- at rest ----

    /// @dev What lay here goes to the treasury first: no leg can spend it, no floor counts it.
    function test_atRestIsSweptAndNoProfit() public {
        coll.mint(address(liquidator), 50e18);
        debt.mint(address(liquidator), 1000e18);
        Plan memory plan = _plan(_flashSwap());
        plan.floor = SEIZED - PAY + 1;
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BelowFloor.selector, SEIZED - PAY, plan.floor));
        _execute(plan);

        plan.floor = SEIZED - PAY;
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(address(coll), 50e18);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(address(debt), 1000e18);
        assertEq(_execute(plan), SEIZED - PAY, "value");
        assertEq(coll.balanceOf(TREASURY), 50e18 + SEIZED - PAY, "collateral at the treasury");
        assertEq(debt.balanceOf(TREASURY), 1000e18, "debt token at the treasury");
        _assertClean();
    }

    function test_atRestCannotRepay() public {
        debt.mint(address(liquidator), 1000e18);
        pool.misbehave(Fault.NoPayout, "");
        _expectNothingLandedWith(1000e18, _plan(_flashSwap()), _legFailed(_short(0)));
        Round memory round = Plans.unfunded(address(debt), DEBT, Plans.legs(_leg()), Plans.swaps());
        _expectNothingLandedWith(1000e18, _plan(round), _legFailed(_short(0)));
    }

    /// @dev A token at rest that the plan does not list stays where it is.
    function test_atRestUnlistedStays() public {
        Coin other = new Coin();
        other.mint(address(liquidator), 7);
        _execute(_plan(_flashSwap()));
        assertEq(other.balanceOf(address(liquidator)), 7, "unlisted token moved");
    }

    function _expectNothingLandedWith(uint256 atRest, Plan memory plan, bytes memory reason) private {
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.NothingLanded.selector, reason));
        _execute(plan);
        assertEq(debt.balanceOf(address(liquidator)), atRest, "at rest");
    }
}
