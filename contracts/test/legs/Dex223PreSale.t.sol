// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { Plan } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IDex223Module } from "../reference/IDex223.sol";
import { Dex223Legs } from "./Dex223Legs.sol";
import { Dex223Extra, PreSale } from "./Dex223Packing.sol";

/// @notice Sales out of a frozen position: only with its confirmation, at 95 % of the oracle's value or above.
contract Dex223PreSaleTest is Dex223Legs {
    using SafeCastLib for uint256;

    uint256 private id;
    uint256 private held;

    /// @dev The pool that the oracle does not look at, so that the two can differ.
    uint24 private other;

    function _sink(IDex223Module module) private {
        id = _openSunk(module, 1)[0];
        held = module.getPositionBalances(id)[1];
        (,, uint24 looked) = _oracleOf(module).findPoolWithHighestLiquidity(weth, usdc);
        other = looked == 500 ? 3000 : 500;
    }

    function _preSale(uint256 amount, uint256 minOut) private view returns (PreSale memory) {
        return PreSale(1, 1, 0, amount.toUint128(), other, minOut.toUint128());
    }

    function _extraWith(bool confirm, PreSale memory a) private pure returns (Dex223Extra memory extra) {
        extra = _extra(confirm);
        extra.preSales = new PreSale[](1);
        extra.preSales[0] = a;
    }

    function _plan(IDex223Module module, bool confirm, PreSale memory sale) private view returns (Plan memory) {
        return _dexPlan(Plans.legs(_dexLeg(module, id, weth, _extraWith(confirm, sale))));
    }

    /// @dev 95 % of the oracle's value, rounded up.
    function _least(IDex223Module module, uint256 amount) private view returns (uint256) {
        return FixedPointMathLib.divUp(_oracleOf(module).getAmountOut(usdc, weth, amount) * 95, 100);
    }

    function _expectSale(IDex223Module module, uint256 amount, uint256 minOut) private {
        vm.expectCall(
            address(module), abi.encodeCall(IDex223Module.marginSwap, (id, 1, 1, 0, amount, usdc, other, minOut, 0)), 1
        );
    }

    function _lands(IDex223Module module, uint256 amount) private {
        _sink(module);
        _freeze(module, id);
        if (amount == Plans.ALL) amount = held;
        _expectSale(module, amount, _least(module, amount));
        _expectReward(module, id, weth, REWARD);
        _expectExecuted(weth, REWARD, WETH_PRICE, 0, 1, 0);
        _execute(_plan(module, true, _preSale(amount, 0)));
        assertFalse(module.positions(id).open);
        assertEq(_treasury(weth), REWARD);
        _assertCleanDex(module);
    }

    function test_partIsSoldFirstV1() public {
        _lands(moduleV1, 2e18);
    }

    function test_partIsSoldFirstV2() public {
        _lands(moduleV2, 2e18);
    }

    /// @dev Nothing is left for the module to sell; it would have taken its own pool at any price.
    function test_allIsSoldFirstV1() public {
        _lands(moduleV1, Plans.ALL);
    }

    function test_allIsSoldFirstV2() public {
        _lands(moduleV2, Plans.ALL);
    }

    /// @dev The operator's own bound counts where it is higher.
    function test_aHigherBoundOfThePlanCounts() public {
        _sink(moduleV1);
        _freeze(moduleV1, id);
        uint256 bound = _least(moduleV1, 2e18) * 100 / 95;
        bound += bound / 10;
        _expectSale(moduleV1, 2e18, bound);
        _expectNothingLanded(_plan(moduleV1, true, _preSale(2e18, bound)), _failed(0, _text("Too little received")));
    }

    /// @dev The pool of the sale is pushed 10 % under the oracle: the sale fails, and the confirmation with it.
    function _below(IDex223Module module) private {
        _sink(module);
        _freeze(module, id);
        uint256 frozen = module.positions(id).frozenTime;
        _dump(_pool(weth, usdc, other), weth, usdc, 1000);
        _expectNothingLanded(_plan(module, true, _preSale(2e18, 0)), _failed(0, _text("Too little received")));
        _assertFrozenBy(module, id, address(liquidator), frozen);
        assertEq(module.getPositionBalances(id)[1], held, "nothing sold");
    }

    function test_underTheOracleIsUndoneV1() public {
        _below(moduleV1);
    }

    function test_underTheOracleIsUndoneV2() public {
        _below(moduleV2);
    }

    // ---- without a confirmation ----

    /// @dev A leg that freezes sells nothing.
    function test_aFreezeDoesNotSell() public {
        _sink(moduleV2);
        vm.expectCall(address(moduleV2), abi.encodeWithSelector(IDex223Module.marginSwap.selector), 0);
        _expectFrozen(moduleV2, id);
        _execute(_plan(moduleV2, false, _preSale(2e18, 0)));
        assertEq(moduleV2.getPositionBalances(id)[1], held, "nothing sold");
    }

    /// @dev We are the liquidator for as long as nobody freezes anew, and may sell; but after the hour nothing confirms.
    function test_aSaleBeforeASilentRefreezeIsUndone() public {
        _sink(moduleV1);
        uint256 frozen = vm.getBlockTimestamp();
        _freeze(moduleV1, id);
        skip(3601 - 12);
        _expectNothingLanded(_plan(moduleV1, true, _preSale(2e18, 0)), _failed(0, _notLanded(moduleV1, id)));
        assertEq(moduleV1.getPositionBalances(id)[1], held, "nothing sold");
        _assertFrozenBy(moduleV1, id, address(liquidator), frozen);
    }

    /// @dev V2 lets us confirm a rival's freeze, not sell before.
    function test_aSaleOfARivalsFreezeIsRefused() public {
        _sink(moduleV2);
        _liquidateAs(moduleV2, id, RIVAL, RIVAL);
        skip(12);
        _expectNothingLanded(_plan(moduleV2, true, _preSale(2e18, 0)), _failed(0, _text("Only owner or liquidator")));
        assertEq(moduleV2.getPositionBalances(id)[1], held, "nothing sold");
    }
}
