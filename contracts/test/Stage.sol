// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Doors } from "./Doors.sol";
import { Test } from "forge-std/Test.sol";
import { ILiquidator, Leg, Plan, PricedToken, Round, Swap } from "../interfaces/ILiquidator.sol";
import { Caller } from "./hostile/Caller.sol";
import { Coin } from "./hostile/Coin.sol";
import { Market } from "./hostile/Market.sol";
import { Pool } from "./hostile/Pool.sol";
import { Plans } from "./Plans.sol";

/// @title Stage
/// @notice One liquidation among parties of our own, so that each can be made hostile. A borrower owes 100 `debt`; who
/// repays seizes 105 `coll`; a flash swap costs 101 `coll`, so 4 are profit; a loan costs 0.1.
abstract contract Stage is Test {
    address internal immutable OWNER = makeAddr("owner");
    address internal immutable TREASURY = makeAddr("treasury");
    address internal immutable OPERATOR = makeAddr("operator");
    address internal immutable BORROWER = makeAddr("borrower");

    uint256 internal constant DEBT = 100e18;
    uint256 internal constant SEIZED = 105e18;
    uint256 internal constant PAY = 101e18;
    int256 internal constant PAY_DELTA = 101e18;
    int256 internal constant DEBT_DELTA = -100e18;

    Doors internal liquidator;
    Coin internal coll;
    Coin internal debt;
    Pool internal pool;
    Pool internal venue;
    Market internal market;
    Caller internal contractOperator;

    function setUp() public virtual {
        contractOperator = new Caller();
        address[] memory operators = new address[](2);
        (operators[0], operators[1]) = (OPERATOR, address(contractOperator));
        liquidator = Doors(vm.deployCode("Liquidator.sol:Liquidator", abi.encode(OWNER, TREASURY, operators)));
        (coll, debt) = (new Coin(), new Coin());
        pool = new Pool(address(coll), address(debt));
        venue = new Pool(address(coll), address(debt));
        market = new Market();
        market.owe(BORROWER, DEBT);
        address[3] memory rich = [address(pool), address(venue), address(market)];
        for (uint256 i; i < rich.length; ++i) {
            coll.mint(rich[i], 1_000_000e18);
            debt.mint(rich[i], 1_000_000e18);
        }
    }

    // ---- plans ----

    function _leg() internal view returns (Leg memory) {
        return Plans.leg(address(market), BORROWER, address(coll));
    }

    function _flashSwap() internal view returns (Round memory) {
        return Plans.flashSwap(address(pool), address(debt), DEBT, PAY, Plans.legs(_leg()));
    }

    /// @dev Sells what it takes to return the loan and more: 105 of collateral bring 103.96.
    function _loan() internal view returns (Round memory) {
        return
            Plans.loan(address(pool), address(debt), DEBT, Plans.legs(_leg()), Plans.swaps(_sale(SEIZED * 100 / 101)));
    }

    function _sale(uint256 minOut) internal view returns (Swap memory) {
        return Plans.sale(address(venue), address(coll), address(debt), SEIZED, minOut);
    }

    function _plan(Round memory round) internal view returns (Plan memory) {
        return Plans.plan(_tokens(), Plans.rounds(round));
    }

    function _tokens() internal view returns (PricedToken[] memory) {
        return Plans.tokens(address(coll), 1e18, address(debt), 1e18);
    }

    function _execute(Plan memory plan) internal returns (uint256 value) {
        vm.prank(OPERATOR);
        return Plans.execute(liquidator, Plans.packed(plan));
    }

    // ---- what is expected ----

    function _unexpected(address caller, bytes4 selector) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.UnexpectedCallback.selector, caller, selector);
    }

    /// @dev Executes a plan that cannot land and expects `reason` as the last round's.
    function _expectNothingLanded(Plan memory plan, bytes memory reason) internal {
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.NothingLanded.selector, reason));
        _execute(plan);
        _assertClean();
    }

    /// @dev Runs `hostile` and then an honest round in one plan: the first is skipped with `reason`, the second lands.
    /// `gift`: debt token that the hostile party left.
    function _expectSkippedAndHonestLands(Round memory hostile, bytes memory reason, uint256 gift) internal {
        Pool honest = new Pool(address(coll), address(debt));
        debt.mint(address(honest), DEBT);
        Round memory last = _flashSwap();
        last.source = address(honest);
        last.legs[0].market = address(_honestMarket());

        uint256 before = coll.balanceOf(TREASURY);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.RoundSkipped(0, hostile.source, reason);
        uint256 value = _execute(Plans.plan(_tokens(), Plans.rounds(hostile, last)));
        assertEq(value, SEIZED - PAY + gift, "value of the honest round");
        assertEq(debt.balanceOf(TREASURY), gift, "gift");
        assertEq(coll.balanceOf(TREASURY) - before, SEIZED - PAY, "profit of the honest round");
        _assertClean();
        _assertNoAllowance(address(honest));
        _assertNoAllowance(last.legs[0].market);
    }

    function _honestMarket() internal returns (Market honest) {
        honest = new Market();
        honest.owe(BORROWER, DEBT);
        coll.mint(address(honest), SEIZED);
    }

    /// @dev Runs `hostile` and then an honest plan in one transaction, both sent by a contract.
    function _assertNextPlanLands(Plan memory hostile) internal {
        Market honestMarket = _honestMarket();
        Round memory honest = _flashSwap();
        honest.source = address(venue);
        honest.legs[0].market = address(honestMarket);
        contractOperator.early(address(liquidator), Plans.call(hostile));
        contractOperator.early(address(liquidator), Plans.call(_plan(honest)));
        contractOperator.run();
        (bool ok,) = contractOperator.answer(1);
        assertTrue(ok, "an honest plan in the same transaction");
        assertEq(honestMarket.debts(BORROWER), 0, "honest debt repaid");
        _assertClean();
    }

    function _assertClean() internal view {
        assertEq(coll.balanceOf(address(liquidator)), 0, "collateral left");
        assertEq(debt.balanceOf(address(liquidator)), 0, "debt token left");
        _assertNoAllowance(address(pool));
        _assertNoAllowance(address(venue));
        _assertNoAllowance(address(market));
    }

    function _assertNoAllowance(address spender) internal view {
        assertEq(coll.allowance(address(liquidator), spender), 0, "collateral allowance left");
        assertEq(debt.allowance(address(liquidator), spender), 0, "debt allowance left");
    }
}
