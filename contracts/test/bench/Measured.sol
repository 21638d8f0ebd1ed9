// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Plan } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";

/// @title Measured
/// @notice What the benches share: a plan as a keeper sends it, and its gas into `snapshots/bench.json`.
abstract contract Measured is Lab {
    mapping(address token => uint256) private _had;

    /// @dev Another liquidation first, so that nothing is written for the first time; both tokens lie at the treasury.
    function _warm(Plan memory plan) internal {
        _give(weth, TREASURY, 1e18);
        _give(usdc, TREASURY, 1e6);
        _execute(plan);
        vm.roll(vm.getBlockNumber() + 300);
        skip(1 hours);
        (_had[weth], _had[usdc]) = (_treasury(weth), _treasury(usdc));
    }

    function _measure(string memory name, Plan memory plan) internal {
        plan.validUntil = vm.getBlockTimestamp() + 180;
        bytes memory data = Plans.call(plan);
        _execute(plan);
        vm.snapshotGasLastCall("bench", string.concat(name, ".total"));
        vm.snapshotValue("bench", string.concat(name, ".calldata-bytes"), data.length);
    }

    /// @dev The call before this one did the same with nothing else.
    function _measuredFloor(string memory name) internal {
        vm.snapshotGasLastCall("bench", string.concat(name, ".floor"));
    }

    /// @dev As above, and `profit` at the treasury shows that it did.
    function _measuredFloor(string memory name, address profit) internal {
        _measuredFloor(name);
        assertGt(_treasury(profit), _had[profit], "the floor earned nothing");
    }
}
