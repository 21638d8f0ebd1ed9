// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Plan } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";

/// @title Measured
/// @notice What the benches share: a plan as a keeper sends it, and its gas into `snapshots/bench.json`.
abstract contract Measured is Lab {
    /// @dev Another liquidation first, so that nothing is written for the first time; both tokens lie at the treasury.
    function _warm(Plan memory plan) internal {
        _give(weth, TREASURY, 1e18);
        _give(usdc, TREASURY, 1e6);
        _execute(plan);
        vm.roll(vm.getBlockNumber() + 300);
        skip(1 hours);
    }

    function _measure(string memory name, Plan memory plan) internal {
        plan.validUntil = vm.getBlockTimestamp() + 180;
        bytes memory data = abi.encodeCall(liquidator.execute, (plan));
        _execute(plan);
        vm.snapshotGasLastCall("bench", string.concat(name, ".total"));
        vm.snapshotValue("bench", string.concat(name, ".calldata-bytes"), data.length);
    }

    /// @dev The call before this one did the same with nothing else.
    function _measuredFloor(string memory name) internal {
        vm.snapshotGasLastCall("bench", string.concat(name, ".floor"));
    }
}
