// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { Funding, ILiquidator, Leg, Round } from "../../interfaces/ILiquidator.sol";
import { IAaveV3FlashLoanReceiver, IAaveV3FlashLoanSimpleReceiver } from "../../interfaces/external/IAaveV3Pool.sol";
import { Packing } from "../Packing.sol";
import { Plans } from "../Plans.sol";
import { Stage } from "../Stage.sol";
import { LenderDoors } from "./ILenders.sol";
import { Lender, Wrong } from "./Lender.sol";

/// @notice Lenders of every kind that cheat, and strangers at every door that lenders use.
contract HostileLendersTest is Stage {
    uint256 private constant OUT = SEIZED * 100 / 101;
    uint256 private constant FEE = DEBT / 1000;

    Lender private _lender;
    LenderDoors private _doors;
    Funding[7] private _kinds = [
        Funding.UniswapV3Flash,
        Funding.UniswapV4,
        Funding.BalancerV2,
        Funding.BalancerV3,
        Funding.Morpho,
        Funding.AaveV3Simple,
        Funding.AaveV3
    ];

    function setUp() public override {
        super.setUp();
        _lender = new Lender(debt);
        debt.mint(address(_lender), 1_000_000e18);
        _doors = LenderDoors(address(liquidator));
    }

    function _lent(Funding kind) private view returns (Round memory round) {
        round = _loan();
        (round.funding, round.source, round.maxPay) = (kind, address(_lender), FEE);
    }

    function _feeOf(Funding kind) private pure returns (uint256) {
        bool free = kind == Funding.UniswapV4 || kind == Funding.BalancerV3 || kind == Funding.Morpho;
        return free ? 0 : FEE;
    }

    function _selector(Funding kind) private view returns (bytes4) {
        if (kind == Funding.UniswapV3Flash) return _doors.uniswapV3FlashCallback.selector;
        if (kind == Funding.UniswapV4) return _doors.unlockCallback.selector;
        if (kind == Funding.BalancerV2) return _doors.receiveFlashLoan.selector;
        if (kind == Funding.BalancerV3) return _doors.balancerV3Unlocked.selector;
        if (kind == Funding.Morpho) return _doors.onMorphoFlashLoan.selector;
        if (kind == Funding.AaveV3Simple) return IAaveV3FlashLoanSimpleReceiver.executeOperation.selector;
        return IAaveV3FlashLoanReceiver.executeOperation.selector;
    }

    /// @dev Alone, and before an honest round.
    function _expectHarmless(Round memory round, bytes memory reason, uint256 gift) private {
        uint256 before = vm.snapshotState();
        _expectNothingLanded(_plan(round), reason);
        vm.revertToState(before);
        _expectSkippedAndHonestLands(round, reason, gift);
        _assertNoAllowance(address(_lender));
        vm.revertToState(before);
    }

    // ---- lenders ----

    /// @dev The stage itself: of every kind, an honest lender's round lands and costs what it says.
    function test_honest() public {
        uint256 before = vm.snapshotState();
        for (uint256 i; i < _kinds.length; ++i) {
            uint256 profit = OUT - DEBT - _feeOf(_kinds[i]);
            assertEq(_execute(_plan(_lent(_kinds[i]))), profit, "value");
            assertEq(debt.balanceOf(TREASURY), profit, "treasury");
            _assertClean();
            _assertNoAllowance(address(_lender));
            vm.revertToState(before);
        }
    }

    function test_doesNotCallBack() public {
        _lender.misbehave(Wrong.NoCallback, "");
        bytes memory reason = abi.encodeWithSelector(ILiquidator.NoCallback.selector, address(_lender));
        for (uint256 i; i < _kinds.length; ++i) {
            // A lender that pays out and asks for nothing has made a gift.
            bool unlocked = _kinds[i] == Funding.UniswapV4 || _kinds[i] == Funding.BalancerV3;
            _expectHarmless(_lent(_kinds[i]), reason, unlocked ? 0 : DEBT);
        }
    }

    /// @dev What it lends less is missing when the leg wants it, whatever it says.
    function test_lendsLess() public {
        _lender.misbehave(Wrong.LendsLess, "");
        bytes memory broke = abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientBalance.selector, address(liquidator), DEBT - 1, DEBT
        );
        for (uint256 i; i < _kinds.length; ++i) {
            _expectHarmless(_lent(_kinds[i]), abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, broke), 0);
        }
    }

    function test_saysItLendsLess() public {
        _lender.misbehave(Wrong.SaysLess, "");
        Funding[4] memory telling = [Funding.BalancerV2, Funding.Morpho, Funding.AaveV3Simple, Funding.AaveV3];
        bytes memory reason = abi.encodeWithSelector(ILiquidator.ShortFunding.selector, DEBT - 1, DEBT);
        for (uint256 i; i < telling.length; ++i) {
            _expectHarmless(_lent(telling[i]), reason, 0);
        }
    }

    function test_asksForMoreThanMaxPay() public {
        bytes memory reason = abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, FEE, FEE - 1);
        for (uint256 i; i < _kinds.length; ++i) {
            if (_feeOf(_kinds[i]) == 0) continue;
            Round memory round = _lent(_kinds[i]);
            round.maxPay = FEE - 1;
            _expectHarmless(round, reason, 0);
        }
    }

    function test_callsTwice() public {
        _lender.misbehave(Wrong.CallsTwice, "");
        for (uint256 i; i < _kinds.length; ++i) {
            _expectHarmless(_lent(_kinds[i]), _unexpected(address(_lender), _selector(_kinds[i])), 0);
        }
    }

    function test_otherData() public {
        for (uint256 i; i < _kinds.length; ++i) {
            Round memory other = _lent(_kinds[i]);
            other.maxPay = type(uint256).max;
            _lender.misbehave(Wrong.OtherData, Plans.encoded(other, _tokens()));
            _expectHarmless(_lent(_kinds[i]), _unexpected(address(_lender), _selector(_kinds[i])), 0);
        }
    }

    function test_otherInitiator() public {
        _lender.misbehave(Wrong.OtherInitiator, "");
        bytes memory reason = abi.encodeWithSelector(ILiquidator.WrongInitiator.selector, address(_lender));
        _expectHarmless(_lent(Funding.AaveV3Simple), reason, 0);
        _expectHarmless(_lent(Funding.AaveV3), reason, 0);
    }

    function test_balancerV3CreditsLess() public {
        _lender.misbehave(Wrong.CreditsLess, "");
        bytes memory reason = abi.encodeWithSelector(ILiquidator.ShortFunding.selector, DEBT - 1, DEBT);
        _expectHarmless(_lent(Funding.BalancerV3), reason, 0);
    }

    /// @dev The loan stays as profit, the right to pull it later does not.
    function test_doesNotPull() public {
        _lender.misbehave(Wrong.KeepsAllowance, "");
        Funding[3] memory pulling = [Funding.Morpho, Funding.AaveV3Simple, Funding.AaveV3];
        uint256 before = vm.snapshotState();
        for (uint256 i; i < pulling.length; ++i) {
            assertEq(_execute(_plan(_lent(pulling[i]))), OUT, "value");
            _assertClean();
            _assertNoAllowance(address(_lender));
            vm.revertToState(before);
        }
    }

    // ---- strangers ----

    function _calls() private view returns (bytes[] memory calls) {
        bytes memory data = Plans.encoded(_lent(Funding.Morpho), _tokens());
        address[] memory tokens = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (tokens[0], amounts[0]) = (address(debt), DEBT);
        address us = address(liquidator);
        Leg memory leg = _leg();
        calls = new bytes[](9);
        calls[0] = abi.encodeCall(_doors.uniswapV3FlashCallback, (0, 0, data));
        calls[1] = abi.encodeCall(_doors.unlockCallback, (data));
        calls[2] = abi.encodeCall(_doors.receiveFlashLoan, (tokens, amounts, new uint256[](1), data));
        calls[3] = abi.encodeCall(_doors.balancerV3Unlocked, (data));
        calls[4] = abi.encodeCall(_doors.onMorphoFlashLoan, (DEBT, data));
        calls[5] = abi.encodeCall(IAaveV3FlashLoanSimpleReceiver.executeOperation, (tokens[0], DEBT, 0, us, data));
        calls[6] =
            abi.encodeCall(IAaveV3FlashLoanReceiver.executeOperation, (tokens, amounts, new uint256[](1), us, data));
        calls[7] = abi.encodeCall(liquidator.runUnfunded, (data));
        calls[8] = abi.encodeCall(_doors.runLeg, (Packing.pack(leg, _tokens()), address(debt), address(coll), DEBT));
    }

    function test_strangersAtEveryDoor() public {
        bytes[] memory calls = _calls();
        address[3] memory callers = [makeAddr("stranger"), OPERATOR, OWNER];
        for (uint256 i; i < calls.length; ++i) {
            for (uint256 j; j < callers.length; ++j) {
                vm.prank(callers[j]);
                (bool ok, bytes memory answer) = address(liquidator).call(calls[i]);
                assertFalse(ok, "a stranger came in");
                assertEq(answer, _unexpected(callers[j], bytes4(calls[i])), "refusal");
            }
        }
    }

    /// @dev The market knocks at every door while a lender of each kind waits; the round lands unharmed.
    function test_marketAtEveryDoorDuringARound() public {
        bytes[] memory calls = _calls();
        for (uint256 i; i < calls.length; ++i) {
            market.early(address(liquidator), calls[i]);
        }
        uint256 before = vm.snapshotState();
        for (uint256 k; k < _kinds.length; ++k) {
            assertEq(_execute(_plan(_lent(_kinds[k]))), OUT - DEBT - _feeOf(_kinds[k]), "value");
            assertEq(market.answered(), calls.length, "knocks");
            for (uint256 i; i < calls.length; ++i) {
                (bool ok, bytes memory answer) = market.answer(i);
                assertFalse(ok, "the market came in");
                assertEq(answer, _unexpected(address(market), bytes4(calls[i])), "refusal");
            }
            vm.revertToState(before);
        }
    }

    // ---- sources that are none ----

    function test_sourceWithoutCode() public {
        for (uint256 i; i < _kinds.length; ++i) {
            Round memory round = _lent(_kinds[i]);
            round.source = makeAddr("nobody");
            _expectNothingLanded(_plan(round), abi.encodeWithSelector(ILiquidator.NoCallback.selector, round.source));
        }
    }
}
