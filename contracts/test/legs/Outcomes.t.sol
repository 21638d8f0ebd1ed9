// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Vm, VmSafe } from "forge-std/Vm.sol";
import { console } from "forge-std/console.sol";
import { ILiquidator, Plan, Profit, Protocol, Round, Tally } from "../../interfaces/ILiquidator.sol";
import { ICometTypes } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { Plans } from "../Plans.sol";
import { OutcomePlans } from "./OutcomePlans.sol";

/// @notice What a plan's events promise a reader: they stand in the order of rounds and legs, one for each, so that their
/// place alone tells which leg an event is about.
contract OutcomesTest is OutcomePlans {
    enum Outcome {
        Landed,
        Skipped,
        WithItsRound
    }

    /// @dev What became of all plans of a run. `kinds`: legs by kind whose own event was read.
    struct Counts {
        uint256 plans;
        uint256 refused;
        uint256 swept;
        uint256 landed;
        uint256 frozen;
        uint256 skipped;
        uint256 withTheirRound;
        uint256 roundsLanded;
        uint256 roundsSkipped;
        uint256[9] kinds;
    }

    /// @dev What a plan should leave. forge records the events of calls that were undone, too: `undone` tells which of those
    /// recorded of the Liquidator's are.
    struct Expected {
        uint256 landed;
        uint256 skipped;
        bytes lastReason;
        bool[] undone;
    }

    uint256 private constant PLANS = 40;
    uint256 private constant MOST_EVENTS = 64;

    /// @dev Many plans a run, so that the run can say how much it saw of each kind.
    /// forge-config: default.fuzz.runs = 4
    function testFuzz_eventsStandInTheOrderOfTheLegs(uint256 seed) public {
        Counts memory counts;
        uint256 state = vm.snapshotState();
        for (uint256 i; i < PLANS; ++i) {
            counts = this.runPlan(uint256(keccak256(abi.encode(seed, i))), counts);
            vm.revertToState(state);
        }
        _assertOften(counts);
    }

    function _assertOften(Counts memory counts) private pure {
        console.log("plans %d, refused %d, after a sweep %d", counts.plans, counts.refused, counts.swept);
        console.log("rounds: %d landed, %d skipped", counts.roundsLanded, counts.roundsSkipped);
        console.log("legs: %d landed, of them %d frozen", counts.landed, counts.frozen);
        console.log("legs: %d skipped, %d with their round", counts.skipped, counts.withTheirRound);
        assertGe(counts.plans - counts.refused, PLANS / 2, "plans that landed");
        assertGe(counts.swept, PLANS / 20, "plans after a sweep");
        assertGe(counts.roundsLanded, PLANS / 2, "rounds that landed");
        assertGe(counts.roundsSkipped, PLANS / 4, "rounds that were skipped");
        assertGe(counts.landed, PLANS, "legs that landed");
        assertGe(counts.frozen, PLANS / 10, "positions that were frozen");
        assertGe(counts.skipped, PLANS / 2, "legs that were skipped");
        assertGe(counts.withTheirRound, PLANS / 2, "legs that went with their round");
        for (uint256 i; i < counts.kinds.length; ++i) {
            assertGt(counts.kinds[i], 0, string.concat("legs of kind ", vm.toString(i)));
        }
    }

    /// @dev Our own events are what is expected, the Liquidator's what came. Called from outside for its memory to be freed.
    function runPlan(uint256 seed, Counts memory counts) external returns (Counts memory) {
        Dice memory dice = Dice(seed, 0);
        RoundScript[] memory scripts = new RoundScript[](1 + _draw(dice, 5));
        Plan memory plan = Plans.plan(_tokens(), new Round[](scripts.length));
        for (uint256 i; i < scripts.length; ++i) {
            scripts[i] = _drawRound(dice);
            plan.rounds[i] = scripts[i].round;
        }
        uint256 dust = _draw(dice, 4);
        if (dust == 0) _give(usdc, address(liquidator), 5);
        if (dust <= 1) _give(weth, address(liquidator), 7);
        ++counts.plans;

        vm.recordLogs();
        if (dust <= 1) emit ILiquidator.Rescued(weth, 7);
        if (dust == 0) emit ILiquidator.Rescued(usdc, 5);
        Expected memory expected = _emitAll(scripts, dust <= 1 ? 2 - dust : 0);
        vm.startStateDiffRecording();
        vm.prank(OPERATOR);
        (bool ok, bytes memory answer) = address(liquidator).call(Plans.call(plan));
        Vm.AccountAccess[] memory calls = vm.stopAndReturnStateDiff();
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertEq(ok, expected.landed != 0, "whether it landed");
        if (!ok) {
            assertEq(answer, abi.encodeWithSelector(ILiquidator.NothingLanded.selector, expected.lastReason));
            ++counts.refused;
            return counts;
        }
        if (dust <= 1) ++counts.swept;
        Vm.Log[] memory came = _of(logs, address(liquidator));
        _assertSame(came, _of(logs, address(this)));
        _assertLast(came[came.length - 1], expected);
        _assertUndone(scripts, calls);
        _assertOutcomes(scripts, _aligned(plan, _standing(came, expected.undone)), counts);
        return counts;
    }

    // ---- what is expected ----

    /// @param at How many events come before the first round's.
    function _emitAll(RoundScript[] memory scripts, uint256 at) private returns (Expected memory expected) {
        expected.undone = new bool[](MOST_EVENTS);
        for (uint256 i; i < scripts.length; ++i) {
            RoundScript memory script = scripts[i];
            for (uint256 j; j < script.reached; ++j) {
                expected.undone[at++] = !script.lands;
                _emitLeg(script.legs[j], script.round.debtToken, j);
                if (script.lands && script.legs[j].lands) ++expected.landed;
                else if (script.lands) ++expected.skipped;
            }
            if (script.lands) continue;
            ++at;
            (expected.lastReason, expected.skipped) = (script.reason, expected.skipped + script.legs.length);
            emit ILiquidator.RoundSkipped(i, script.round.source, script.reason);
        }
    }

    function _emitLeg(LegScript memory script, address debtToken, uint256 index) private {
        (address at, address borrower) = (script.leg.market, script.leg.borrower);
        if (!script.lands) {
            emit ILiquidator.LegSkipped(at, borrower, index, script.reason);
        } else if (script.kind == Kind.FreezeLands) {
            emit ILiquidator.Frozen(at, uint160(borrower));
        } else {
            emit ILiquidator.Liquidated(
                script.leg.protocol, at, borrower, debtToken, script.leg.collateral, script.repaid, script.seized
            );
        }
    }

    function _of(Vm.Log[] memory logs, address emitter) private pure returns (Vm.Log[] memory some) {
        some = new Vm.Log[](logs.length);
        uint256 count;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter == emitter) some[count++] = logs[i];
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
    }

    /// @dev All but the plan's own, which is not among the expected.
    function _assertSame(Vm.Log[] memory came, Vm.Log[] memory expected) private pure {
        assertEq(came.length, expected.length + 1, "how many events");
        for (uint256 i; i < expected.length; ++i) {
            assertEq(abi.encode(came[i].topics), abi.encode(expected[i].topics), "topics");
            assertEq(came[i].data, expected[i].data, "data");
        }
    }

    function _assertLast(Vm.Log memory last, Expected memory expected) private view {
        assertEq(last.topics[0], ILiquidator.PlanExecuted.selector, "the last event");
        assertEq(last.topics[1], bytes32(uint256(uint160(OPERATOR))), "operator");
        (, Tally tally,) = abi.decode(last.data, (uint256, Tally, Profit[]));
        assertEq(uint32(Tally.unwrap(tally)), expected.skipped << 16 | expected.landed, "tally");
    }

    /// @dev The funding call of a round, or the Liquidator's to itself, is undone where the round does not land, and with it all
    /// that was told in it. A plan that is one call needs none.
    function _assertUndone(RoundScript[] memory scripts, Vm.AccountAccess[] memory calls) private view {
        uint256 round;
        for (uint256 i = 1; i < calls.length; ++i) {
            if (calls[i].accessor != address(liquidator) || calls[i].depth != calls[0].depth + 1) continue;
            if (calls[i].kind != VmSafe.AccountAccessKind.Call || !_isAsked(calls[i].account)) continue;
            assertEq(calls[i].reverted, !scripts[round++].lands, "a round that is undone");
        }
        if (round != 0 || scripts.length != 1) assertEq(round, scripts.length, "a call a round");
    }

    function _isAsked(address account) private view returns (bool) {
        return account == address(liquidator) || account == aave || account == lender || account == pool;
    }

    /// @dev What the transaction's receipt has.
    function _standing(Vm.Log[] memory came, bool[] memory undone) private pure returns (Vm.Log[] memory some) {
        some = new Vm.Log[](came.length);
        uint256 count;
        for (uint256 i; i < came.length; ++i) {
            if (!undone[i]) some[count++] = came[i];
        }
        assembly ("memory-safe") {
            mstore(some, count)
        }
    }

    // ---- a reader that knows the plan and the order, and nothing else ----

    function _aligned(Plan memory plan, Vm.Log[] memory logs) private pure returns (Outcome[][] memory outcomes) {
        uint256 at;
        while (logs[at].topics[0] == ILiquidator.Rescued.selector) ++at;
        outcomes = new Outcome[][](plan.rounds.length);
        for (uint256 i; i < plan.rounds.length; ++i) {
            outcomes[i] = new Outcome[](plan.rounds[i].legs.length);
            bool skipped = logs[at].topics[0] == ILiquidator.RoundSkipped.selector;
            if (skipped) assertEq(uint256(logs[at++].topics[1]), i, "index of the round");
            for (uint256 j; j < outcomes[i].length; ++j) {
                outcomes[i][j] = skipped ? Outcome.WithItsRound : _outcomeOf(logs[at++], j);
            }
        }
        assertEq(at, logs.length - 1, "events between the last round and the plan's");
    }

    function _outcomeOf(Vm.Log memory log, uint256 leg) private pure returns (Outcome) {
        bytes32 topic = log.topics[0];
        if (topic == ILiquidator.Liquidated.selector || topic == ILiquidator.Frozen.selector) return Outcome.Landed;
        assertEq(topic, ILiquidator.LegSkipped.selector, "an event of a leg");
        (uint256 index,) = abi.decode(log.data, (uint256, bytes));
        assertEq(index, leg, "index of the leg");
        return Outcome.Skipped;
    }

    function _assertOutcomes(RoundScript[] memory scripts, Outcome[][] memory outcomes, Counts memory counts)
        private
        pure
    {
        for (uint256 i; i < scripts.length; ++i) {
            if (scripts[i].lands) ++counts.roundsLanded;
            else ++counts.roundsSkipped;
            for (uint256 j; j < outcomes[i].length; ++j) {
                _assertOutcome(scripts[i], scripts[i].legs[j], outcomes[i][j], counts);
            }
        }
    }

    function _assertOutcome(RoundScript memory round, LegScript memory leg, Outcome outcome, Counts memory counts)
        private
        pure
    {
        if (!round.lands) {
            assertTrue(outcome == Outcome.WithItsRound, "a leg of a skipped round");
            ++counts.withTheirRound;
            return;
        }
        assertTrue(outcome == (leg.lands ? Outcome.Landed : Outcome.Skipped), "a leg of a round that landed");
        ++counts.kinds[uint256(leg.kind)];
        if (!leg.lands) ++counts.skipped;
        else ++counts.landed;
        if (leg.kind == Kind.FreezeLands) ++counts.frozen;
    }

    // ---- whose account it was ----

    /// @dev A rival absorbed the account and we bought its collateral: our event names the account, the Comet's names the
    /// rival, and there is no absorption of ours.
    function test_theBorrowerOfACometLegIsNoProofThatWeAbsorbed() public {
        _setPrice(weth, 2000);
        address account = _openUnderwaterComet(1)[0];
        vm.recordLogs();
        vm.prank(RIVAL);
        comet.absorb(RIVAL, _list(account));
        Vm.Log[] memory absorbed = _absorptions();
        assertEq(absorbed.length, 1);
        assertEq(absorbed[0].topics[1], bytes32(uint256(uint160(RIVAL))), "absorber");
        assertEq(absorbed[0].topics[2], bytes32(uint256(uint160(account))), "absorbed");

        uint256 pay = _maxBase(weth);
        uint256 bought = comet.quoteCollateral(weth, pay);
        Plan memory plan = _cometPlan(100_000e6, Plans.legs(_cometLeg(account, weth)));
        vm.recordLogs();
        _expectLiquidated(Protocol.CompoundV3, address(comet), account, usdc, weth, pay, bought);
        _execute(plan);
        assertEq(_absorptions().length, 0, "absorptions of ours");
    }

    function _absorptions() private returns (Vm.Log[] memory logs) {
        logs = _of(vm.getRecordedLogs(), address(comet));
        uint256 count;
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].topics[0] == ICometTypes.AbsorbDebt.selector) logs[count++] = logs[i];
        }
        assembly ("memory-safe") {
            mstore(logs, count)
        }
    }
}
