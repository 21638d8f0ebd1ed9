// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Plan, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { VenusFixture } from "./VenusFixture.sol";

/// @notice Legs on Venus 0.4.1 whose debt or collateral is the native coin: the plan knows it as WETH.
contract VenusNativeTest is VenusFixture {
    uint24 private constant FEE = 500;

    function setUp() public override {
        super.setUp();
        _useVenus(".venus");
    }

    /// @dev 20,000 USDC (factor 82.5 %) against 8 ether: underwater above 2,062.5 USD.
    function _openNativeDebt() private returns (address) {
        return _openVenus(vUsdc, 20_000e6, vEth, 8e18);
    }

    function _plan(Leg[] memory legs) private view returns (Plan memory) {
        return Plans.plan(_wethUsdc(), Plans.rounds(_free(weth, 9e18, legs, _sellAll(usdc, weth))));
    }

    function test_nativeDebt() public {
        address borrower = _openNativeDebt();
        _sink(2200);
        uint256 debt = _accruedDebt(vEth, borrower);
        assertGt(debt, 8e18);
        uint256 repaid = debt / 2;
        uint256 seized = _seizedVenus(repaid, vEth, vUsdc);
        uint256 out = _quoteOut(usdc, weth, FEE, seized);
        _expectLiquidated(Protocol.CompoundV2, address(vEth), borrower, weth, usdc, repaid, seized);
        _expectExecuted(weth, out - repaid, WETH_PRICE, 0, 1, 0);
        _execute(_plan(Plans.legs(_venusLeg(borrower, vEth, vUsdc))));
        assertEq(vEth.borrowBalanceStored(borrower), debt - repaid);
        assertEq(_treasury(weth), out - repaid);
        _assertCleanVenus();
    }

    function test_anExactRepayOfNativeDebt() public {
        address borrower = _openNativeDebt();
        _sink(2200);
        uint256 seized = _seizedVenus(1.5e18, vEth, vUsdc);
        _expectLiquidated(Protocol.CompoundV2, address(vEth), borrower, weth, usdc, 1.5e18, seized);
        _execute(_plan(Plans.legs(_venusLeg(borrower, vEth, vUsdc, 1.5e18))));
        _assertCleanVenus();
    }

    /// @dev The native market reverts where the others return: the coins and the WETH they came from are back.
    function test_aHealthyNativeDebtIsSkippedWithTheText() public {
        address healthy = _openVenus(vUsdc, 200_000e6, vEth, 8e18);
        address borrower = _openNativeDebt();
        _sink(2200);
        uint256 repaid = _closable(vEth, borrower);
        uint256 profit = _quoteOut(usdc, weth, FEE, _seizedVenus(repaid, vEth, vUsdc)) - repaid;
        _expectSkipped(address(vEth), healthy, 0, _text("liquidateBorrow failed (03)"));
        _expectExecuted(weth, profit, WETH_PRICE, 0, 1, 1);
        _execute(_plan(Plans.legs(_venusLeg(healthy, vEth, vUsdc), _venusLeg(borrower, vEth, vUsdc))));
        assertEq(_treasury(weth), profit);
        _assertCleanVenus();
    }

    /// @dev Paid by `transfer`, which has 2,300 gas, and settled as WETH.
    function test_nativeCollateralArrivesAsWeth() public {
        address borrower = _openVenus(vEth, 10e18, vUsdc, 15_000e6);
        _sink(1800);
        uint256 repaid = _closable(vUsdc, borrower);
        uint256 seized = _seizedVenus(repaid, vUsdc, vEth);
        uint256 pay = _quoteIn(weth, usdc, FEE, repaid);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, repaid, seized);
        _expectExecuted(weth, seized - pay, WETH_PRICE, 0, 1, 0);
        Round memory round =
            Plans.flashSwap(_pool(weth, usdc, FEE), usdc, repaid, pay, Plans.legs(_venusLeg(borrower, vUsdc, vEth)));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_treasury(weth), seized - pay);
        _assertCleanVenus();
    }

    function test_nativeDebtAndNativeCollateral() public {
        address borrower = _openVenus(vEth, 4e18, vUsdc, 100e6);
        _supplyVenus(borrower, vUsdc, 10_000e6);
        _borrowVenus(borrower, vEth, 7e18);
        _sink(2400);
        uint256 repaid = 2e18;
        uint256 seized = _seizedVenus(repaid, vEth, vEth);
        _expectLiquidated(Protocol.CompoundV2, address(vEth), borrower, weth, weth, repaid, seized);
        _expectExecuted(weth, seized - repaid, WETH_PRICE, 0, 1, 0);
        Leg[] memory legs = Plans.legs(_venusLeg(borrower, vEth, vEth, repaid));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(_free(weth, 9e18, legs, Plans.swaps()))));
        assertApproxEqAbs(seized - repaid, 0.2e18, 1e12, "the bonus");
        _assertCleanVenus();
    }
}
