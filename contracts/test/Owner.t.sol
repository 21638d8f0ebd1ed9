// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Ownable } from "@openzeppelin/contracts/access/Ownable.sol";
import { ILiquidator, Plan } from "../interfaces/ILiquidator.sol";
import { Coin } from "./hostile/Coin.sol";
import { Plans } from "./Plans.sol";
import { Stage } from "./Stage.sol";

/// @notice What the owner may set, who else may not, and what anybody may send.
contract OwnerTest is Stage {
    address private immutable NEXT = makeAddr("next");

    function test_handover() public {
        vm.prank(OWNER);
        liquidator.transferOwnership(NEXT);
        assertEq(liquidator.owner(), OWNER, "before it is accepted");
        assertEq(liquidator.pendingOwner(), NEXT, "pending");
        _expectOnlyOwner(address(this), abi.encodeCall(liquidator.acceptOwnership, ()));
        vm.prank(NEXT);
        liquidator.acceptOwnership();
        assertEq(liquidator.owner(), NEXT, "after");
        _expectOnlyOwner(OWNER, abi.encodeCall(ILiquidator.setTipCap, (1)));
    }

    function test_setOperator() public {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.OperatorSet(OPERATOR, false);
        vm.prank(OWNER);
        liquidator.setOperator(OPERATOR, false);
        assertFalse(liquidator.operators(OPERATOR), "removed");
        Plan memory plan = _plan(_flashSwap());
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.NotOperator.selector, OPERATOR));
        _execute(plan);

        vm.prank(OWNER);
        liquidator.setOperator(OPERATOR, true);
        assertEq(_execute(plan), SEIZED - PAY, "value");

        vm.expectRevert(ILiquidator.BadAddress.selector);
        vm.prank(OWNER);
        liquidator.setOperator(address(0), true);
    }

    /// @dev The owner is no operator unless it says so.
    function test_onlyOperatorsExecute() public {
        Plan memory plan = _plan(_flashSwap());
        address[3] memory others = [OWNER, TREASURY, address(this)];
        for (uint256 i; i < others.length; ++i) {
            vm.expectRevert(abi.encodeWithSelector(ILiquidator.NotOperator.selector, others[i]));
            vm.prank(others[i]);
            Plans.execute(liquidator, Plans.packed(plan));
        }
    }

    function test_setTreasury() public {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.TreasurySet(NEXT);
        vm.prank(OWNER);
        liquidator.setTreasury(NEXT);
        assertEq(liquidator.treasury(), NEXT, "treasury");
        _execute(_plan(_flashSwap()));
        assertEq(coll.balanceOf(NEXT), SEIZED - PAY, "profit at the new treasury");
        assertEq(coll.balanceOf(TREASURY), 0, "none at the old one");

        address[2] memory bad = [address(0), address(liquidator)];
        for (uint256 i; i < bad.length; ++i) {
            vm.expectRevert(ILiquidator.BadAddress.selector);
            vm.prank(OWNER);
            liquidator.setTreasury(bad[i]);
        }
    }

    function test_constructorRefusesNoTreasury() public {
        vm.expectRevert(ILiquidator.BadAddress.selector);
        this.construct(OWNER, address(0), new address[](0));
        vm.expectRevert(ILiquidator.BadAddress.selector);
        this.construct(OWNER, TREASURY, new address[](1));
        vm.expectRevert(abi.encodeWithSelector(Ownable.OwnableInvalidOwner.selector, address(0)));
        this.construct(address(0), TREASURY, new address[](0));
    }

    /// @dev Creates, and reverts with what the constructor reverts with.
    function construct(address owner, address treasury, address[] calldata operators) external {
        bytes memory initCode =
            bytes.concat(vm.getCode("Liquidator.sol:Liquidator"), abi.encode(owner, treasury, operators));
        assembly ("memory-safe") {
            if iszero(create(0, add(initCode, 0x20), mload(initCode))) {
                returndatacopy(mload(0x40), 0, returndatasize())
                revert(mload(0x40), returndatasize())
            }
        }
    }

    function test_setTipCap() public {
        assertEq(liquidator.tipCapBps(), 0, "none by default");
        vm.expectEmit(address(liquidator));
        emit ILiquidator.TipCapSet(10_000);
        vm.prank(OWNER);
        liquidator.setTipCap(10_000);
        assertEq(liquidator.tipCapBps(), 10_000, "all of it");
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BadBps.selector, 10_001));
        vm.prank(OWNER);
        liquidator.setTipCap(10_001);
        // What would be small if it were cut to 16 bits.
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BadBps.selector, 65_536 + 1));
        vm.prank(OWNER);
        liquidator.setTipCap(65_536 + 1);
    }

    function test_rescue() public {
        coll.mint(address(liquidator), 5);
        vm.deal(address(liquidator), 7);
        vm.startPrank(OWNER);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(address(coll), 3);
        liquidator.rescue(address(coll), 3);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(address(0), 7);
        liquidator.rescue(address(0), 7);
        vm.stopPrank();
        assertEq(coll.balanceOf(TREASURY), 3, "tokens at the treasury");
        assertEq(coll.balanceOf(address(liquidator)), 2, "tokens left");
        assertEq(TREASURY.balance, 7, "native at the treasury");
    }

    /// @dev A rescue that moves nothing says so.
    function test_rescueOfFalseToken() public {
        Coin silent = new Coin();
        silent.mint(address(liquidator), 5);
        silent.turnFalse();
        vm.expectRevert(abi.encodeWithSignature("TransferFailed()"));
        vm.prank(OWNER);
        liquidator.rescue(address(silent), 5);
    }

    function test_everythingElseIsTheOwnersAlone() public {
        address[3] memory others = [OPERATOR, TREASURY, address(this)];
        for (uint256 i; i < others.length; ++i) {
            _expectOnlyOwner(others[i], abi.encodeCall(ILiquidator.setOperator, (others[i], true)));
            _expectOnlyOwner(others[i], abi.encodeCall(ILiquidator.setTreasury, (others[i])));
            _expectOnlyOwner(others[i], abi.encodeCall(ILiquidator.setTipCap, (10_000)));
            _expectOnlyOwner(others[i], abi.encodeCall(ILiquidator.rescue, (address(coll), 0)));
            _expectOnlyOwner(others[i], abi.encodeCall(liquidator.transferOwnership, (others[i])));
            _expectOnlyOwner(others[i], abi.encodeCall(liquidator.renounceOwnership, ()));
        }
    }

    function _expectOnlyOwner(address caller, bytes memory data) private {
        vm.prank(caller);
        (bool ok, bytes memory answer) = address(liquidator).call(data);
        assertFalse(ok, "not the owner's alone");
        assertEq(answer, abi.encodeWithSelector(Ownable.OwnableUnauthorizedAccount.selector, caller));
    }

    // ---- what anybody may send ----

    /// @dev Native payouts by `transfer` bring 2,300 gas.
    function test_receiveWith2300Gas() public {
        vm.deal(address(this), 1 ether);
        payable(address(liquidator)).transfer(1 ether);
        assertEq(address(liquidator).balance, 1 ether, "received");
    }

    function test_tokenReceived() public view {
        assertEq(liquidator.tokenReceived(address(1), 2, hex"03"), liquidator.tokenReceived.selector);
    }

    function test_unknownSelector() public {
        (bool ok, bytes memory answer) = address(liquidator).call(hex"deadbeef");
        assertFalse(ok, "no fallback");
        assertEq(answer.length, 0, "a selector that nobody has is no error of ours");
    }
}
