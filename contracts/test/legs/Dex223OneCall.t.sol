// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Plan, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IDex223Module } from "../reference/IDex223.sol";
import { Dex223Legs } from "./Dex223Legs.sol";
import { Dex223Extra } from "./Dex223Packing.sol";

/// @notice Legs on Dex223 margin that are one call: alone in a plan they run in no frame of their own, beside others they do,
/// and what the module does instead of what was asked is undone either way.
contract Dex223OneCallTest is Dex223Legs {
    // ---- alone ----

    function _native(IDex223Module module) private {
        uint256 id = _openSunk(module, 1)[0];
        _expectFrozen(module, id);
        _expectNoProfit(1, 0);
        _execute(_nativePlan(Plans.legs(_nativeLeg(module, id, false))));
        _assertFrozenBy(module, id, address(liquidator), vm.getBlockTimestamp());
        skip(12);
        _expectReward(module, id, address(0), REWARD);
        _expectExecuted(address(0), REWARD, WETH_PRICE, 0, 1, 0);
        assertEq(_execute(_nativePlan(Plans.legs(_nativeLeg(module, id, true)))), REWARD);
        assertEq(TREASURY.balance, REWARD, "treasury");
        assertFalse(module.positions(id).open);
        _assertCleanDex(module);
    }

    function test_aNativeRewardStaysNativeV1() public {
        _native(moduleV1);
    }

    function test_aNativeRewardStaysNativeV2() public {
        _native(moduleV2);
    }

    /// @dev A lender may promise nothing: what there is to go by then is the position itself.
    function _unrewarded(IDex223Module module) private {
        uint256 id = _openInsolvent(module, address(0), 0);
        _freeze(module, id);
        uint256 frozen = vm.getBlockTimestamp() - 12;
        skip(3600);
        Plan memory plan = _nativePlan(Plans.legs(_nativeLeg(module, id, true)));
        _expectNothingLanded(plan, _failed(0, _notLanded(module, id)));
        _assertFrozenBy(module, id, address(liquidator), frozen);
        _freeze(module, id);
        _expectReward(module, id, address(0), 0);
        _expectNoProfit(1, 0);
        _execute(plan);
        assertFalse(module.positions(id).open);
    }

    function test_aConfirmationWithoutARewardIsOneTooV1() public {
        _unrewarded(moduleV1);
    }

    function test_aConfirmationWithoutARewardIsOneTooV2() public {
        _unrewarded(moduleV2);
    }

    /// @dev The module pays the treasury itself, which is profit once, however often the plan lists the coin; what lay here is
    /// none.
    function test_theRewardCountsOnceAndWhatLayHereDoesNot() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _freeze(moduleV2, id);
        Plan memory plan = _nativePlan(Plans.legs(_nativeLeg(moduleV2, id, true)));
        plan.tokens = Plans.tokens(address(0), WETH_PRICE, address(0), WETH_PRICE);
        vm.deal(address(liquidator), 1 ether);
        vm.expectCall(address(moduleV2), abi.encodeCall(IDex223Module.liquidate, (id, TREASURY)), 1);
        _expectExecuted(address(0), REWARD, WETH_PRICE, 0, 1, 0);
        assertEq(_execute(plan), REWARD);
        assertEq(TREASURY.balance, 1 ether + REWARD, "treasury");
    }

    function test_theFloorCountsTheReward() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _freeze(moduleV2, id);
        Plan memory plan = _nativePlan(Plans.legs(_nativeLeg(moduleV2, id, true)));
        plan.floor = REWARD + 1;
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BelowFloor.selector, REWARD, REWARD + 1));
        _execute(plan);
        plan.floor = REWARD;
        assertEq(_execute(plan), REWARD);
    }

    /// @dev With a tip the reward has to come here first.
    function test_aTipOutOfANativeReward() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _freeze(moduleV2, id);
        vm.prank(OWNER);
        liquidator.setTipCap(1000);
        Plan memory plan = _nativePlan(Plans.legs(_nativeLeg(moduleV2, id, true)));
        plan.tip = REWARD / 10;
        uint256 before = block.coinbase.balance;
        _expectReward(moduleV2, id, address(0), REWARD);
        assertEq(_execute(plan), REWARD - REWARD / 10);
        assertEq(block.coinbase.balance - before, REWARD / 10, "tip");
        assertEq(TREASURY.balance, REWARD - REWARD / 10, "treasury");
        _assertCleanDex(moduleV2);
    }

    function test_nobodyAtTheModulesAddress() public {
        IDex223Module nobody = IDex223Module(makeAddr("nobody"));
        for (uint256 i; i < 2; ++i) {
            Plan memory plan = _nativePlan(Plans.legs(_nativeLeg(nobody, 7, i == 1)));
            _expectNothingLanded(plan, _failed(0, _notLanded(nobody, 7)));
        }
    }

    // ---- beside others ----

    /// @dev Two positions; the first was frozen more than an hour ago, so that confirming it only freezes it anew.
    function _lateAndDue() private returns (uint256 late, uint256 due, uint256 frozen) {
        uint256[] memory ids = _openSunk(moduleV2, 2);
        (late, due, frozen) = (ids[0], ids[1], vm.getBlockTimestamp());
        _freeze(moduleV2, late);
        skip(3601 - 24);
        _freeze(moduleV2, due);
    }

    function test_aSilentRefreezeBesideAConfirmationIsUndone() public {
        (uint256 late, uint256 due, uint256 frozen) = _lateAndDue();
        Leg[] memory legs = Plans.legs(_nativeLeg(moduleV2, late, true), _nativeLeg(moduleV2, due, true));
        _expectSkipped(address(moduleV2), _position(late), 0, _notLanded(moduleV2, late));
        _expectReward(moduleV2, due, address(0), REWARD);
        _expectExecuted(address(0), REWARD, WETH_PRICE, 0, 1, 1);
        _execute(_nativePlan(legs));
        _assertFrozenBy(moduleV2, late, address(liquidator), frozen);
        _assertCleanDex(moduleV2);
    }

    function test_aSilentRefreezeInARoundOfItsOwnIsUndone() public {
        (uint256 late, uint256 due, uint256 frozen) = _lateAndDue();
        Plan memory plan = _nativePlan(Plans.legs(_nativeLeg(moduleV2, late, true)));
        Round memory first = plan.rounds[0];
        Round memory second = _nativePlan(Plans.legs(_nativeLeg(moduleV2, due, true))).rounds[0];
        plan.rounds = Plans.rounds(first, second);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.RoundSkipped(0, address(0), _failed(0, _notLanded(moduleV2, late)));
        _expectReward(moduleV2, due, address(0), REWARD);
        _expectExecuted(address(0), REWARD, WETH_PRICE, 0, 1, 1);
        _execute(plan);
        _assertFrozenBy(moduleV2, late, address(liquidator), frozen);
        _assertCleanDex(moduleV2);
    }

    /// @dev A reward in a token that its round sells.
    function test_aRewardIsSoldInItsRound() public {
        uint256 id = _openInsolvent(moduleV2, weth, REWARD);
        _freeze(moduleV2, id);
        Dex223Extra memory extra = _extra(true);
        extra.reward = weth;
        Plan memory plan = _dexPlan(Plans.legs(_dexLeg(moduleV2, id, weth, extra)));
        plan.tokens = _wethUsdc();
        plan.rounds[0].swaps = _sellAll(weth, usdc);
        uint256 out = _quoteOut(weth, usdc, 500, REWARD);
        _expectReward(moduleV2, id, weth, REWARD);
        _execute(plan);
        assertEq(_treasury(weth), 0, "not sold");
        // The confirmation itself sells in one of the pools first, so the quote is an upper bound of a pool left alone.
        assertLe(_treasury(usdc), out);
        assertGt(_treasury(usdc), 0, "sold for nothing");
        _assertCleanDex(moduleV2);
    }

    // ---- what says nothing ----

    /// @dev Neither of the forms: bytes that are missing would be those of the next leg.
    function test_extrasOfNoForm() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _freeze(moduleV2, id);
        uint256[5] memory lengths = [uint256(1), 4, 6, 44, 46];
        for (uint256 i; i < lengths.length; ++i) {
            bytes memory extra = new bytes(lengths[i]);
            extra[0] = 0x01;
            Leg memory leg = Leg(Protocol.Dex223, address(moduleV2), _position(id), address(0), 0, extra);
            _expectNothingLanded(
                _nativePlan(Plans.legs(leg)), _failed(0, abi.encodePacked(ILiquidator.BadEncoding.selector))
            );
        }
    }

    function test_nothingStandsBehindThePlan() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        bytes memory packed = Plans.packed(_nativePlan(Plans.legs(_nativeLeg(moduleV2, id, false))));
        vm.expectRevert(ILiquidator.BadEncoding.selector);
        vm.prank(OPERATOR);
        Plans.execute(liquidator, bytes.concat(packed, hex"00"));
    }
}
