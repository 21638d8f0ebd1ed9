// Plimsoll's own reference contract of Dex223 margin trading, part 1: its types and events. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IDex223Types {
    struct Tokenlist {
        bool exists;
        bool isContract;
        address[] tokens;
    }

    struct OrderExpiration {
        uint256 liquidationRewardAmount;
        address liquidationRewardAsset;
        uint32 deadline;
    }

    /// @dev `interestRate`: 1/10,000 per 30 days. `duration`: seconds. `balance`: base units not lent.
    struct Order {
        address owner;
        uint256 id;
        bytes32 whitelist;
        uint256 interestRate;
        uint256 duration;
        uint256 minLoan;
        address baseAsset;
        uint16 currencyLimit;
        uint8 leverage;
        address oracle;
        uint256 balance;
        OrderExpiration expirationData;
        address[] collateralAssets;
    }

    struct OrderStatus {
        bool alive;
        uint8 positions;
    }

    struct OrderParams {
        bytes32 whitelistId;
        uint256 interestRate;
        uint256 duration;
        uint256 minLoan;
        uint256 liquidationRewardAmount;
        address liquidationRewardAsset;
        address asset;
        uint32 deadline;
        uint16 currencyLimit;
        uint8 leverage;
        address oracle;
        address[] collateral;
    }

    /// @dev `assets[0]` is the base asset and stays. `frozenTime`: of the last freeze, 0 for none ever.
    struct Position {
        uint256 orderId;
        address owner;
        address[] assets;
        uint256[] balances;
        uint256 deadline;
        uint256 createdAt;
        uint256 initialBalance;
        uint256 interest;
        bool open;
        uint256 frozenTime;
        address liquidator;
    }

    event OrderCreated(
        uint256 indexed orderId,
        address indexed owner,
        address indexed baseAsset,
        bytes32 whitelistId,
        uint256 interestRate,
        uint256 duration,
        uint256 minLoan,
        uint8 leverage,
        address oracle
    );
    event OrderModified(
        uint256 indexed orderId,
        address indexed owner,
        address indexed baseAsset,
        bytes32 tokenWhitelist,
        uint256 interestRate,
        uint256 duration,
        uint256 minLoan,
        uint8 leverage,
        address oracle
    );
    event OrderAliveStatus(uint256 indexed orderId, bool alive);
    event OrderCollateralsSet(uint256 indexed orderId, address[] collaterals);
    event OrderDeposit(uint256 indexed orderId, address indexed asset, uint256 amount);
    event OrderWithdraw(uint256 indexed orderId, address indexed asset, uint256 amount);
    event TokenlistAdded(bytes32 indexed hash, bool is_contract, address[] tokens);
    event PositionOpened(
        uint256 indexed positionId,
        address indexed owner,
        uint256 loanAmount,
        address baseAsset,
        address collateral,
        uint256 collateral_amount
    );
    event InitialLeverage(uint256 positionId, uint256 leverage);
    event NewAsset(uint256 positionId, address asset);
    event AssetRemoved(uint256 positionId, address asset);
    event PositionDeposit(uint256 indexed positionId, address indexed asset, uint256 amount);
    event MarginSwap(
        uint256 indexed positionId, address assetIn, address assetOut, uint256 amountIn, uint256 amountOut
    );
    event PositionFrozen(uint256 indexed positionId, address indexed liquidator, uint256 timestamp);
    event Liquidation(
        uint256 indexed positionId, uint256 indexed orderId, address indexed liquidator, address feeReceiver
    );
    event PositionClosed(uint256 indexed positionId, address closedBy);
    event PositionWithdrawal(uint256 indexed positionId, address indexed asset, uint256 quantity);
}
