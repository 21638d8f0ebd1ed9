// Plimsoll's own reference contract of Compound v3 (Comet), part 1: its types, events and errors. Compared call by call with
// compound-finance/comet d5a30b0a (CometWithExtendedAssetList, CometExtAssetList, AssetList) on random lives of a market.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A Comet's settings. Rates and factors are scaled by 1e18, rates are per year.
/// @param name The market token's name.
/// @param symbol The market token's symbol.
/// @param baseFeed USD price of the base token, 8 decimals.
/// @param storeFrontPriceFactor The share of the liquidation penalty that buyers of collateral get as a discount.
/// @param trackingIndexScale Scale of the reward indices.
/// @param baseMinForRewards Base units supplied (borrowed) under which the reward index stands still; not zero.
/// @param baseBorrowMin The smallest debt, base units, that an account may have after it borrows.
/// @param targetReserves Base units of reserves from which on no collateral is for sale.
struct CometConfig {
    string name;
    string symbol;
    address governor;
    address pauseGuardian;
    address baseToken;
    address baseFeed;
    RateCurve supplyCurve;
    RateCurve borrowCurve;
    uint64 storeFrontPriceFactor;
    uint64 trackingIndexScale;
    uint64 baseTrackingSupplySpeed;
    uint64 baseTrackingBorrowSpeed;
    uint104 baseMinForRewards;
    uint104 baseBorrowMin;
    uint104 targetReserves;
    CometAsset[] assets;
}

/// @notice A kinked rate: `base + low * u` up to the kink, `high` beyond it. 1e18, per year.
struct RateCurve {
    uint64 kink;
    uint64 slopeLow;
    uint64 slopeHigh;
    uint64 base;
}

/// @notice One collateral as configured. Factors: 1e18, whole multiples of 1e14 count.
/// @param supplyCap In the asset's smallest unit; whole tokens count.
struct CometAsset {
    address asset;
    address priceFeed;
    uint8 decimals;
    uint64 borrowCollateralFactor;
    uint64 liquidateCollateralFactor;
    uint64 liquidationFactor;
    uint128 supplyCap;
}

/// @notice What Comet answers to; one member per published function, event and error that a liquidator can meet.
interface ICometTypes {
    struct TotalsBasic {
        uint64 baseSupplyIndex;
        uint64 baseBorrowIndex;
        uint64 trackingSupplyIndex;
        uint64 trackingBorrowIndex;
        uint104 totalSupplyBase;
        uint104 totalBorrowBase;
        uint40 lastAccrualTime;
        uint8 pauseFlags;
    }

    struct TotalsCollateral {
        uint128 totalSupplyAsset;
        uint128 _reserved;
    }

    struct UserBasic {
        int104 principal;
        uint64 baseTrackingIndex;
        uint64 baseTrackingAccrued;
        uint16 assetsIn;
        uint8 _reserved;
    }

    struct UserCollateral {
        uint128 balance;
        uint128 _reserved;
    }

    struct LiquidatorPoints {
        uint32 numAbsorbs;
        uint64 numAbsorbed;
        uint128 approxSpend;
        uint32 _reserved;
    }

    struct AssetInfo {
        uint8 offset;
        address asset;
        address priceFeed;
        uint64 scale;
        uint64 borrowCollateralFactor;
        uint64 liquidateCollateralFactor;
        uint64 liquidationFactor;
        uint128 supplyCap;
    }

    event Supply(address indexed from, address indexed dst, uint256 amount);
    event Transfer(address indexed from, address indexed to, uint256 amount);
    event Withdraw(address indexed src, address indexed to, uint256 amount);
    event SupplyCollateral(address indexed from, address indexed dst, address indexed asset, uint256 amount);
    event TransferCollateral(address indexed from, address indexed to, address indexed asset, uint256 amount);
    event WithdrawCollateral(address indexed src, address indexed to, address indexed asset, uint256 amount);
    event AbsorbDebt(address indexed absorber, address indexed borrower, uint256 basePaidOut, uint256 usdValue);
    event AbsorbCollateral(
        address indexed absorber,
        address indexed borrower,
        address indexed asset,
        uint256 collateralAbsorbed,
        uint256 usdValue
    );
    event BuyCollateral(address indexed buyer, address indexed asset, uint256 baseAmount, uint256 collateralAmount);
    event PauseAction(bool supplyPaused, bool transferPaused, bool withdrawPaused, bool absorbPaused, bool buyPaused);
    event WithdrawReserves(address indexed to, uint256 amount);
    event Approval(address indexed owner, address indexed spender, uint256 amount);

    error AlreadyInitialized();
    error BadAmount();
    error BadAsset();
    error BadDecimals();
    error BadDiscount();
    error BadMinimum();
    error BadPrice();
    error BorrowCFTooLarge();
    error BorrowTooSmall();
    error InsufficientReserves();
    error InvalidInt104();
    error InvalidInt256();
    error InvalidUInt64();
    error InvalidUInt104();
    error InvalidUInt128();
    error LiquidateCFTooLarge();
    error NegativeNumber();
    error NoSelfTransfer();
    error NotCollateralized();
    error NotForSale();
    error NotLiquidatable();
    error Paused();
    error ReentrantCallBlocked();
    error SupplyCapExceeded();
    error TimestampTooLarge();
    error TooManyAssets();
    error TooMuchSlippage();
    error TransferInFailed();
    error TransferOutFailed();
    error Unauthorized();
}
