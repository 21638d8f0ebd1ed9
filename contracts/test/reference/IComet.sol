// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ICometTypes } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";

/// @notice What the tests ask of a Comet.
interface IComet is ICometTypes {
    function supply(address asset, uint256 amount) external;
    function supplyTo(address dst, address asset, uint256 amount) external;
    function supplyFrom(address from, address dst, address asset, uint256 amount) external;
    function withdraw(address asset, uint256 amount) external;
    function withdrawTo(address to, address asset, uint256 amount) external;
    function withdrawFrom(address src, address to, address asset, uint256 amount) external;
    function transfer(address dst, uint256 amount) external returns (bool);
    function transferFrom(address src, address dst, uint256 amount) external returns (bool);
    function transferAsset(address dst, address asset, uint256 amount) external;
    function transferAssetFrom(address src, address dst, address asset, uint256 amount) external;

    function absorb(address absorber, address[] calldata accounts) external;
    function buyCollateral(address asset, uint256 minAmount, uint256 baseAmount, address recipient) external;
    function accrueAccount(address account) external;

    function allow(address manager, bool allowed) external;
    function approve(address spender, uint256 amount) external returns (bool);
    function allowance(address owner, address spender) external view returns (uint256);
    function hasPermission(address owner, address manager) external view returns (bool);
    function isAllowed(address owner, address manager) external view returns (bool);
    function approveThis(address manager, address asset, uint256 amount) external;
    function withdrawReserves(address to, uint256 amount) external;
    function pause(bool supplyPaused, bool transferPaused, bool withdrawPaused, bool absorbPaused, bool buyPaused)
        external;
    function isSupplyPaused() external view returns (bool);
    function isTransferPaused() external view returns (bool);
    function isWithdrawPaused() external view returns (bool);
    function isAbsorbPaused() external view returns (bool);
    function isBuyPaused() external view returns (bool);

    function quoteCollateral(address asset, uint256 baseAmount) external view returns (uint256);
    function getReserves() external view returns (int256);
    function getCollateralReserves(address asset) external view returns (uint256);
    function getAssetInfo(uint8 i) external view returns (AssetInfo memory);
    function getAssetInfoByAddress(address asset) external view returns (AssetInfo memory);
    function getPrice(address priceFeed) external view returns (uint256);
    function getUtilization() external view returns (uint256);
    function getSupplyRate(uint256 utilization) external view returns (uint64);
    function getBorrowRate(uint256 utilization) external view returns (uint64);
    function isBorrowCollateralized(address account) external view returns (bool);
    function isLiquidatable(address account) external view returns (bool);
    function totalSupply() external view returns (uint256);
    function totalBorrow() external view returns (uint256);
    function balanceOf(address account) external view returns (uint256);
    function borrowBalanceOf(address account) external view returns (uint256);
    function collateralBalanceOf(address account, address asset) external view returns (uint128);
    function baseTrackingAccrued(address account) external view returns (uint64);
    function totalsBasic() external view returns (TotalsBasic memory);
    function totalsCollateral(address asset) external view returns (uint128 totalSupplyAsset, uint128 reserved);
    function userBasic(address account)
        external
        view
        returns (
            int104 principal,
            uint64 baseTrackingIndex,
            uint64 baseTrackingAccrued,
            uint16 assetsIn,
            uint8 reserved
        );
    function userCollateral(address account, address asset) external view returns (uint128 balance, uint128 reserved);
    function userNonce(address owner) external view returns (uint256);
    function liquidatorPoints(address absorber)
        external
        view
        returns (uint32 numAbsorbs, uint64 numAbsorbed, uint128 approxSpend, uint32 reserved);

    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
    function numAssets() external view returns (uint8);
    function maxAssets() external view returns (uint8);
    function baseToken() external view returns (address);
    function baseTokenPriceFeed() external view returns (address);
    function baseScale() external view returns (uint256);
    function baseIndexScale() external view returns (uint64);
    function baseAccrualScale() external view returns (uint64);
    function factorScale() external view returns (uint64);
    function priceScale() external view returns (uint64);
    function storeFrontPriceFactor() external view returns (uint256);
    function targetReserves() external view returns (uint256);
    function baseBorrowMin() external view returns (uint256);
    function baseMinForRewards() external view returns (uint256);
    function trackingIndexScale() external view returns (uint256);
    function baseTrackingSupplySpeed() external view returns (uint256);
    function baseTrackingBorrowSpeed() external view returns (uint256);
    function supplyKink() external view returns (uint256);
    function supplyPerSecondInterestRateSlopeLow() external view returns (uint256);
    function supplyPerSecondInterestRateSlopeHigh() external view returns (uint256);
    function supplyPerSecondInterestRateBase() external view returns (uint256);
    function borrowKink() external view returns (uint256);
    function borrowPerSecondInterestRateSlopeLow() external view returns (uint256);
    function borrowPerSecondInterestRateSlopeHigh() external view returns (uint256);
    function borrowPerSecondInterestRateBase() external view returns (uint256);
    function governor() external view returns (address);
    function pauseGuardian() external view returns (address);
}
