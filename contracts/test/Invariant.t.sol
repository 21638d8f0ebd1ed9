// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { console } from "forge-std/console.sol";
import { Crowd } from "./Crowd.sol";

/// @notice What holds whatever anybody does, a thief of the operator's key included.
contract InvariantTest is Crowd {
    function setUp() public override {
        super.setUp();
        bytes4[] memory selectors = new bytes4[](10);
        selectors[0] = this.honestFlashSwap.selector;
        selectors[1] = this.honestLoan.selector;
        selectors[2] = this.stalePlan.selector;
        selectors[3] = this.hostilePlan.selector;
        selectors[4] = this.mutatedPlan.selector;
        selectors[5] = this.stranger.selector;
        selectors[6] = this.donate.selector;
        selectors[7] = this.movePrice.selector;
        selectors[8] = this.movePool.selector;
        selectors[9] = this.pass.selector;
        targetContract(address(this));
        targetSelector(FuzzSelector(address(this), selectors));
    }

    /// forge-config: default.invariant.runs = 32
    /// forge-config: no-ir.invariant.runs = 32
    /// @dev `broken` holds what no single action may do: see {Crowd}.
    function invariant_nothingOfOursIsLost() public view {
        assertEq(broken, "");
        assertEq(liquidator.owner(), OWNER, "owner");
        assertEq(liquidator.treasury(), TREASURY, "treasury");
        assertTrue(liquidator.operators(OPERATOR), "operator");

        address[4] memory tokens = _tokens();
        address[5] memory spenders = [aave, pool, address(hostilePool), address(hostileMarket), OPERATOR];
        for (uint256 i; i < 4; ++i) {
            for (uint256 j; j < 5; ++j) {
                assertEq(IERC20(tokens[i]).allowance(address(liquidator), spenders[j]), 0, "allowance left");
            }
        }
    }

    /// @dev A crowd whose plans all fail would prove nothing.
    function afterInvariant() public view {
        console.log("plans %d, landed %d", executed, landed);
        console.log("honest %d, landed %d", honest, honestLanded);
        assertEq(honestLanded, honest, "an honest plan failed");
        if (executed >= 20) assertGe(landed * 100, executed * 30, "too few plans landed");
    }
}
