// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Plan, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { CometLegs } from "./CometLegs.sol";

/// @notice Legs on Compound v3: whose accounts are absorbed, and what is bought then.
contract CometAbsorbTest is CometLegs {
    function test_absorbAndBuy() public {
        address borrower = _openUnderwaterComet(1)[0];
        (uint256 pay, uint256 bought) = _bought(_list(borrower), weth);
        // 2.5 % under 1,700 USD.
        assertEq(pay, 16_575e6);
        assertEq(bought, 10e18);
        uint256 profit = _quoteOut(weth, usdc, FEE, bought) - pay;
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, pay, bought);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 0);
        _execute(_cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth))));
        assertEq(comet.balanceOf(borrower), 150e6, "the surplus of the seized value");
        assertEq(comet.getCollateralReserves(weth), 0);
        assertEq(_treasury(usdc), profit);
        _assertCleanComet();
    }

    /// @dev The price is fixed before the legs run, so the amount is exact.
    function test_aFlashSwapPaysInCollateral() public {
        address borrower = _openUnderwaterComet(1)[0];
        (uint256 cost, uint256 bought) = _bought(_list(borrower), weth);
        uint256 pay = _quoteIn(weth, usdc, FEE, cost);
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, cost, bought);
        _expectExecuted(weth, bought - pay, WETH_PRICE, 0, 1, 0);
        Leg[] memory legs = Plans.legs(_cometLeg(borrower, weth));
        Round memory round = Plans.flashSwap(_pool(weth, usdc, FEE), usdc, cost, pay, legs);
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_treasury(weth), bought - pay);
        assertEq(_treasury(usdc), 0);
        _assertCleanComet();
    }

    function test_severalAccountsAtOnce() public {
        address[] memory accounts = _openUnderwaterComet(3);
        (uint256 pay, uint256 bought) = _bought(accounts, weth);
        assertEq(bought, 30e18);
        vm.expectCall(address(comet), abi.encodeCall(comet.absorb, (address(liquidator), accounts)), 1);
        _expectLiquidated(Protocol.CompoundV3, address(comet), accounts[0], usdc, weth, pay, bought);
        _execute(_cometPlan(60_000e6, Plans.legs(_batch(accounts))));
        for (uint256 i; i < accounts.length; ++i) {
            assertEq(comet.borrowBalanceOf(accounts[i]), 0);
        }
        _assertCleanComet();
    }

    /// @dev One healthy account fails the absorption of all, so they are absorbed one by one.
    function test_oneHealthyAmongThem() public {
        address[] memory two = _openUnderwaterComet(2);
        address healthy = _openComet(weth, 100e18, 16_000e6);
        (uint256 pay, uint256 bought) = _bought(two, weth);
        assertEq(bought, 20e18, "without the healthy one's");
        _expectLiquidated(Protocol.CompoundV3, address(comet), two[0], usdc, weth, pay, bought);
        _execute(_cometPlan(60_000e6, Plans.legs(_batch(_list(two[0], healthy, two[1])))));
        assertEq(comet.borrowBalanceOf(two[0]) + comet.borrowBalanceOf(two[1]), 0);
        assertEq(comet.borrowBalanceOf(healthy), 16_000e6, "left alone");
        _assertCleanComet();
    }

    /// @dev A rival absorbed first and did not buy: the collateral is for sale all the same.
    function test_aRivalAbsorbedFirst() public {
        address borrower = _openUnderwaterComet(1)[0];
        _absorb(borrower);
        (uint256 pay, uint256 bought) = _bought(new address[](0), weth);
        assertEq(bought, 10e18);
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, pay, bought);
        _execute(_cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth))));
        _assertCleanComet();
    }

    /// @dev A rival absorbed and bought: there is nothing left, and the leg costs nothing.
    function test_aRivalAbsorbedAndBought() public {
        address borrower = _openUnderwaterComet(1)[0];
        Plan memory plan = _cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth)));
        _execute(plan);
        _expectNothingLanded(plan, _failed(0, _nothingRepaid()));
        _assertCleanComet();
    }

    function test_allHealthyButCollateralIsForSale() public {
        _absorb(_openUnderwaterComet(1)[0]);
        address[] memory healthy = _list(
            _openComet(weth, 100e18, 16_000e6), _openComet(weth, 100e18, 16_000e6), _openComet(weth, 100e18, 16_000e6)
        );
        (uint256 pay, uint256 bought) = _bought(new address[](0), weth);
        _expectLiquidated(Protocol.CompoundV3, address(comet), healthy[0], usdc, weth, pay, bought);
        _execute(_cometPlan(20_000e6, Plans.legs(_batch(healthy))));
        assertEq(comet.borrowBalanceOf(healthy[2]), 16_000e6);
        _assertCleanComet();
    }

    function test_buyingOnly() public {
        _absorb(_openUnderwaterComet(1)[0]);
        (uint256 pay, uint256 bought) = _bought(new address[](0), weth);
        _expectLiquidated(Protocol.CompoundV3, address(comet), address(0), usdc, weth, pay, bought);
        _execute(_cometPlan(20_000e6, Plans.legs(_cometLeg(address(0), weth))));
        _assertCleanComet();
    }

    /// @dev Accounts in `extra` alone, without one in the leg.
    function test_accountsInExtraAlone() public {
        address[] memory two = _openUnderwaterComet(2);
        (uint256 pay, uint256 bought) = _bought(two, weth);
        assertEq(bought, 20e18);
        _expectLiquidated(Protocol.CompoundV3, address(comet), address(0), usdc, weth, pay, bought);
        _execute(_cometPlan(60_000e6, Plans.legs(_cometLeg(address(0), two, weth, Plans.ALL))));
        _assertCleanComet();
    }

    function _nothingRepaid() private view returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, address(comet));
    }

    function test_nothingForSaleFailsTheLeg() public {
        address healthy = _openCometWeth();
        Plan memory plan = _cometPlan(20_000e6, Plans.legs(_cometLeg(healthy, weth)));
        _expectNothingLanded(plan, _failed(0, _nothingRepaid()));
        _assertCleanComet();
    }

    /// @dev In a loan round the other leg lands.
    function test_aLegWithNothingForSaleIsSkipped() public {
        address borrower = _openUnderwaterComet(1)[0];
        (uint256 pay, uint256 bought) = _bought(_list(borrower), weth);
        uint256 profit = _quoteOut(weth, usdc, FEE, bought) - pay;
        _expectLiquidated(Protocol.CompoundV3, address(comet), borrower, usdc, weth, pay, bought);
        _expectSkipped(address(comet), address(0), 1, _nothingRepaid());
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 1);
        _execute(_cometPlan(20_000e6, Plans.legs(_cometLeg(borrower, weth), _cometLeg(address(0), wbtc))));
        _assertCleanComet();
    }

    /// @dev Absorbing pauses, buying does not.
    function test_pausedAbsorbStillBuys() public {
        address[] memory two = _openUnderwaterComet(2);
        _absorb(two[0]);
        vm.prank(makeAddr("governor"));
        comet.pause(false, false, false, true, false);
        (uint256 pay, uint256 bought) = _bought(new address[](0), weth);
        assertEq(bought, 10e18);
        _expectLiquidated(Protocol.CompoundV3, address(comet), two[1], usdc, weth, pay, bought);
        _execute(_cometPlan(20_000e6, Plans.legs(_cometLeg(two[1], weth))));
        _assertCleanComet();
    }
}
