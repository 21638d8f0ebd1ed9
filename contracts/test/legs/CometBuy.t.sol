// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CometAsset, CometConfig } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { Plan, Protocol, Round, Swap } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { CometLegs } from "./CometLegs.sol";

/// @notice Legs on Compound v3: how much is bought. What lies in a Comet above its accounts' balances is for sale.
contract CometBuyTest is CometLegs {
    bytes private constant NOT_FOR_SALE = abi.encodeWithSignature("NotForSale()");

    /// @dev From the published formula: the least base amount that buys `stock`, or if that buys more, one less.
    /// `discount`: half of the penalty, 18 decimals. `scale`, `baseScale`: units of one token.
    function _payFor(uint256 stock, address asset, uint256 discount, uint256 scale, address base, uint256 baseScale)
        private
        view
        returns (uint256 pay, uint256 bought)
    {
        uint256 price = uint256(feeds[asset].latestAnswer()) * (1e18 - discount) / 1e18;
        uint256 basePrice = uint256(feeds[base].latestAnswer());
        pay = FixedPointMathLib.divUp(stock * price * baseScale, basePrice * scale);
        bought = basePrice * pay * scale / price / baseScale;
        if (bought <= stock) return (pay, bought);
        return (pay - 1, basePrice * (pay - 1) * scale / price / baseScale);
    }

    // ---- all of the stock ----

    /// @dev USDC is the coarser unit: rarely does an amount buy exactly all.
    function testFuzz_theLargestAmountThatTheStockAllows(uint256 stock, uint256 price) public {
        stock = bound(stock, 1e15, 50e18);
        price = bound(price, 100e8, 1800e8);
        feeds[weth].set(SafeCastLib.toInt256(price));
        _give(weth, address(comet), stock);
        (uint256 pay, uint256 bought) = _payFor(stock, weth, 0.025e18, 1e18, usdc, 1e6);
        assertEq(pay, _maxBase(weth), "as the Comet quotes");
        _expectLiquidated(Protocol.CompoundV3, address(comet), address(0), usdc, weth, pay, bought);
        _execute(_cometPlan(100_000e6, Plans.legs(_cometLeg(address(0), weth))));
        assertEq(comet.getCollateralReserves(weth), stock - bought);
        _assertCleanComet();
    }

    /// @dev WETH is the finer unit: many amounts buy all, and the least is paid, to a wei.
    function testFuzz_theLeastAmountThatBuysAll(uint256 stock, uint256 price) public {
        // Fewer units would all go as the fee of the pool that buys them.
        stock = bound(stock, 1000, 20e8);
        price = bound(price, 10_000e8, 50_000e8);
        feeds[wbtc].set(SafeCastLib.toInt256(price));
        _useWethComet();
        _give(wbtc, address(comet), stock);
        (uint256 pay, uint256 bought) = _payFor(stock, wbtc, 0.035e18, 1e8, weth, 1e18);
        assertEq(bought, stock);
        assertLt(comet.quoteCollateral(wbtc, pay - 1), stock, "one wei less buys less");
        uint256 state = vm.snapshotState();
        _execute(_wethPlan(700e18));
        assertEq(comet.getCollateralReserves(wbtc), 0);
        uint256 paid = IERC20(weth).balanceOf(address(comet));
        assertGe(paid, pay);
        assertLe(paid, pay + 1);
        _assertCleanComet();

        vm.revertToState(state);
        _expectLiquidated(Protocol.CompoundV3, address(comet), address(0), weth, wbtc, pay, stock);
        _execute(_wethPlan(pay));
        _assertCleanComet();
    }

    function _wethPlan(uint256 amount) private view returns (Plan memory) {
        Swap memory sale = Plans.sale(_pool(wbtc, weth, FEE), wbtc, weth, Plans.ALL, 0);
        Round memory round = _free(weth, amount, Plans.legs(_cometLeg(address(0), wbtc)), Plans.swaps(sale));
        return Plans.plan(Plans.tokens(weth, WETH_PRICE, wbtc, 0), Plans.rounds(round));
    }

    function _useWethComet() private {
        CometConfig memory config = _cometConfig(weth, address(feeds[weth]));
        config.targetReserves = 1000e18;
        config.assets = new CometAsset[](1);
        config.assets[0] = _cometAsset(wbtc, address(feeds[wbtc]), 8, 0.7e18, 0.77e18, 0.93e18, 35_000e8);
        comet = _deployComet(config);
    }

    // ---- less than the stock ----

    function _boundedTo(uint256 repay, uint256 amount, uint256 pay) private {
        address borrower = _openUnderwaterComet(1)[0];
        uint256 bought = comet.quoteCollateral(weth, pay);
        uint256 profit = _quoteOut(weth, usdc, FEE, bought) - pay;
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, pay, bought);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 0);
        _execute(_cometPlan(amount, Plans.legs(_cometLeg(borrower, new address[](0), weth, repay))));
        assertEq(comet.getCollateralReserves(weth), 10e18 - bought, "the rest stays for sale");
        assertEq(_treasury(usdc), profit);
        _assertCleanComet();
    }

    function test_boundedByRepay() public {
        _boundedTo(4321e6, 20_000e6, 4321e6);
    }

    function test_boundedByTheRoundsAmount() public {
        _boundedTo(Plans.ALL, 5678e6, 5678e6);
    }

    function test_aRepayAboveTheStockBuysTheStock() public {
        _boundedTo(50_000e6, 60_000e6, 16_575e6);
    }

    // ---- two collaterals ----

    /// @dev 5 WETH and 0.2 WBTC against 16,000 USDC: underwater at 1,500 USD.
    function _openTwoCollaterals() private returns (address borrower) {
        borrower = _openComet(wbtc, 0.2e8, 5000e6);
        _supplyComet(borrower, weth, 5e18);
        vm.prank(borrower);
        comet.withdraw(usdc, 11_000e6);
        _setPrice(weth, 1500);
        _setPrice(wbtc, 57_000);
    }

    function test_theSecondCollateralIsASecondLeg() public {
        address borrower = _openTwoCollaterals();
        (uint256 payWeth, uint256 boughtWeth) = _bought(_list(borrower), weth);
        (uint256 payWbtc, uint256 boughtWbtc) = _payFor(0.2e8, wbtc, 0.035e18, 1e8, usdc, 1e6);
        assertEq(boughtWbtc, 0.2e8);
        uint256 profit = _quoteOut(weth, usdc, FEE, boughtWeth) + _quoteOut(wbtc, usdc, 3000, boughtWbtc);
        profit -= payWeth + payWbtc;
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, payWeth, boughtWeth);
        _expectLiquidated(Protocol.CompoundV3, address(comet), address(0), usdc, wbtc, payWbtc, boughtWbtc);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 2, 0);
        _execute(_cometPlan(payWeth + payWbtc, Plans.legs(_cometLeg(borrower, weth), _cometLeg(address(0), wbtc))));
        _assertCleanComet();
    }

    /// @dev The first leg spends its share of the round's amount; the second buys for what is left.
    function test_theSecondLegIsBoundedByWhatTheFirstLeft() public {
        address borrower = _openTwoCollaterals();
        (uint256 payWeth, uint256 boughtWeth) = _bought(_list(borrower), weth);
        uint256 bought = comet.quoteCollateral(wbtc, 3000e6);
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, payWeth, boughtWeth);
        _expectLiquidated(Protocol.CompoundV3, address(comet), address(0), usdc, wbtc, 3000e6, bought);
        _execute(_cometPlan(payWeth + 3000e6, Plans.legs(_cometLeg(borrower, weth), _cometLeg(address(0), wbtc))));
        assertEq(comet.getCollateralReserves(wbtc), 0.2e8 - bought);
        _assertCleanComet();
    }

    // ---- not for sale ----

    function test_reservesAtTheTargetSellNothing() public {
        _give(weth, address(comet), 1e18);
        _give(usdc, address(comet), 5_000_000e6);
        assertEq(comet.getReserves(), 5_000_000e6);
        Plan memory plan = _cometPlan(20_000e6, Plans.legs(_cometLeg(address(0), weth)));
        _expectNothingLanded(plan, _failed(0, NOT_FOR_SALE));
        _assertCleanComet();
    }

    /// @dev The absorbed debt is paid by the reserves: at the target before, under it after.
    function test_anAbsorptionOpensTheSale() public {
        address borrower = _openUnderwaterComet(1)[0];
        _give(usdc, address(comet), 5_000_000e6);
        assertEq(comet.getReserves(), 5_000_000e6);
        (uint256 pay, uint256 bought) = _bought(_list(borrower), weth);
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, pay, bought);
        _execute(_cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth))));
        _assertCleanComet();
    }

    /// @dev With reserves that stay above the target nothing is for sale, and the absorption is undone with the leg.
    function test_anAbsorptionThatCannotBuyIsUndone() public {
        address borrower = _openUnderwaterComet(1)[0];
        _give(usdc, address(comet), 5_100_000e6);
        Plan memory plan = _cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth)));
        _expectNothingLanded(plan, _failed(0, NOT_FOR_SALE));
        assertEq(comet.borrowBalanceOf(borrower), 16_000e6, "not absorbed");
        _assertCleanComet();
    }

    function test_pausedBuyFailsTheLeg() public {
        address borrower = _openUnderwaterComet(1)[0];
        vm.prank(makeAddr("governor"));
        comet.pause(false, false, false, false, true);
        Plan memory plan = _cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth)));
        _expectNothingLanded(plan, _failed(0, abi.encodeWithSignature("Paused()")));
        _assertCleanComet();
    }
}
