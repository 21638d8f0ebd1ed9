// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IDex223Types } from "../../../test-fork/lab/contracts/reference/Dex223Types.sol";
import { ILiquidator, Leg, Plan } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IDex223Module, IDex223Oracle } from "../reference/IDex223.sol";
import { Dex223Legs } from "./Dex223Legs.sol";
import { Dex223Extra } from "./Dex223Packing.sol";

/// @notice An oracle that answers as another does until it is poisoned; then it burns all gas it is given.
contract Poison {
    IDex223Oracle private immutable TRUE_ORACLE;
    bool private poisoned;

    constructor(IDex223Oracle oracle) {
        TRUE_ORACLE = oracle;
    }

    function poison() external {
        poisoned = true;
    }

    function getAmountOut(address buy, address sell, uint256 amount) external view returns (uint256) {
        if (poisoned) {
            assembly {
                invalid()
            }
        }
        return TRUE_ORACLE.getAmountOut(buy, sell, amount);
    }

    function findPoolWithHighestLiquidity(address a, address b) external view returns (address, uint128, uint24) {
        return TRUE_ORACLE.findPoolWithHighestLiquidity(a, b);
    }
}

/// @notice Batches of legs on Dex223 margin: what one of them does leaves the others alone.
contract Dex223BatchTest is Dex223Legs {
    using SafeTransferLib for address;

    // ---- a stale one among them ----

    function _staleFreeze(IDex223Module module, string memory reason) private {
        uint256[] memory ids = _openSunk(module, 2);
        uint256 solvent = _openInBase(module);
        _expectFrozen(module, ids[0]);
        _expectSkipped(address(module), _position(solvent), 1, _text(reason));
        _expectFrozen(module, ids[1]);
        _expectNoProfit(2, 1);
        Leg[] memory legs =
            Plans.legs(_freezeLeg(module, ids[0]), _freezeLeg(module, solvent), _freezeLeg(module, ids[1]));
        _execute(_dexPlan(legs));
        _assertFrozenBy(module, ids[0], address(liquidator), vm.getBlockTimestamp());
        _assertFrozenBy(module, solvent, address(0), 0);
        _assertFrozenBy(module, ids[1], address(liquidator), vm.getBlockTimestamp());
        _assertCleanDex(module);
    }

    function test_oneStaleFreezeAmongThreeV1() public {
        _staleFreeze(moduleV1, "Liquidation criteria are not met");
    }

    function test_oneStaleFreezeAmongThreeV2() public {
        _staleFreeze(moduleV2, "Not liquidatable");
    }

    function _freezeAll(IDex223Module module, uint256[] memory ids) private {
        _execute(
            _dexPlan(Plans.legs(_freezeLeg(module, ids[0]), _freezeLeg(module, ids[1]), _freezeLeg(module, ids[2])))
        );
        skip(12);
    }

    function _confirmAll(IDex223Module module, uint256[] memory ids) private view returns (Plan memory) {
        return
            _dexPlan(Plans.legs(_confirmLeg(module, ids[0]), _confirmLeg(module, ids[1]), _confirmLeg(module, ids[2])));
    }

    /// @dev The second is settled by its borrower (V1) before us: closed.
    function _staleConfirm(IDex223Module module) private {
        uint256[] memory ids = _openSunk(module, 3);
        _freezeAll(module, ids);
        vm.prank(DEX_BORROWER);
        module.liquidate(ids[1], DEX_BORROWER);
        _expectReward(module, ids[0], weth, REWARD);
        _expectSkipped(address(module), _position(ids[1]), 1, _text("Position is closed"));
        _expectReward(module, ids[2], weth, REWARD);
        _expectExecuted(weth, 2 * REWARD, WETH_PRICE, 0, 2, 1);
        _execute(_confirmAll(module, ids));
        assertEq(_treasury(weth), 2 * REWARD);
        _assertCleanDex(module);
    }

    function test_oneStaleConfirmationAmongThreeV1() public {
        _staleConfirm(moduleV1);
    }

    function test_oneStaleConfirmationAmongThreeV2() public {
        _staleConfirm(moduleV2);
    }

    /// @dev One plan confirms what was frozen before and freezes what is next.
    function test_confirmationsAndFreezesTogether() public {
        uint256[] memory ids = _openSunk(moduleV2, 2);
        _freeze(moduleV2, ids[0]);
        _expectReward(moduleV2, ids[0], weth, REWARD);
        _expectFrozen(moduleV2, ids[1]);
        _expectExecuted(weth, REWARD, WETH_PRICE, 0, 2, 0);
        _execute(_dexPlan(Plans.legs(_confirmLeg(moduleV2, ids[0]), _freezeLeg(moduleV2, ids[1]))));
        _assertFrozenBy(moduleV2, ids[1], address(liquidator), vm.getBlockTimestamp());
        _assertCleanDex(moduleV2);
    }

    // ---- a poisoned one among them ----

    /// @dev The last of three positions has an oracle that burns all gas.
    function _openPoisoned() private returns (uint256[] memory ids) {
        Poison oracle = new Poison(oracleV1);
        IDex223Types.OrderParams memory params = _orderParams(moduleV1, address(0), REWARD);
        params.oracle = address(oracle);
        _give(usdc, DEX_LENDER, 1_000_000e6);
        vm.startPrank(DEX_LENDER);
        uint256 orderId = moduleV1.createOrder(params);
        usdc.safeApproveWithRetry(address(moduleV1), 1_000_000e6);
        moduleV1.orderDepositToken(orderId, 1_000_000e6);
        vm.stopPrank();
        ids = new uint256[](3);
        ids[2] = _openPosition(moduleV1, orderId);
        uint256[] memory others = _openSunk(moduleV1, 2);
        (ids[0], ids[1]) = (others[0], others[1]);
        oracle.poison();
    }

    function _poisonedPlan(uint256[] memory ids, uint32 gasLimit) private view returns (Plan memory) {
        Dex223Extra memory extra = _extra(false);
        extra.gasLimit = gasLimit;
        // In the middle, so that something comes after it.
        return _dexPlan(
            Plans.legs(
                _freezeLeg(moduleV1, ids[0]), _dexLeg(moduleV1, ids[2], weth, extra), _freezeLeg(moduleV1, ids[1])
            )
        );
    }

    function test_aPoisonedPositionBurnsItsGasLimitAndNoMore() public {
        uint256[] memory ids = _openPoisoned();
        Plan memory plan = _poisonedPlan(ids, 400_000);
        _expectFrozen(moduleV1, ids[0]);
        _expectSkipped(address(moduleV1), _position(ids[2]), 1, "");
        _expectFrozen(moduleV1, ids[1]);
        _expectNoProfit(2, 1);
        vm.prank(OPERATOR);
        (bool ok,) = address(liquidator).call{ gas: 1_000_000 }(Plans.call(plan));
        assertTrue(ok);
        _assertFrozenBy(moduleV1, ids[1], address(liquidator), vm.getBlockTimestamp());
    }

    /// @dev What the limit is for: with as much gas and no limit, too little is left for the rest.
    function test_withoutALimitItTakesTheRestWithIt() public {
        uint256[] memory ids = _openPoisoned();
        Plan memory plan = _poisonedPlan(ids, 0);
        vm.prank(OPERATOR);
        (bool ok, bytes memory answer) = address(liquidator).call{ gas: 1_000_000 }(Plans.call(plan));
        assertFalse(ok);
        // The round ran out of gas, which leaves no reason.
        assertEq(answer, abi.encodeWithSelector(ILiquidator.NothingLanded.selector, bytes("")));
        _assertFrozenBy(moduleV1, ids[1], address(0), 0);
    }

    function test_theGasLimitBoundsAConfirmationToo() public {
        uint256[] memory ids = _openSunk(moduleV1, 3);
        _freezeAll(moduleV1, ids);
        Plan memory plan = _confirmAll(moduleV1, ids);
        Dex223Extra memory extra = _extra(true);
        extra.gasLimit = 30_000;
        plan.rounds[0].legs[1] = _dexLeg(moduleV1, ids[1], weth, extra);
        _expectSkipped(address(moduleV1), _position(ids[1]), 1, "");
        _expectExecuted(weth, 2 * REWARD, WETH_PRICE, 0, 2, 1);
        _execute(plan);
        assertTrue(moduleV1.positions(ids[1]).open);
        _assertCleanDex(moduleV1);
    }
}
