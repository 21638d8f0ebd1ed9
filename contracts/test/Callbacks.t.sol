// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IAaveV3FlashLoanSimpleReceiver } from "../interfaces/external/IAaveV3Pool.sol";
import { ILiquidator, Plan, Round } from "../interfaces/ILiquidator.sol";
import { Caller } from "./hostile/Caller.sol";
import { Fault } from "./hostile/Pool.sol";
import { Plans } from "./Plans.sol";
import { Stage } from "./Stage.sol";

/// @notice Callbacks that nobody asked for, or that answer another question than the one asked.
contract CallbacksTest is Stage {
    function _swapCallback(bytes memory data) private view returns (bytes memory) {
        return abi.encodeCall(liquidator.uniswapV3SwapCallback, (PAY_DELTA, DEBT_DELTA, data));
    }

    function _loanCallback(address initiator, bytes memory data) private view returns (bytes memory) {
        return
            abi.encodeCall(IAaveV3FlashLoanSimpleReceiver.executeOperation, (address(debt), DEBT, 1, initiator, data));
    }

    // ---- nobody was asked ----

    function test_strangerCannotCallBack() public {
        address stranger = makeAddr("stranger");
        bytes memory data = Plans.encoded(_flashSwap(), _tokens());

        vm.expectRevert(_unexpected(stranger, liquidator.uniswapV3SwapCallback.selector));
        vm.prank(stranger);
        liquidator.uniswapV3SwapCallback(PAY_DELTA, DEBT_DELTA, data);

        vm.expectRevert(_unexpected(stranger, liquidator.executeOperation.selector));
        vm.prank(stranger);
        liquidator.executeOperation(address(debt), DEBT, 0, address(liquidator), data);

        vm.expectRevert(_unexpected(stranger, liquidator.runUnfunded.selector));
        vm.prank(stranger);
        liquidator.runUnfunded(data);
    }

    function test_operatorAndOwnerCannotCallBackEither() public {
        bytes memory sale = abi.encode(address(coll), 1e18);
        address[2] memory callers = [OPERATOR, OWNER];
        for (uint256 i; i < callers.length; ++i) {
            vm.expectRevert(_unexpected(callers[i], liquidator.uniswapV3SwapCallback.selector));
            vm.prank(callers[i]);
            liquidator.uniswapV3SwapCallback(1, -1, sale);
        }
    }

    // ---- somebody was asked: a pool that tries more than it may, and then does its part ----

    /// @dev The pool makes `call` before and after its own callback; both are refused and the round lands unharmed.
    function _assertRefusedWhileSwapping(address through, bytes memory call, bytes memory refusal) private {
        pool.early(through, call);
        pool.late(through, call);
        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        assertEq(pool.answered(), 2, "attempts");
        for (uint256 i; i < 2; ++i) {
            (bool ok, bytes memory answer) = pool.answer(i);
            assertFalse(ok, "attempt went through");
            assertEq(answer, refusal, "refusal");
        }
        assertEq(coll.balanceOf(TREASURY), SEIZED - PAY, "profit");
        _assertClean();
    }

    function test_otherData_higherMaxPay() public {
        Round memory other = _flashSwap();
        other.maxPay = PAY + 1;
        bytes memory refusal = _unexpected(address(pool), liquidator.uniswapV3SwapCallback.selector);
        _assertRefusedWhileSwapping(address(liquidator), _swapCallback(Plans.encoded(other, _tokens())), refusal);
    }

    function test_otherData_otherLegs() public {
        Round memory other = _flashSwap();
        other.legs[0].borrower = address(this);
        bytes memory refusal = _unexpected(address(pool), liquidator.uniswapV3SwapCallback.selector);
        _assertRefusedWhileSwapping(address(liquidator), _swapCallback(Plans.encoded(other, _tokens())), refusal);
    }

    function test_otherData_aSaleInsteadOfTheRound() public {
        bytes memory refusal = _unexpected(address(pool), liquidator.uniswapV3SwapCallback.selector);
        bytes memory sale = abi.encode(address(debt), DEBT);
        _assertRefusedWhileSwapping(address(liquidator), _swapCallback(sale), refusal);
    }

    function test_otherSelector() public {
        bytes memory data = Plans.encoded(_flashSwap(), _tokens());
        bytes memory refusal = _unexpected(address(pool), liquidator.executeOperation.selector);
        _assertRefusedWhileSwapping(address(liquidator), _loanCallback(address(liquidator), data), refusal);
    }

    function test_runUnfundedWhileSwapping() public {
        bytes memory call = abi.encodeCall(liquidator.runUnfunded, (Plans.encoded(_flashSwap(), _tokens())));
        bytes memory refusal = _unexpected(address(pool), liquidator.runUnfunded.selector);
        _assertRefusedWhileSwapping(address(liquidator), call, refusal);
    }

    function test_otherCaller() public {
        Caller other = new Caller();
        bytes memory call = _swapCallback(Plans.encoded(_flashSwap(), _tokens()));
        bytes memory refusal = _unexpected(address(other), liquidator.uniswapV3SwapCallback.selector);
        _assertRefusedWhileSwapping(address(other), abi.encodeCall(other.forward, (address(liquidator), call)), refusal);
    }

    function test_secondCallbackWithTheSameData() public {
        pool.late(address(liquidator), _swapCallback(Plans.encoded(_flashSwap(), _tokens())));
        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        (bool ok, bytes memory answer) = pool.answer(0);
        assertFalse(ok, "second callback went through");
        assertEq(answer, _unexpected(address(pool), liquidator.uniswapV3SwapCallback.selector));
        _assertClean();
    }

    function test_secondLoanCallback() public {
        pool.late(address(liquidator), _loanCallback(address(liquidator), Plans.encoded(_loan(), _tokens())));
        _execute(_plan(_loan()));
        (bool ok, bytes memory answer) = pool.answer(0);
        assertFalse(ok, "second callback went through");
        assertEq(answer, _unexpected(address(pool), liquidator.executeOperation.selector));
        _assertClean();
    }

    function test_callbackFromTheMarketDuringALeg() public {
        market.early(address(liquidator), _swapCallback(Plans.encoded(_flashSwap(), _tokens())));
        assertEq(_execute(_plan(_flashSwap())), SEIZED - PAY, "value");
        (bool ok, bytes memory answer) = market.answer(0);
        assertFalse(ok, "callback of a market went through");
        assertEq(answer, _unexpected(address(market), liquidator.uniswapV3SwapCallback.selector));
    }

    function test_venueCannotReplayTheRoundDuringTheSale() public {
        venue.early(address(liquidator), _swapCallback(Plans.encoded(_loan(), _tokens())));
        venue.early(address(liquidator), _swapCallback(abi.encode(address(coll), SEIZED + 1)));
        venue.early(address(liquidator), _swapCallback(abi.encode(address(debt), SEIZED)));
        _execute(_plan(_loan()));
        for (uint256 i; i < 3; ++i) {
            (bool ok, bytes memory answer) = venue.answer(i);
            assertFalse(ok, "replay went through");
            assertEq(answer, _unexpected(address(venue), liquidator.uniswapV3SwapCallback.selector));
        }
        _assertClean();
    }

    // ---- instead of the callback that was asked for ----

    function _expectFault(Fault fault, bytes memory other, Round memory round, bytes memory reason) private {
        _expectFault(fault, other, round, reason, 0);
    }

    /// @dev `gift`: what the pool paid out and left.
    function _expectFault(Fault fault, bytes memory other, Round memory round, bytes memory reason, uint256 gift)
        private
    {
        pool.misbehave(fault, other);
        uint256 before = vm.snapshotState();
        _expectNothingLanded(_plan(round), reason);
        vm.revertToState(before);
        _expectSkippedAndHonestLands(round, reason, gift);
        vm.revertToState(before);
        _assertNextPlanLands(_plan(round));
    }

    /// @dev A pool that pays out and asks for nothing has made a gift.
    function test_noCallback() public {
        bytes memory reason = abi.encodeWithSelector(ILiquidator.NoCallback.selector, address(pool));
        _expectFault(Fault.NoCallback, "", _flashSwap(), reason, DEBT);
        _expectFault(Fault.ReturnBomb, "", _flashSwap(), reason, DEBT);
        _expectFault(Fault.UndoneCallback, "", _flashSwap(), reason, DEBT);
    }

    function test_onlyOtherData() public {
        Round memory other = _flashSwap();
        other.maxPay = type(uint256).max;
        bytes memory reason = _unexpected(address(pool), liquidator.uniswapV3SwapCallback.selector);
        _expectFault(Fault.OtherData, Plans.encoded(other, _tokens()), _flashSwap(), reason);
    }

    function test_onlyOtherSelector() public {
        bytes memory reason = _unexpected(address(pool), liquidator.executeOperation.selector);
        bytes memory call = _loanCallback(address(liquidator), Plans.encoded(_flashSwap(), _tokens()));
        _expectFault(Fault.OtherSelector, call, _flashSwap(), reason);
    }

    function test_otherInitiator() public {
        bytes memory reason = abi.encodeWithSelector(ILiquidator.WrongInitiator.selector, address(pool));
        _expectFault(Fault.OtherInitiator, "", _loan(), reason);
    }

    function test_loanOfAnotherAmount() public {
        bytes memory reason = abi.encodeWithSelector(ILiquidator.ShortFunding.selector, DEBT - 1, DEBT);
        _expectFault(Fault.OtherAmount, "", _loan(), reason);
    }
}
