// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { CometAsset, CometConfig } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { Lab } from "../Lab.sol";
import { CometDeployer } from "./CometDeployer.sol";
import { IComet } from "./IComet.sol";

/// @title CometFixture
/// @notice A Comet on the lab's tokens, feeds and pools: USDC to borrow, WETH and WBTC as collateral, 20 million USDC
/// supplied, reserves of zero (so collateral is for sale).
abstract contract CometFixture is Lab, CometDeployer {
    using SafeTransferLib for address;

    address internal immutable LENDER = makeAddr("comet lender");

    IComet internal comet;
    uint256 private _cometBorrowers;

    function setUp() public virtual override {
        super.setUp();
        CometConfig memory config = _cometConfig(usdc, address(feeds[usdc]));
        config.assets = new CometAsset[](2);
        config.assets[0] = _cometAsset(weth, address(feeds[weth]), 18, 0.825e18, 0.895e18, 0.95e18, 500_000e18);
        config.assets[1] = _cometAsset(wbtc, address(feeds[wbtc]), 8, 0.7e18, 0.77e18, 0.93e18, 35_000e8);
        comet = _deployComet(config);
        vm.label(address(comet), "comet");
        _supplyComet(LENDER, usdc, 20_000_000e6);
    }

    /// @dev Gives `account` new tokens and supplies them for it.
    function _supplyComet(address account, address token, uint256 amount) internal {
        _give(token, account, amount);
        vm.startPrank(account);
        token.safeApproveWithRetry(address(comet), amount);
        comet.supply(token, amount);
        vm.stopPrank();
    }

    /// @dev Opens an account with one collateral and a debt of `borrowed` USDC.
    function _openComet(address collateral, uint256 supplied, uint256 borrowed) internal returns (address borrower) {
        borrower = makeAddr(string.concat("comet borrower ", vm.toString(++_cometBorrowers)));
        _supplyComet(borrower, collateral, supplied);
        vm.prank(borrower);
        comet.withdraw(usdc, borrowed);
    }

    /// @dev 10 WETH (threshold 89.5 %) against 16,000 USDC: underwater under 1,788 USD; at 1,700 the seized collateral is
    /// worth 16,150 USDC after the penalty and pays the debt, at 1,600 it leaves 800 USDC for the reserves to pay.
    function _openCometWeth() internal returns (address) {
        return _openComet(weth, 10e18, 16_000e6);
    }

    /// @dev 1 WBTC (threshold 77 %) against 60 % of its price in USDC.
    function _openCometWbtc() internal returns (address) {
        return _openComet(wbtc, 1e8, uint256(feeds[wbtc].latestAnswer()) * 6 / 10 / 1e2);
    }

    /// @dev `count` accounts of {_openCometWeth}, all underwater at 1,700 USD a WETH.
    function _openUnderwaterComet(uint256 count) internal returns (address[] memory borrowers) {
        borrowers = new address[](count);
        for (uint256 i; i < count; ++i) {
            borrowers[i] = _openCometWeth();
        }
        _setPrice(weth, 1700);
    }

    function _absorb(address account) internal {
        address[] memory accounts = new address[](1);
        accounts[0] = account;
        comet.absorb(address(this), accounts);
    }

    /// @dev The largest base amount whose quote the stock of `asset` still covers.
    function _maxBase(address asset) internal view returns (uint256 low) {
        uint256 stock = comet.getCollateralReserves(asset);
        uint256 high = 1e18;
        while (low + 1 < high) {
            uint256 middle = (low + high) / 2;
            if (comet.quoteCollateral(asset, middle) <= stock) low = middle;
            else high = middle;
        }
    }
}
