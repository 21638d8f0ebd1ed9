// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { Funding, ILiquidator, Plan, Profit, Round, Swap, Venue } from "../../interfaces/ILiquidator.sol";
import { Market } from "../hostile/Market.sol";
import { Plans } from "../Plans.sol";
import { Markets } from "./Markets.sol";

/// @notice Every venue under a price bound: to the unit, in proportion, against a sandwich; and what is no sale at all.
contract VenuesTest is Markets {
    using SafeTransferLib for address;

    address private _morpho;

    function setUp() public override {
        super.setUp();
        _morpho = _at(".morpho.morpho");
    }

    function _fund(address borrower, Swap[] memory swaps) private view returns (Round memory) {
        return Round(
            Funding.Morpho, _morpho, usdc, REPAID, 0, "", Plans.legs(Plans.leg(aave, borrower, weth, REPAID)), swaps
        );
    }

    function _plan(Round memory round) private view returns (Plan memory) {
        return Plans.plan(_listed(), Plans.rounds(round));
    }

    function _below(uint256 out, uint256 minOut) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out, minOut);
    }

    // ---- bounds ----

    function test_outBelowMinUnderASandwich() public {
        (address borrower, uint256 seized) = _underwater();
        for (uint256 i; i < SHOPS; ++i) {
            Shop shop = Shop(i);
            uint256 expected = _quote(shop, seized);
            Round memory round = _fund(borrower, _sale(shop, seized, expected));
            uint256 before = vm.snapshotState();
            _sandwich(shop);
            uint256 out = _quote(shop, seized);
            assertLt(out, expected, "the sandwich moved the price");
            _expectNothingLanded(_plan(round), _below(out, expected));
            vm.revertToState(before);
        }
    }

    function test_oneUnitShort() public {
        (address borrower, uint256 seized) = _underwater();
        for (uint256 i; i < SHOPS; ++i) {
            uint256 out = _quote(Shop(i), seized);
            _expectNothingLanded(_plan(_fund(borrower, _sale(Shop(i), seized, out + 1))), _below(out, out + 1));
        }
    }

    /// @dev Twice as much offered as arrives: half the bound, rounded up.
    function test_boundShrinksInProportion() public {
        (address borrower, uint256 seized) = _underwater();
        for (uint256 i; i < SHOPS; ++i) {
            if (Shop(i) == Shop.V4NativeUnwrapped) continue; // the same sale as before, after an unwrapping
            uint256 out = _quote(Shop(i), seized);
            uint256 before = vm.snapshotState();
            Round memory round = _fund(borrower, _sale(Shop(i), 2 * seized, 2 * out + 1));
            _expectNothingLanded(_plan(round), _below(out, out + 1));
            round.swaps[0].minOut = 2 * out;
            _expectLands(round, _listed(), usdc, 0, out - REPAID, 0);
            vm.revertToState(before);
        }
    }

    /// @dev Everything that is here, under a bound that does not shrink.
    function test_wholeBalance() public {
        (address borrower, uint256 seized) = _underwater();
        for (uint256 i; i < SHOPS; ++i) {
            uint256 out = _quote(Shop(i), seized);
            uint256 before = vm.snapshotState();
            _expectNothingLanded(_plan(_fund(borrower, _sale(Shop(i), Plans.ALL, out + 1))), _below(out, out + 1));
            _expectLands(_fund(borrower, _sale(Shop(i), Plans.ALL, out)), _listed(), usdc, 0, out - REPAID, 0);
            vm.revertToState(before);
        }
    }

    /// @dev The venue's own refusal is the round's reason.
    function test_pancakeFeeTooSmall() public {
        (address borrower, uint256 seized) = _underwater();
        Round memory round = _fund(borrower, _sale(Shop.Pancake, seized, 0));
        round.swaps[0].extra = abi.encodePacked(uint16(19));
        _expectNothingLanded(_plan(round), abi.encodeWithSignature("Error(string)", "Pancake: K"));
        // The usual 30 bps leave it the difference.
        round.swaps[0].extra = "";
        uint256 before = _quote(Shop.Pancake, seized);
        assertLt(_execute(_plan(round)), _worth(before - REPAID), "value at 30 bps");
    }

    // ---- over several pools ----

    function test_betweenAtRestIsNotSold() public {
        (address borrower, uint256 seized) = _underwater();
        _give(usdt, address(liquidator), 1_000_000e6);
        _give(dai, address(liquidator), 1_000_000e18);
        uint256 out = _quote(Shop.V3OverThree, seized);
        assertEq(_execute(_plan(_fund(borrower, _sale(Shop.V3OverThree, Plans.ALL, out)))), _worth(out - REPAID));
        assertEq(IERC20(usdt).balanceOf(address(liquidator)), 1_000_000e6, "USDT at rest");
        assertEq(IERC20(dai).balanceOf(address(liquidator)), 1_000_000e18, "DAI at rest");
    }

    // ---- the native coin ----

    /// @dev What is left of the unwrapped goes to the treasury as it is.
    function test_unwrappedProfitIsNative() public {
        (address borrower, uint256 seized) = _underwater();
        uint256 sold = seized - 0.05e18;
        uint256 out = _quote(Shop.V4, sold);
        Swap[] memory swaps = new Swap[](2);
        swaps[0] = _sale(Shop.V4, sold, out)[0];
        swaps[1] = Swap(Venue.Weth, weth, weth, address(0), Plans.ALL, 0.05e18, "");
        swaps[1].minOut = 0.05e18 + 1;
        _expectNothingLanded(_plan(_fund(borrower, swaps)), _below(0.05e18, 0.05e18 + 1));
        swaps[1].minOut = 0.05e18;

        Profit[] memory profits = new Profit[](2);
        (profits[0], profits[1]) = (Profit(address(0), 0.05e18), Profit(usdc, out - REPAID));
        uint256 value = 0.05e18 + _worth(out - REPAID);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, value, Plans.tally(0, 0, 1, 0), profits);
        assertEq(_execute(_plan(_fund(borrower, swaps))), value, "value");
        assertEq(TREASURY.balance, 0.05e18, "native profit");
        assertEq(address(liquidator).balance, 0, "native coins left");
        _assertClean();
    }

    /// @dev There and back again.
    function test_wrap() public {
        (address borrower, uint256 seized) = _underwater();
        Swap[] memory swaps = new Swap[](3);
        swaps[0] = Swap(Venue.Weth, weth, weth, address(0), Plans.ALL, seized, "");
        swaps[1] = Swap(Venue.Weth, weth, address(0), weth, Plans.ALL, seized, "");
        uint256 out = _quote(Shop.V2, seized);
        swaps[2] = _sale(Shop.V2, seized, out)[0];
        _expectLands(_fund(borrower, swaps), _listed(), usdc, 0, out - REPAID, 0);
    }

    /// @dev WETH bought in a pool of the native coin arrives wrapped: 0.1 WETH of the profit, there and back.
    function test_v4NativeBuysWeth() public {
        _buysWeth(Shop.V4Native);
    }

    function test_v4BuysWeth() public {
        _buysWeth(Shop.V4);
    }

    function _buysWeth(Shop shop) private {
        (address borrower, uint256 seized) = _underwater();
        uint256 out = _quote(Shop.V2, seized);
        Swap[] memory swaps = new Swap[](2);
        swaps[0] = _sale(Shop.V2, seized, out)[0];
        swaps[1] = _sale(shop, 0, 0)[0];
        (swaps[1].tokenIn, swaps[1].tokenOut, swaps[1].amountIn) = (usdc, weth, 100e6);
        uint256 bought = _buy(shop, 100e6);
        assertGt(bought, 0.04e18, "about 0.05 WETH");
        swaps[1].minOut = bought;
        _expectLands(_fund(borrower, swaps), _listed(), usdc, bought, out - REPAID - 100e6, 0);
    }

    // ---- ERC-4626 ----

    /// @dev A market of our own pays in shares of the lab's vault, whose asset is the debt: 105 for 100.
    function _sharesRound(uint256 amountIn, uint256 minOut) private returns (Round memory) {
        Market market = new Market();
        market.owe(OWNER, 10e18);
        _give(weth, address(this), 20e18);
        weth.safeApprove(shares, 20e18);
        IERC4626(shares).deposit(20e18, address(market));
        // A donation: a share is worth more than one.
        _give(weth, shares, 3e18);
        return Round({
            funding: Funding.Morpho,
            source: _morpho,
            debtToken: weth,
            amount: 10e18,
            maxPay: 0,
            extra: "",
            legs: Plans.legs(Plans.leg(address(market), OWNER, shares, 10e18)),
            swaps: Plans.swaps(Swap(Venue.Erc4626, shares, shares, weth, amountIn, minOut, ""))
        });
    }

    function test_redeem() public {
        Round memory round = _sharesRound(Plans.ALL, 0);
        uint256 out = IERC4626(shares).previewRedeem(10.5e18);
        assertGt(out, 10.5e18, "a share is worth more than one");
        round.swaps[0].minOut = out + 1;
        Plan memory plan = Plans.plan(Plans.tokens(shares, 0, weth, WETH_PRICE), Plans.rounds(round));
        _expectNothingLanded(plan, _below(out, out + 1));
        plan.rounds[0].swaps[0].minOut = out;
        assertEq(_execute(plan), out - 10e18, "value");
        assertEq(_treasury(weth), out - 10e18, "profit");
        assertEq(IERC20(shares).balanceOf(address(liquidator)), 0, "shares left");
        _assertNoAllowance(_morpho);
    }

    /// @dev Redeems 10 shares, the rest is profit in shares.
    function test_redeemSome() public {
        Round memory round = _sharesRound(10e18, 10e18);
        uint256 out = IERC4626(shares).previewRedeem(10e18);
        assertEq(_execute(Plans.plan(Plans.tokens(shares, 2e18, weth, 1e18), Plans.rounds(round))), out - 10e18 + 1e18);
        assertEq(_treasury(weth), out - 10e18, "WETH");
        assertEq(_treasury(shares), 0.5e18, "shares");
    }
}
