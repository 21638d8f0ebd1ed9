// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IDex223Types } from "../../../test-fork/lab/contracts/reference/Dex223Types.sol";
import { Dex223Fixture } from "./Dex223Fixture.sol";
import { IDex223Module } from "./IDex223.sol";

/// @notice Freeze, confirm and reward of both module versions on the lab's pools.
contract Dex223LabTest is Dex223Fixture {
    address private immutable KEEPER = makeAddr("keeper");
    address private immutable RIVAL = makeAddr("rival");

    function test_NativeRewardV1() public {
        uint256 id = _openInsolvent(moduleV1, address(0), 0.1 ether);
        _liquidateAs(moduleV1, id, KEEPER, KEEPER);
        assertEq(KEEPER.balance, 0);
        _liquidateAs(moduleV1, id, KEEPER, RIVAL);
        assertEq(RIVAL.balance, 0.1 ether, "the receiver, not the sender");
        _assertSettled(moduleV1, id);
    }

    function test_NativeRewardV2() public {
        uint256 id = _openInsolvent(moduleV2, address(0), 0.1 ether);
        _liquidateAs(moduleV2, id, KEEPER, KEEPER);
        _liquidateAs(moduleV2, id, KEEPER, KEEPER);
        assertEq(KEEPER.balance, 0.1 ether);
        _assertSettled(moduleV2, id);
    }

    function test_Erc20Reward() public {
        uint256 id = _openInsolvent(moduleV1, wbtc, 1e6);
        _liquidateAs(moduleV1, id, KEEPER, KEEPER);
        _liquidateAs(moduleV1, id, KEEPER, KEEPER);
        assertEq(IERC20(wbtc).balanceOf(KEEPER), 1e6);
    }

    function test_Erc223RewardNeedsAReceiverThatAnswers() public {
        address wrapper = _newWrapper(wbtc);
        uint256 id = _openInsolvent(moduleV1, wrapper, 1e6);
        _liquidateAs(moduleV1, id, KEEPER, KEEPER);
        vm.expectRevert(bytes(""));
        this.confirm(id, KEEPER, usdc);
        _liquidateAs(moduleV1, id, KEEPER, address(this));
        assertEq(received, 1e6);
        assertEq(IERC20(wrapper).balanceOf(address(this)), 1e6);
        assertEq(IERC20(wbtc).balanceOf(address(converter)), 1e6);
        // Sent to the converter, a wrapper turns back into its origin.
        assertTrue(IERC20(wrapper).transfer(address(converter), 1e6));
        assertEq(IERC20(wbtc).balanceOf(address(this)), 1e6);
    }

    function test_AnErc223TokenOfItsOwnAsReward() public {
        address token = _newErc223("E223");
        uint256 id = _openInsolvent(moduleV2, token, 5e18);
        _liquidateAs(moduleV2, id, KEEPER, KEEPER);
        _liquidateAs(moduleV2, id, KEEPER, KEEPER);
        assertEq(IERC20(token).balanceOf(KEEPER), 5e18);
    }

    uint256 private received;

    function tokenReceived(address, uint256 value, bytes calldata data) external returns (bytes4) {
        assertEq(data, hex"00000000");
        received += value;
        return 0x8943ec02;
    }

    function confirm(uint256 id, address keeper, address receiver) external {
        _liquidateAs(moduleV1, id, keeper, receiver);
    }

    function test_OnlyTheFreezerOrTheBorrowerConfirmsASaleInV1() public {
        uint256 id = _openInsolvent(moduleV1, address(0), 0.1 ether);
        _liquidateAs(moduleV1, id, KEEPER, KEEPER);
        vm.expectRevert("Only owner or liquidator");
        this.confirm(id, RIVAL, RIVAL);
        _liquidateAs(moduleV1, id, DEX_BORROWER, DEX_BORROWER);
        assertEq(DEX_BORROWER.balance, 0.1 ether);
    }

    function test_AnyoneConfirmsInV2() public {
        uint256 id = _openInsolvent(moduleV2, address(0), 0.1 ether);
        _liquidateAs(moduleV2, id, KEEPER, KEEPER);
        _liquidateAs(moduleV2, id, RIVAL, RIVAL);
        assertEq(RIVAL.balance, 0.1 ether);
        _assertSettled(moduleV2, id);
    }

    function test_TheHourIsInclusiveAndThenItFreezesAgain() public {
        uint256 id = _openInsolvent(moduleV1, address(0), 0.1 ether);
        vm.prank(KEEPER);
        moduleV1.liquidate(id, KEEPER);
        vm.prank(KEEPER);
        vm.expectRevert("Single block liquidations are not allowed");
        moduleV1.liquidate(id, KEEPER);

        uint256 frozen = vm.getBlockTimestamp();
        uint256 state = vm.snapshotState();
        vm.warp(frozen + 3600);
        vm.prank(KEEPER);
        moduleV1.liquidate(id, KEEPER);
        _assertSettled(moduleV1, id);

        vm.revertToState(state);
        vm.warp(frozen + 3601);
        vm.expectEmit(address(moduleV1));
        emit IDex223Types.PositionFrozen(id, RIVAL, frozen + 3601);
        vm.prank(RIVAL);
        moduleV1.liquidate(id, RIVAL);
        IDex223Module.PositionView memory position = moduleV1.positions(id);
        assertTrue(position.open);
        assertEq(position.frozenTime, frozen + 3601);
        assertEq(position.liquidator, RIVAL);
    }

    function test_V2RefusesASaleUnder95PercentOfTheAverage() public {
        uint256 id = _openInsolvent(moduleV2, address(0), 0.1 ether);
        _liquidateAs(moduleV2, id, KEEPER, KEEPER);
        _dump(_pool(weth, usdc, 500), weth, usdc, 1000);
        _dump(_pool(weth, usdc, 3000), weth, usdc, 1000);
        skip(12);
        vm.prank(KEEPER);
        vm.expectRevert("Too little received");
        moduleV2.liquidate(id, KEEPER);
    }

    function test_V1SellsEverySecondAssetAndV2All() public {
        assertEq(_assetsAfter(moduleV1), 2, "V1 keeps WBTC");
        setUp();
        assertEq(_assetsAfter(moduleV2), 1, "V2 keeps only the base asset");
    }

    function _assetsAfter(IDex223Module module) private returns (uint256) {
        uint256 id = _openPosition(module, _openOrder(module, address(0), 0.1 ether));
        uint256 wethHeld = module.getPositionBalances(id)[1];
        vm.prank(DEX_BORROWER);
        module.marginSwap(id, 1, 1, 2, wethHeld / 10, wbtc, 3000, 0, 0);
        _crashWeth();
        _liquidateAs(module, id, KEEPER, KEEPER);
        _liquidateAs(module, id, KEEPER, KEEPER);
        return module.getPositionAssets(id).length;
    }

    function _assertSettled(IDex223Module module, uint256 id) private view {
        IDex223Module.PositionView memory position = module.positions(id);
        assertFalse(position.open);
        (, uint8 count) = module.order_status(position.orderId);
        assertEq(count, 0);
        assertEq(module.getPositionAssets(id).length, 1);
        assertEq(module.getPositionBalances(id)[0], 0);
        uint256 balance = module.orders(position.orderId).balance;
        assertGt(balance, 980_000e6, "what the sale brought is the lender's");
        assertLt(balance, 1_000_000e6, "and the rest is the lender's loss");
    }
}
