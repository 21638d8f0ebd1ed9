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
    function afterInvariant() public {
        uint256 plans;
        uint256 succeeded;
        for (uint256 i; i < KINDS; ++i) {
            (plans, succeeded) = (plans + sent[i], succeeded + landed[i]);
        }
        _sumUp(plans, succeeded);
        assertEq(landed[uint256(Kind.Honest)], sent[uint256(Kind.Honest)], "an honest plan failed");
        assertEq(landed[uint256(Kind.Stale)], 0, "a stale plan landed");
        if (plans >= 20) assertGe(succeeded * 100, plans * 30, "too few plans landed");
    }

    // ---- sums over all runs ----

    /// @dev Between runs forge forgets all but the process' environment. It runs the last one twice, for its logs: the run
    /// that ends as the one before did is that, and adds nothing.
    function _sumUp(uint256 plans, uint256 succeeded) private {
        string memory run = vm.toString(keccak256(abi.encode(sent, landed, vm.getBlockTimestamp(), _treasury(weth))));
        bool again = keccak256(bytes(run)) == keccak256(bytes(vm.envOr("CROWD_RUN", string(""))));
        vm.setEnv("CROWD_RUN", run);
        string[KINDS] memory names = ["honest", "stale", "hostile", "mutated"];
        for (uint256 i; i < KINDS; ++i) {
            (uint256 sumSent, uint256 sumLanded) = _printSum(names[i], again, sent[i], landed[i]);
            // A thief's plans that never land would prove nothing either, and of one run's there are too few to tell.
            if (i == uint256(Kind.Stale) || sumSent < 100) continue;
            assertGe(sumLanded * 10, sumSent, string.concat("too few landed of those that are ", names[i]));
        }
        _printSum("all", again, plans, succeeded);
        console.log("runs: %d", _sum("RUNS", again, 1));
    }

    function _printSum(string memory kind, bool again, uint256 plans, uint256 succeeded)
        private
        returns (uint256 sumSent, uint256 sumLanded)
    {
        sumSent = _sum(string.concat("SENT_", kind), again, plans);
        sumLanded = _sum(string.concat("LANDED_", kind), again, succeeded);
        console.log(string.concat(kind, ": %d plans, %d landed"), sumSent, sumLanded);
    }

    function _sum(string memory what, bool again, uint256 term) private returns (uint256 sum) {
        string memory key = string.concat("CROWD_", what);
        sum = vm.envOr(key, uint256(0)) + (again ? 0 : term);
        vm.setEnv(key, vm.toString(sum));
    }
}
