// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Plan } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IDex223Module } from "../reference/IDex223.sol";
import { Dex223Legs } from "./Dex223Legs.sol";
import { Dex223Extra } from "./Dex223Packing.sol";

/// @notice Legs on Dex223 margin: freeze, confirm, and the reward in each of its forms.
contract Dex223ConfirmTest is Dex223Legs {
    // ---- freeze ----

    function _freezeAlone(IDex223Module module) private {
        uint256 id = _openSunk(module, 1)[0];
        _expectFrozen(module, id);
        _expectNoProfit(1, 0);
        assertEq(_execute(_dexPlan(Plans.legs(_freezeLeg(module, id)))), 0);
        _assertFrozenBy(module, id, address(liquidator), vm.getBlockTimestamp());
        _assertCleanDex(module);
    }

    function test_freezeAloneV1() public {
        _freezeAlone(moduleV1);
    }

    function test_freezeAloneV2() public {
        _freezeAlone(moduleV2);
    }

    function test_aSolventPositionIsNotFrozen() public {
        skip(WINDOW);
        uint256 id = _openPosition(moduleV1, _openOrder(moduleV1, address(0), REWARD));
        _expectNothingLanded(
            _dexPlan(Plans.legs(_freezeLeg(moduleV1, id))), _failed(0, _text("Liquidation criteria are not met"))
        );
        id = _openPosition(moduleV2, _openOrder(moduleV2, address(0), REWARD));
        _expectNothingLanded(_dexPlan(Plans.legs(_freezeLeg(moduleV2, id))), _failed(0, _text("Not liquidatable")));
    }

    /// @dev A leg that means to freeze never confirms: V2 would pay the reward for a rival's freeze.
    function test_aFreezeThatWouldConfirmIsUndone() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _liquidateAs(moduleV2, id, RIVAL, RIVAL);
        uint256 frozen = vm.getBlockTimestamp();
        skip(12);
        _expectNothingLanded(_dexPlan(Plans.legs(_freezeLeg(moduleV2, id))), _failed(0, _notLanded(moduleV2, id)));
        _assertFrozenBy(moduleV2, id, RIVAL, frozen);
    }

    // ---- confirm ----

    function _native(IDex223Module module) private {
        uint256 id = _openSunk(module, 1)[0];
        _freeze(module, id);
        _expectReward(module, id, weth, REWARD);
        _expectExecuted(weth, REWARD, WETH_PRICE, 0, 1, 0);
        _execute(_dexPlan(Plans.legs(_confirmLeg(module, id))));
        assertEq(_treasury(weth), REWARD);
        assertFalse(module.positions(id).open);
        _assertCleanDex(module);
    }

    function test_aNativeRewardArrivesAsWethV1() public {
        _native(moduleV1);
    }

    function test_aNativeRewardArrivesAsWethV2() public {
        _native(moduleV2);
    }

    function _confirmed(IDex223Module module, address reward, address through, address token, uint256 amount) private {
        uint256 id = _openInsolvent(module, reward, amount);
        _freeze(module, id);
        Dex223Extra memory extra = _extra(true);
        (extra.reward, extra.converter) = (reward, through);
        uint256 price = 3e26;
        _expectReward(module, id, token, amount);
        _expectExecuted(token, amount, price, 0, 1, 0);
        _execute(_dexPlan(token, price, Plans.legs(_dexLeg(module, id, token, extra))));
        assertEq(_treasury(token), amount);
        assertEq(IERC20(reward).balanceOf(address(liquidator)), 0, "reward left");
        _assertCleanDex(module);
    }

    function test_anErc20RewardV1() public {
        _confirmed(moduleV1, wbtc, address(0), wbtc, 1e6);
    }

    function test_anErc20RewardV2() public {
        _confirmed(moduleV2, wbtc, address(0), wbtc, 1e6);
    }

    function test_anErc223RewardIsConvertedV1() public {
        _confirmed(moduleV1, _newWrapper(wbtc), address(converter), wbtc, 1e6);
    }

    function test_anErc223RewardIsConvertedV2() public {
        _confirmed(moduleV2, _newWrapper(wbtc), address(converter), wbtc, 1e6);
    }

    /// @dev Without an ERC-20 form it is handed on as it is.
    function test_anErc223RewardOfItsOwn() public {
        address token = _newErc223("E223");
        _confirmed(moduleV2, token, address(0), token, 5e18);
    }

    // ---- time ----

    function test_theLastSecondOfTheHourConfirms() public {
        uint256 id = _openSunk(moduleV1, 1)[0];
        _freeze(moduleV1, id);
        skip(3600 - 12);
        _expectReward(moduleV1, id, weth, REWARD);
        _execute(_dexPlan(Plans.legs(_confirmLeg(moduleV1, id))));
    }

    /// @dev A second later the module freezes anew and says nothing: undone, so the old freeze stands.
    function _silentRefreeze(IDex223Module module) private {
        uint256 id = _openSunk(module, 1)[0];
        uint256 frozen = vm.getBlockTimestamp();
        _freeze(module, id);
        skip(3601 - 12);
        Plan memory plan = _dexPlan(Plans.legs(_confirmLeg(module, id)));
        _expectNothingLanded(plan, _failed(0, _notLanded(module, id)));
        _assertFrozenBy(module, id, address(liquidator), frozen);
        // A freeze is what lands now.
        _expectFrozen(module, id);
        _execute(_dexPlan(Plans.legs(_freezeLeg(module, id))));
        _assertFrozenBy(module, id, address(liquidator), frozen + 3601);
    }

    function test_aSilentRefreezeIsNoConfirmationV1() public {
        _silentRefreeze(moduleV1);
    }

    function test_aSilentRefreezeIsNoConfirmationV2() public {
        _silentRefreeze(moduleV2);
    }

    /// @dev Nobody froze before: the call would only freeze.
    function test_aConfirmationWithoutAFreezeLeavesNone() public {
        uint256 id = _openSunk(moduleV1, 1)[0];
        _expectNothingLanded(_dexPlan(Plans.legs(_confirmLeg(moduleV1, id))), _failed(0, _notLanded(moduleV1, id)));
        _assertFrozenBy(moduleV1, id, address(0), 0);
    }

    function test_notInTheSecondOfTheFreeze() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _execute(_dexPlan(Plans.legs(_freezeLeg(moduleV2, id))));
        _expectNothingLanded(
            _dexPlan(Plans.legs(_confirmLeg(moduleV2, id))), _failed(0, _text("Freeze and liquidate: same block"))
        );
    }

    // ---- a rival's freeze ----

    function test_aRivalsFreezeIsConfirmedInV2() public {
        uint256 id = _openSunk(moduleV2, 1)[0];
        _liquidateAs(moduleV2, id, RIVAL, RIVAL);
        skip(1);
        _expectReward(moduleV2, id, weth, REWARD);
        _execute(_dexPlan(Plans.legs(_confirmLeg(moduleV2, id))));
        assertEq(_treasury(weth), REWARD);
    }

    function test_aRivalsFreezeThatMustSellIsNotOursInV1() public {
        uint256 id = _openSunk(moduleV1, 1)[0];
        _liquidateAs(moduleV1, id, RIVAL, RIVAL);
        uint256 frozen = vm.getBlockTimestamp();
        skip(1);
        Plan memory plan = _dexPlan(Plans.legs(_confirmLeg(moduleV1, id)));
        _expectNothingLanded(plan, _failed(0, _text("Only owner or liquidator")));
        _assertFrozenBy(moduleV1, id, RIVAL, frozen);
    }

    /// @dev With nothing to sell anybody confirms: 20 % a month on 20,000 exceeds 30,000 after 75 days.
    function test_aRivalsFreezeOfABasePositionIsConfirmedInV1() public {
        uint256 id = _openInBase(moduleV1);
        skip(76 days);
        _liquidateAs(moduleV1, id, RIVAL, RIVAL);
        skip(1);
        _expectReward(moduleV1, id, weth, REWARD);
        _execute(_dexPlan(Plans.legs(_confirmLeg(moduleV1, id))));
        assertEq(_treasury(weth), REWARD);
        _assertCleanDex(moduleV1);
    }
}
