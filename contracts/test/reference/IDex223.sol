// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IDex223Types } from "../../../test-fork/lab/contracts/reference/Dex223Types.sol";

/// @notice What the tests ask of a Dex223 margin module.
interface IDex223Module is IDex223Types {
    /// @dev What the getter of an order gives: all but its collaterals.
    struct OrderView {
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
    }

    /// @dev What the getter of a position gives: all but its assets and balances.
    struct PositionView {
        uint256 orderId;
        address owner;
        uint256 deadline;
        uint256 createdAt;
        uint256 initialBalance;
        uint256 interest;
        bool open;
        uint256 frozenTime;
        address liquidator;
    }

    function addTokenlist(address[] calldata tokens, bool isContract) external returns (bytes32);
    function createOrder(OrderParams calldata params) external returns (uint256);
    function orderDepositToken(uint256 orderId, uint256 amount) external;
    function orderWithdraw(uint256 orderId, uint256 amount) external;
    function takeLoan(uint256 orderId, uint256 amount, uint256 collateralIdx, uint256 collateralAmount) external payable;
    function positionDeposit(uint256 id, address asset, uint256 idInWhitelist, uint256 amount) external;
    function positionClose(uint256 id, bool autoWithdraw) external;
    function positionWithdraw(uint256 id, address asset) external;
    function marginSwap(
        uint256 id,
        uint256 assetId1,
        uint256 whitelistId1,
        uint256 whitelistId2,
        uint256 amount,
        address asset2,
        uint24 feeTier,
        uint256 minAmountOut,
        uint160 priceLimitX96
    ) external;
    function marginSwap223(
        uint256 id,
        uint256 assetId1,
        uint256 whitelistId1,
        uint256 whitelistId2,
        uint256 amount,
        address asset2,
        uint24 feeTier
    ) external;
    function liquidate(uint256 id, address receiver) external;
    function multicall(bytes[] calldata data) external payable returns (bytes[] memory);

    function orders(uint256 id) external view returns (OrderView memory);
    function order_status(uint256 id) external view returns (bool alive, uint8 positions);
    function positions(uint256 id) external view returns (PositionView memory);
    function orderIndex() external view returns (uint256);
    function positionIndex() external view returns (uint256);
    function isOrderOpen(uint256 id) external view returns (bool);
    function erc223deposit(address user, address token) external view returns (uint256);
    function getPositionAssets(uint256 id) external view returns (address[] memory);
    function getPositionBalances(uint256 id) external view returns (uint256[] memory);
    function getPositionStatus(uint256 id) external view returns (uint256 debt, uint256 value);
    function subjectToLiquidation(uint256 id) external view returns (bool);
    function subjectToLiquidationExtended(uint256 id)
        external
        view
        returns (bool, address liquidator, uint256 frozenTimestamp, bool liquidated, uint256 expected);
}

/// @notice Either oracle.
interface IDex223Oracle {
    function getAmountOut(address buy, address sell, uint256 amount) external view returns (uint256);
    function findPoolWithHighestLiquidity(address tokenA, address tokenB)
        external
        view
        returns (address pool, uint128 liquidity, uint24 fee);
}

/// @notice The converter of ERC-20 tokens and their ERC-223 wrappers.
interface IDex223Converter {
    function createERC223Wrapper(address token) external returns (address);
    function wrapERC20toERC223(address token, uint256 amount) external returns (bool);
    function getERC20OriginFor(address wrapper) external view returns (address);
}
