// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { CometFixture } from "./CometFixture.sol";

/// @notice The fixture itself: accounts go under on the lab's feeds and their collateral is bought at the discount.
contract CometLabTest is CometFixture {
    using SafeTransferLib for address;

    function test_UnderwaterAccountsAreAbsorbedInOneCallAndTheirStockSells() public {
        address[] memory borrowers = _openUnderwaterComet(2);
        assertTrue(comet.isLiquidatable(borrowers[0]));
        assertTrue(comet.isLiquidatable(borrowers[1]));
        comet.absorb(address(this), borrowers);
        assertEq(comet.getCollateralReserves(weth), 20e18);
        assertEq(comet.balanceOf(borrowers[0]), 150e6, "16,150 less 16,000");

        uint256 base = _maxBase(weth);
        // 2.5 % under the oracle's 1,700 USD.
        assertEq(base, 33_150e6);
        _give(usdc, address(this), base);
        usdc.safeApprove(address(comet), base);
        comet.buyCollateral(weth, 20e18, base, address(this));
        assertEq(IERC20(weth).balanceOf(address(this)), 20e18);
        assertEq(comet.getCollateralReserves(weth), 0);
    }

    function test_AWbtcAccountGoesUnderWhenTheDebtOutgrowsItsThreshold() public {
        address borrower = _openCometWbtc();
        uint256 price = uint256(feeds[wbtc].latestAnswer()) / 1e8;
        _setPrice(wbtc, price * 80 / 100);
        assertFalse(comet.isLiquidatable(borrower), "0.6 / 0.8 is under 0.77");
        _setPrice(wbtc, price * 77 / 100);
        assertTrue(comet.isLiquidatable(borrower), "0.6 / 0.77 is over 0.77");
        _absorb(borrower);
        assertEq(comet.getCollateralReserves(wbtc), 1e8);
    }
}
