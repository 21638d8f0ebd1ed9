// Plimsoll's own reference contract of Compound v3 (Comet), part 3: its state and its settings. Compared call by call with
// compound-finance/comet d5a30b0a (CometWithExtendedAssetList, CometExtAssetList, AssetList) on random lives of a market.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CometMath } from "./CometMath.sol";
import { CometAsset, CometConfig, RateCurve } from "./CometTypes.sol";

interface IPriceFeed {
    function decimals() external view returns (uint8);
    function latestRoundData() external view returns (uint80, int256, uint256, uint256, uint80);
}

interface IDecimals {
    function decimals() external view returns (uint8);
}

/// @title What a Comet stores, and what it was configured with.
/// @dev The slots 0 to 7, up to `liquidatorPoints`, are those of the published contract. `userNonce` stays at zero here.
abstract contract CometStorage is CometMath {
    uint8 internal constant MAX_ASSETS = 24;
    uint64 internal constant SECONDS_PER_YEAR = 31_536_000;
    uint64 internal constant FACTOR_STEP = 1e14;

    TotalsBasic internal _totals;
    mapping(address asset => TotalsCollateral) public totalsCollateral;
    mapping(address owner => mapping(address manager => bool)) public isAllowed;
    mapping(address owner => uint256) public userNonce;
    mapping(address account => UserBasic) public userBasic;
    mapping(address account => mapping(address asset => UserCollateral)) public userCollateral;
    mapping(address absorber => LiquidatorPoints) public liquidatorPoints;

    string public name;
    string public symbol;
    AssetInfo[] internal _assets;

    address public immutable governor;
    address public immutable pauseGuardian;
    address public immutable baseToken;
    address public immutable baseTokenPriceFeed;
    uint8 public immutable decimals;
    uint256 public immutable baseScale;
    uint256 public immutable supplyKink;
    uint256 public immutable supplyPerSecondInterestRateSlopeLow;
    uint256 public immutable supplyPerSecondInterestRateSlopeHigh;
    uint256 public immutable supplyPerSecondInterestRateBase;
    uint256 public immutable borrowKink;
    uint256 public immutable borrowPerSecondInterestRateSlopeLow;
    uint256 public immutable borrowPerSecondInterestRateSlopeHigh;
    uint256 public immutable borrowPerSecondInterestRateBase;
    uint256 public immutable storeFrontPriceFactor;
    uint256 public immutable trackingIndexScale;
    uint256 public immutable baseTrackingSupplySpeed;
    uint256 public immutable baseTrackingBorrowSpeed;
    uint256 public immutable baseMinForRewards;
    uint256 public immutable baseBorrowMin;
    uint256 public immutable targetReserves;

    constructor(CometConfig memory config) {
        uint8 baseDecimals = IDecimals(config.baseToken).decimals();
        if (baseDecimals > 18) revert BadDecimals();
        if (config.storeFrontPriceFactor > FACTOR) revert BadDiscount();
        if (config.assets.length > MAX_ASSETS) revert TooManyAssets();
        if (config.baseMinForRewards == 0) revert BadMinimum();
        if (IPriceFeed(config.baseFeed).decimals() != 8) revert BadDecimals();

        name = config.name;
        symbol = config.symbol;
        (governor, pauseGuardian) = (config.governor, config.pauseGuardian);
        (baseToken, baseTokenPriceFeed) = (config.baseToken, config.baseFeed);
        (decimals, baseScale) = (baseDecimals, 10 ** baseDecimals);

        // A year's rate becomes a second's, floor.
        RateCurve memory curve = config.supplyCurve;
        supplyKink = curve.kink;
        supplyPerSecondInterestRateSlopeLow = curve.slopeLow / SECONDS_PER_YEAR;
        supplyPerSecondInterestRateSlopeHigh = curve.slopeHigh / SECONDS_PER_YEAR;
        supplyPerSecondInterestRateBase = curve.base / SECONDS_PER_YEAR;
        curve = config.borrowCurve;
        borrowKink = curve.kink;
        borrowPerSecondInterestRateSlopeLow = curve.slopeLow / SECONDS_PER_YEAR;
        borrowPerSecondInterestRateSlopeHigh = curve.slopeHigh / SECONDS_PER_YEAR;
        borrowPerSecondInterestRateBase = curve.base / SECONDS_PER_YEAR;

        storeFrontPriceFactor = config.storeFrontPriceFactor;
        trackingIndexScale = config.trackingIndexScale;
        baseTrackingSupplySpeed = config.baseTrackingSupplySpeed;
        baseTrackingBorrowSpeed = config.baseTrackingBorrowSpeed;
        baseMinForRewards = config.baseMinForRewards;
        baseBorrowMin = config.baseBorrowMin;
        targetReserves = config.targetReserves;
        for (uint8 i; i < config.assets.length; ++i) {
            _assets.push(_assetInfo(config.assets[i], i));
        }

        _totals.lastAccrualTime = _now();
        (_totals.baseSupplyIndex, _totals.baseBorrowIndex) = (INDEX_SCALE, INDEX_SCALE);
    }

    /// @dev Factors keep whole multiples of 1e14, the cap whole tokens.
    function _assetInfo(CometAsset memory asset, uint8 offset) private view returns (AssetInfo memory info) {
        if (IPriceFeed(asset.priceFeed).decimals() != 8) revert BadDecimals();
        if (IDecimals(asset.asset).decimals() != asset.decimals) revert BadDecimals();
        if (asset.borrowCollateralFactor >= asset.liquidateCollateralFactor) revert BorrowCFTooLarge();
        if (asset.liquidateCollateralFactor > FACTOR) revert LiquidateCFTooLarge();
        (info.offset, info.asset, info.priceFeed) = (offset, asset.asset, asset.priceFeed);
        info.scale = _u64(10 ** asset.decimals);
        info.borrowCollateralFactor = _wholeSteps(asset.borrowCollateralFactor);
        info.liquidateCollateralFactor = _wholeSteps(asset.liquidateCollateralFactor);
        info.liquidationFactor = _wholeSteps(asset.liquidationFactor);
        if (info.borrowCollateralFactor >= info.liquidateCollateralFactor) revert BorrowCFTooLarge();
        info.supplyCap = asset.supplyCap / info.scale * info.scale;
    }

    function _wholeSteps(uint64 factor) private pure returns (uint64) {
        return factor / FACTOR_STEP * FACTOR_STEP;
    }

    function _now() internal view returns (uint40) {
        if (block.timestamp >= 2 ** 40) revert TimestampTooLarge();
        return uint40(block.timestamp);
    }

    // ---- views of the settings ----

    function numAssets() external view returns (uint8) {
        return uint8(_assets.length);
    }

    function maxAssets() external pure returns (uint8) {
        return MAX_ASSETS;
    }

    function baseAccrualScale() external pure returns (uint64) {
        return TRACKING_ACCRUAL_SCALE;
    }

    function baseIndexScale() external pure returns (uint64) {
        return INDEX_SCALE;
    }

    function factorScale() external pure returns (uint64) {
        return FACTOR;
    }

    function priceScale() external pure returns (uint64) {
        return 1e8;
    }

    function getAssetInfo(uint8 i) external view returns (AssetInfo memory) {
        if (i >= _assets.length) revert BadAsset();
        return _assets[i];
    }

    function getAssetInfoByAddress(address asset) public view returns (AssetInfo memory) {
        for (uint256 i; i < _assets.length; ++i) {
            if (_assets[i].asset == asset) return _assets[i];
        }
        revert BadAsset();
    }

    // ---- views of the state ----

    function totalsBasic() external view returns (TotalsBasic memory) {
        return _totals;
    }

    function collateralBalanceOf(address account, address asset) external view returns (uint128) {
        return userCollateral[account][asset].balance;
    }

    function baseTrackingAccrued(address account) external view returns (uint64) {
        return userBasic[account].baseTrackingAccrued;
    }

    /// @notice The feed's newest answer, 8 decimals. However old it is, it counts.
    function getPrice(address priceFeed) public view returns (uint256) {
        (, int256 answer,,,) = IPriceFeed(priceFeed).latestRoundData();
        if (answer <= 0) revert BadPrice();
        return uint256(answer);
    }
}
