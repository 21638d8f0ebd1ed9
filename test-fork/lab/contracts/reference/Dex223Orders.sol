// Plimsoll's own reference contract of Dex223 margin trading, part 3: what lenders do. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IDex223Types } from "./Dex223Types.sol";
import { Dex223Vault, IToken } from "./Dex223Vault.sol";

interface IDepositable {
    function deposit() external payable;
}

/// @title Token lists and lending orders.
abstract contract Dex223Orders is IDex223Types, Dex223Vault {
    mapping(uint256 id => Order) public orders;
    mapping(uint256 id => OrderStatus) public order_status;
    mapping(bytes32 id => Tokenlist) public tokenlists;
    uint256 public orderIndex;

    modifier onlyOrderOwner(uint256 orderId) {
        require(orders[orderId].owner == msg.sender);
        _;
    }

    // ---- token lists ----

    function predictTokenListsID(address[] calldata tokens, bool isContract) public pure returns (bytes32) {
        return keccak256(abi.encode(isContract, tokens));
    }

    /// @notice Adds a list under its content's hash, once. With `isContract` its first token answers `isListed`.
    function addTokenlist(address[] calldata tokens, bool isContract) external returns (bytes32 id) {
        id = predictTokenListsID(tokens, isContract);
        if (tokenlists[id].exists) return id;
        tokenlists[id] = Tokenlist(true, isContract, tokens);
        emit TokenlistAdded(id, isContract, tokens);
    }

    function getTokenlist(bytes32 id) external view returns (address[] memory) {
        return tokenlists[id].tokens;
    }

    function getIdFromTokenlist(bytes32 id, address asset) public view returns (uint256) {
        Tokenlist storage list = tokenlists[id];
        if (list.isContract) return 0;
        for (uint256 i; i < list.tokens.length; ++i) {
            if (list.tokens[i] == asset) return i;
        }
        revert();
    }

    // ---- orders ----

    function createOrder(OrderParams calldata params) external returns (uint256 orderId) {
        require(params.leverage > 1);
        require(params.deadline > block.timestamp);
        orderId = orderIndex++;
        Order storage order = orders[orderId];
        order.owner = msg.sender;
        order.id = orderId;
        order.baseAsset = params.asset;
        order.collateralAssets = params.collateral;
        order.expirationData =
            OrderExpiration(params.liquidationRewardAmount, params.liquidationRewardAsset, params.deadline);
        _setTerms(
            order,
            params.whitelistId,
            params.interestRate,
            params.duration,
            params.minLoan,
            params.currencyLimit,
            params.leverage,
            params.oracle
        );
        order_status[orderId].alive = true;
        emit OrderCreated(
            orderId,
            msg.sender,
            params.asset,
            params.whitelistId,
            params.interestRate,
            params.duration,
            params.minLoan,
            params.leverage,
            params.oracle
        );
        emit OrderCollateralsSet(orderId, params.collateral);
    }

    function _setTerms(
        Order storage order,
        bytes32 whitelist,
        uint256 interestRate,
        uint256 duration,
        uint256 minLoan,
        uint16 currencyLimit,
        uint8 leverage,
        address oracle
    ) private {
        order.whitelist = whitelist;
        order.interestRate = interestRate;
        order.duration = duration;
        order.minLoan = minLoan;
        order.currencyLimit = currencyLimit;
        order.leverage = leverage;
        order.oracle = oracle;
    }

    function modifyOrder(
        uint256 orderId,
        bytes32 whitelist,
        uint256 interestRate,
        uint256 duration,
        uint256 minLoan,
        uint16 currencyLimit,
        uint8 leverage,
        address oracle,
        uint256 rewardAmount,
        address rewardAsset,
        uint32 deadline
    ) external onlyOrderOwner(orderId) {
        require(order_status[orderId].positions == 0, "Cannot modify an Order which parents active positions");
        Order storage order = orders[orderId];
        _setTerms(order, whitelist, interestRate, duration, minLoan, currencyLimit, leverage, oracle);
        order.expirationData = OrderExpiration(rewardAmount, rewardAsset, deadline);
        emit OrderModified(
            orderId, msg.sender, order.baseAsset, whitelist, interestRate, duration, minLoan, leverage, oracle
        );
    }

    function orderSetCollaterals(uint256 orderId, address[] calldata collateral) external onlyOrderOwner(orderId) {
        require(order_status[orderId].positions == 0, "Order has active positions");
        require(collateral.length > 0, "Order must have at least one collateral");
        orders[orderId].collateralAssets = collateral;
        emit OrderCollateralsSet(orderId, collateral);
    }

    function setOrderStatus(uint256 orderId, bool alive) external onlyOrderOwner(orderId) {
        order_status[orderId].alive = alive;
        emit OrderAliveStatus(orderId, alive);
    }

    function isOrderOpen(uint256 orderId) public view returns (bool) {
        Order storage order = orders[orderId];
        return order.collateralAssets.length > 0 && order.expirationData.deadline > block.timestamp
            && order_status[orderId].alive;
    }

    function getOrderExpirationData(uint256 orderId) external view returns (uint256, address, uint32) {
        OrderExpiration storage data = orders[orderId].expirationData;
        return (data.liquidationRewardAmount, data.liquidationRewardAsset, data.deadline);
    }

    function getCollaterals(uint256 orderId) external view returns (address[] memory) {
        return orders[orderId].collateralAssets;
    }

    // ---- what an order lends ----

    function orderDepositEth(uint256 orderId) external payable onlyOrderOwner(orderId) {
        require(isOrderOpen(orderId), "Order is expired");
        require(orders[orderId].baseAsset == address(0));
        _credit(orderId, address(0), msg.value);
    }

    function orderDepositWETH9(uint256 orderId, address weth) external payable onlyOrderOwner(orderId) {
        require(isOrderOpen(orderId), "Order is expired");
        require(orders[orderId].baseAsset == weth);
        uint256 before = IToken(weth).balanceOf(address(this));
        IDepositable(weth).deposit{ value: msg.value }();
        _credit(orderId, address(0), IToken(weth).balanceOf(address(this)) - before);
    }

    function orderDepositToken(uint256 orderId, uint256 amount) external onlyOrderOwner(orderId) {
        require(isOrderOpen(orderId), "Order is expired");
        address asset = orders[orderId].baseAsset;
        _receiveAsset(asset, amount);
        _credit(orderId, asset, amount);
    }

    function _credit(uint256 orderId, address asset, uint256 amount) private {
        unchecked {
            orders[orderId].balance += amount;
        }
        emit OrderDeposit(orderId, asset, amount);
    }

    function orderWithdraw(uint256 orderId, uint256 amount) external onlyOrderOwner(orderId) {
        Order storage order = orders[orderId];
        require(order.balance >= amount);
        order.balance -= amount;
        _send(order.baseAsset, amount, msg.sender);
        emit OrderWithdraw(orderId, order.baseAsset, amount);
    }
}
