// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Plan, Profit, Protocol, Round, Swap, Tally } from "../../interfaces/ILiquidator.sol";
import { Vm } from "forge-std/Vm.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";
import { CometLegs } from "./CometLegs.sol";
import { Dex223Legs } from "./Dex223Legs.sol";
import { VenusFixture } from "./VenusFixture.sol";

/// @notice One plan of ten rounds over five markets of four protocols, three of them stale.
contract TenRoundsTest is CometLegs, VenusFixture, Dex223Legs {
    bytes private constant HEALTHY = abi.encodeWithSignature("HealthFactorNotBelowThreshold()");

    address private aaveV30;
    address private morpho;
    address private pool;
    uint256 private position;
    /// @dev By the round they are in.
    address[10] private accounts;

    /// @dev The position is frozen, and all but the stale accounts are underwater at 1,700 USD.
    function setUp() public override(Lab, CometLegs, Dex223Legs) {
        super.setUp();
        _useVenus(".venus");
        (aaveV30, morpho, pool) = (_at(".aaveV30.pool"), _at(".morpho.morpho"), _pool(weth, usdc, FEE));
        position = _openInBase(moduleV1);
        skip(76 days);
        accounts[0] = _openWethUsdc();
        accounts[9] = _openWethUsdc();
        accounts[2] = _open(weth, 100e18, usdc, 15_000e6);
        address latest = aave;
        aave = aaveV30;
        accounts[1] = _openWethUsdc();
        aave = latest;
        accounts[3] = _openVenusWeth();
        accounts[4] = _openVenus(vWeth, 100e18, vUsdc, 15_000e6);
        accounts[8] = _openVenus(vEth, 10e18, vUsdc, 15_000e6);
        accounts[6] = _openComet(weth, 100e18, 16_000e6);
        accounts[5] = _openUnderwaterComet(1)[0];
        _freeze(moduleV1, position);
    }

    function _one(Leg memory leg, uint256 amount) private view returns (Round memory) {
        return _free(usdc, amount, Plans.legs(leg), _sellAll(weth, usdc));
    }

    function _rounds() private view returns (Round[] memory rounds) {
        rounds = new Round[](10);
        rounds[0] = Plans.flashSwap(pool, usdc, 15_001e6, Plans.ALL, Plans.legs(_leg(accounts[0], weth)));
        rounds[1] = _one(Plans.leg(aaveV30, accounts[1], weth, 10_000e6), 10_000e6);
        rounds[2] = Plans.flashSwap(pool, usdc, 15_001e6, Plans.ALL, Plans.legs(_leg(accounts[2], weth)));
        rounds[3] = _one(_venusLeg(accounts[3], vUsdc, vWeth), 8000e6);
        rounds[4] = _one(_venusLeg(accounts[4], vUsdc, vWeth), 8000e6);
        rounds[5] = _one(_cometLeg(accounts[5], weth), 20_000e6);
        rounds[6] = _one(_cometLeg(accounts[6], wbtc), 20_000e6);
        rounds[7] = Plans.unfunded(weth, 0, Plans.legs(_confirmLeg(moduleV1, position)), Plans.swaps());
        rounds[8] = _one(_venusLeg(accounts[8], vUsdc, vEth), 8000e6);
        rounds[9] = _one(_leg(accounts[9], weth), 15_001e6);
    }

    function _planOf(Round[] memory rounds) private view returns (Plan memory) {
        return Plans.plan(Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, wbtc, 0), rounds);
    }

    function _only(uint256[] memory which) private view returns (Plan memory) {
        Round[] memory all = _rounds();
        Round[] memory some = new Round[](which.length);
        for (uint256 i; i < which.length; ++i) {
            some[i] = all[which[i]];
        }
        return _planOf(some);
    }

    function _good() private pure returns (uint256[] memory which) {
        which = new uint256[](7);
        (which[0], which[1], which[2], which[3]) = (0, 1, 3, 5);
        (which[4], which[5], which[6]) = (7, 8, 9);
    }

    function _stale() private pure returns (uint256[] memory which) {
        which = new uint256[](3);
        (which[0], which[1], which[2]) = (2, 4, 6);
    }

    function _tryValue(Plan memory plan) private returns (uint256 value) {
        uint256 state = vm.snapshotState();
        value = _execute(plan);
        vm.revertToState(state);
    }

    function _expectRoundSkipped(uint256 round, address source, bytes memory reason) private {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.RoundSkipped(round, source, reason);
    }

    function _nothingRepaid() private view returns (bytes memory) {
        return _failed(0, abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, address(comet)));
    }

    function _assertAllClean() private view {
        _assertCleanOf(morpho);
        _assertCleanOf(aaveV30);
        _assertCleanVenus();
        _assertCleanComet();
        _assertCleanDex(moduleV1);
    }

    // ---- three stale of ten ----

    function test_sevenOfTenLandAndTheOthersAreNamed() public {
        uint256 expected = _tryValue(_only(_good()));
        assertGt(expected, 1e18);
        _expectEvents();
        assertEq(_execute(_planOf(_rounds())), expected, "as if the three had not been there");
        assertEq(_treasury(weth) + _treasury(usdc) * USD6_PRICE / 1e18, expected, "and paid");
        _assertAllClean();
    }

    function _expectEvents() private {
        uint256[3] memory debts =
            [_debtOf(accounts[0], usdc), _closable(vUsdc, accounts[3]), _closable(vUsdc, accounts[8])];
        uint256 venusWeth = _seizedVenus(debts[1], vUsdc, vWeth);
        uint256 venusEth = _seizedVenus(debts[2], vUsdc, vEth);
        uint256 last = _debtOf(accounts[9], usdc);
        (uint256 pay, uint256 bought) = _bought(_list(accounts[5]), weth);
        uint256 seized = _wethSeizedFor(debts[0]);
        _expectLiquidated(Protocol.AaveV3, aave, accounts[0], usdc, weth, debts[0], seized);
        seized = _wethSeizedFor(10_000e6);
        _expectLiquidated(Protocol.AaveV3, aaveV30, accounts[1], usdc, weth, 10_000e6, seized);
        _expectRoundSkipped(2, pool, _failed(0, HEALTHY));
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), accounts[3], usdc, weth, debts[1], venusWeth);
        _expectRoundSkipped(4, morpho, _failed(0, _errorCode(address(vUsdc), 3)));
        _expectLiquidated(Protocol.CompoundV3, address(comet), accounts[5], usdc, weth, pay, bought);
        _expectRoundSkipped(6, morpho, _nothingRepaid());
        _expectReward(moduleV1, position, weth, REWARD);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), accounts[8], usdc, weth, debts[2], venusEth);
        seized = _wethSeizedFor(last);
        _expectLiquidated(Protocol.AaveV3, aave, accounts[9], usdc, weth, last, seized);
    }

    function test_theCountsOfThePlan() public {
        vm.recordLogs();
        uint256 value = _execute(_planOf(_rounds()));
        (uint256 told, Tally tally) = _lastPlan();
        assertEq(told, value);
        assertEq(Tally.unwrap(tally), Tally.unwrap(Plans.tally(0, 0, 7, 3)));
    }

    function _lastPlan() private returns (uint256 value, Tally tally) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        Vm.Log memory last = logs[logs.length - 1];
        assertEq(last.topics[0], ILiquidator.PlanExecuted.selector);
        (value, tally,) = abi.decode(last.data, (uint256, Tally, Profit[]));
    }

    function test_allStaleRevertsWithTheLastReason() public {
        _expectNothingLanded(_only(_stale()), _nothingRepaid());
        _assertAllClean();
    }

    // ---- bounds ----

    /// @dev Somebody pushes the pool of two rounds before us: they are skipped, and what does not trade there lands.
    function test_aSandwichedRoundIsSkipped() public {
        Round[] memory rounds = new Round[](3);
        uint256 debt = _debtOf(accounts[0], usdc);
        uint256 maxPay = _quoteIn(weth, usdc, FEE, debt);
        rounds[0] = Plans.flashSwap(pool, usdc, debt, maxPay, Plans.legs(_leg(accounts[0], weth)));
        uint256 seized = _wethSeizedFor(10_000e6);
        uint256 minOut = _quoteOut(weth, usdc, FEE, seized);
        Swap[] memory sale = Plans.swaps(Plans.sale(pool, weth, usdc, seized, minOut));
        rounds[1] = _free(usdc, 10_000e6, Plans.legs(Plans.leg(aaveV30, accounts[1], weth, 10_000e6)), sale);
        rounds[2] = _rounds()[7];

        _dump(pool, weth, usdc, 100);
        uint256 pay = _quoteIn(weth, usdc, FEE, debt);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        assertGt(pay, maxPay);
        assertLt(out, minOut);
        _expectRoundSkipped(0, pool, abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, pay, maxPay));
        _expectRoundSkipped(1, morpho, abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out, minOut));
        _expectReward(moduleV1, position, weth, REWARD);
        _expectExecuted(weth, REWARD, WETH_PRICE, 0, 1, 2);
        _execute(_planOf(rounds));
        assertEq(_debtOf(accounts[0], usdc), debt, "left alone");
        _assertAllClean();
    }

    function test_theFloorIsMetOrMissedByAWei() public {
        Plan memory plan = _planOf(_rounds());
        uint256 value = _tryValue(plan);
        plan.floor = value + 1;
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BelowFloor.selector, value, value + 1));
        _execute(plan);
        plan.floor = value;
        assertEq(_execute(plan), value);
        _assertAllClean();
    }
}
