// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Lab } from "../Lab.sol";
import { Dex223Legs } from "../legs/Dex223Legs.sol";
import { Plans } from "../Plans.sol";
import { Measured } from "./Measured.sol";

/// @notice `pnpm bench:gas`: a Dex223 position frozen and confirmed through the Liquidator, and by an account of its own that
/// calls the module and has the reward, 0.1 of the native coin, sent to the treasury.
/// forge-config: default.isolate = true
contract Dex223GasBench is Dex223Legs, Measured {
    address private immutable BARE = makeAddr("bare");

    uint256[] private ids;

    function setUp() public override(Dex223Legs, Lab) {
        super.setUp();
        ids = _openSunk(moduleV2, 2);
        _freeze(moduleV2, ids[0]);
        vm.deal(TREASURY, 1 ether);
        _warm(_nativePlan(Plans.legs(_nativeLeg(moduleV2, ids[0], true))));
    }

    function test_freeze() public {
        _measure("gas.dex223.none.freeze", _nativePlan(Plans.legs(_nativeLeg(moduleV2, ids[1], false))));
    }

    function test_freezeFloor() public {
        _liquidateAs(moduleV2, ids[1], BARE, TREASURY);
        _measuredFloor("gas.dex223.none.freeze");
        _assertFrozenBy(moduleV2, ids[1], BARE, vm.getBlockTimestamp());
    }

    function test_confirm() public {
        _freeze(moduleV2, ids[1]);
        _measure("gas.dex223.none.confirm", _nativePlan(Plans.legs(_nativeLeg(moduleV2, ids[1], true))));
    }

    function test_confirmFloor() public {
        _liquidateAs(moduleV2, ids[1], BARE, TREASURY);
        uint256 before = TREASURY.balance;
        _liquidateAs(moduleV2, ids[1], BARE, TREASURY);
        _measuredFloor("gas.dex223.none.confirm");
        assertEq(TREASURY.balance - before, REWARD, "the floor earned nothing");
    }
}
