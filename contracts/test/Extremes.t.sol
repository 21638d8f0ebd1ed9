// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ILiquidator, Plan, Profit } from "../interfaces/ILiquidator.sol";
import { Coin } from "./hostile/Coin.sol";
import { Plans } from "./Plans.sol";
import { Stage } from "./Stage.sol";

/// @notice Numbers without sense and tokens that do not answer: nothing wraps around, nothing is taken for granted.
contract ExtremesTest is Stage {
    function _expectExecuted(uint256 value, uint256 flashFee, Profit memory profit) private {
        Profit[] memory profits = new Profit[](1);
        profits[0] = profit;
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, value, Plans.tally(flashFee, 0, 1, 0), profits);
    }

    /// @dev A fee that its bits in the tally do not hold is written as the largest they do.
    function test_feeBeyondItsBits() public {
        Plan memory plan = _plan(_loan());
        plan.tokens[1].price = type(uint128).max;
        uint256 profit = SEIZED * 100 / 101 - DEBT - 0.1e18;
        _expectExecuted(profit * type(uint128).max / 1e18, type(uint112).max, Profit(address(debt), profit));
        _execute(plan);
        _assertClean();
    }

    /// @dev An amount that needs more than 128 bits is valued as exactly as any.
    function test_profitBeyond128Bits() public {
        uint256 gift = 2 ** 130 + 1;
        market.late(address(coll), abi.encodeCall(Coin.mint, (address(liquidator), gift)));
        uint256 profit = gift + SEIZED - PAY;
        _expectExecuted(profit, 0, Profit(address(coll), profit));
        assertEq(_execute(_plan(_flashSwap())), profit, "value");
        _assertClean();
    }

    /// @dev Beyond 256 bits the plan reverts, whatever its floor.
    function test_valueBeyond256Bits() public {
        market.late(address(coll), abi.encodeCall(Coin.mint, (address(liquidator), 2 ** 200)));
        Plan memory plan = _plan(_flashSwap());
        plan.tokens[0].price = type(uint128).max;
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        _execute(plan);
    }

    /// @dev What a spender may still pull must be known: to take no answer for none would leave an allowance standing.
    function test_tokenThatDoesNotTellItsAllowances() public {
        vm.mockCallRevert(address(debt), abi.encodeWithSelector(IERC20.allowance.selector), "");
        bytes memory reason = abi.encodeWithSelector(ILiquidator.NoAllowance.selector, address(debt));
        Plan memory plan = _plan(_flashSwap());
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.NothingLanded.selector, reason));
        _execute(plan);
    }
}
