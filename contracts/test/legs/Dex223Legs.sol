// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Leg, Plan, Profit, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";
import { Dex223Fixture } from "../reference/Dex223Fixture.sol";
import { IDex223Module } from "../reference/IDex223.sol";
import { Dex223Extra, Dex223Packing, PreSale } from "./Dex223Packing.sol";
import { LegTest } from "./LegTest.sol";

/// @title Dex223Legs
/// @notice Legs, rounds and plans on the fixture's margin modules.
abstract contract Dex223Legs is LegTest, Dex223Fixture {
    using SafeTransferLib for address;

    uint256 internal constant REWARD = 0.1 ether;
    address internal immutable RIVAL = makeAddr("rival");

    function setUp() public virtual override(Lab, Dex223Fixture) {
        super.setUp();
    }

    // ---- positions ----

    /// @dev `count` positions of one order with a reward of 0.1 ether, all underwater.
    function _openSunk(IDex223Module module, uint256 count) internal returns (uint256[] memory ids) {
        uint256 orderId = _openOrder(module, address(0), REWARD);
        ids = new uint256[](count);
        for (uint256 i; i < count; ++i) {
            ids[i] = _openPosition(module, orderId);
        }
        _crashWeth();
    }

    /// @dev Borrows and buys nothing, so the position holds its base asset only.
    function _openInBase(IDex223Module module) internal returns (uint256 id) {
        uint256 orderId = _openOrder(module, address(0), REWARD);
        id = module.positionIndex();
        _give(usdc, DEX_BORROWER, 10_000e6);
        vm.deal(DEX_BORROWER, REWARD);
        vm.startPrank(DEX_BORROWER);
        usdc.safeApproveWithRetry(address(module), 10_000e6);
        module.takeLoan{ value: REWARD }(orderId, 20_000e6, 0, 10_000e6);
        vm.stopPrank();
    }

    // ---- legs ----

    function _position(uint256 id) internal pure returns (address) {
        return address(SafeCastLib.toUint160(id));
    }

    function _extra(bool confirm) internal pure returns (Dex223Extra memory) {
        return Dex223Extra(confirm, 0, address(0), address(0), new PreSale[](0));
    }

    function _dexLeg(IDex223Module module, uint256 id, address collateral, Dex223Extra memory extra)
        internal
        pure
        returns (Leg memory)
    {
        return
            Leg(Protocol.Dex223, address(module), _position(id), collateral, 0, Dex223Packing.pack(extra, collateral));
    }

    function _freezeLeg(IDex223Module module, uint256 id) internal view returns (Leg memory) {
        return _dexLeg(module, id, weth, _extra(false));
    }

    /// @dev For a reward in the native coin, wrapped.
    function _confirmLeg(IDex223Module module, uint256 id) internal view returns (Leg memory) {
        return _dexLeg(module, id, weth, _extra(true));
    }

    /// @dev In one call: what is paid in the native coin stays it.
    function _nativeLeg(IDex223Module module, uint256 id, bool confirm) internal pure returns (Leg memory) {
        return _dexLeg(module, id, address(0), _extra(confirm));
    }

    // ---- plans ----

    function _dexPlan(Leg[] memory legs) internal view returns (Plan memory) {
        return _dexPlan(weth, WETH_PRICE, legs);
    }

    function _dexPlan(address reward, uint256 price, Leg[] memory legs) internal pure returns (Plan memory) {
        Round memory round = Plans.unfunded(reward, 0, legs, Plans.swaps());
        return Plans.plan(Plans.tokens(reward, price), Plans.rounds(round));
    }

    /// @dev Of legs that deal in the native coin only.
    function _nativePlan(Leg[] memory legs) internal pure returns (Plan memory) {
        return _dexPlan(address(0), WETH_PRICE, legs);
    }

    /// @dev Freezes, and lets a block pass.
    function _freeze(IDex223Module module, uint256 id) internal {
        _execute(_dexPlan(Plans.legs(_freezeLeg(module, id))));
        skip(12);
    }

    // ---- what is expected ----

    function _expectFrozen(IDex223Module module, uint256 id) internal {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Frozen(address(module), id);
    }

    function _expectReward(IDex223Module module, uint256 id, address token, uint256 amount) internal {
        _expectLiquidated(Protocol.Dex223, address(module), _position(id), token, token, 0, amount);
    }

    /// @dev A plan that earned nothing.
    function _expectNoProfit(uint256 landed, uint256 skipped) internal {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, 0, Plans.tally(0, 0, landed, skipped), new Profit[](0));
    }

    function _notLanded(IDex223Module module, uint256 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.NotLanded.selector, address(module), id);
    }

    function _assertFrozenBy(IDex223Module module, uint256 id, address keeper, uint256 time) internal view {
        IDex223Module.PositionView memory position = module.positions(id);
        assertTrue(position.open, "open");
        assertEq(position.frozenTime, time, "frozen");
        assertEq(position.liquidator, keeper, "by whom");
    }

    function _assertCleanDex(IDex223Module module) internal view {
        _assertCleanOf(address(module));
        _assertCleanOf(address(converter));
    }
}
