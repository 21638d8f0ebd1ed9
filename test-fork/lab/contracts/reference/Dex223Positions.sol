// Plimsoll's own reference contract of Dex223 margin trading, part 4: what borrowers do. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Dex223Orders } from "./Dex223Orders.sol";

interface IAutoListing {
    function isListed(address token) external view returns (bool);
}

interface IDex223Oracle {
    function getAmountOut(address buy, address sell, uint256 amount) external view returns (uint256);
    function findPoolWithHighestLiquidity(address tokenA, address tokenB)
        external
        view
        returns (address pool, uint128 liquidity, uint24 fee);
}

/// @title Positions: what they hold, owe and are worth.
/// @dev Arithmetic wraps where the original's does: debt, value and counters are taken modulo their types.
abstract contract Dex223Positions is Dex223Orders {
    mapping(uint256 id => Position) public positions;
    /// @notice The collateral a position was opened with: it may trade it though no list names it.
    mapping(uint256 id => address) public positionInitialCollateral;
    uint256 public positionIndex;

    // ---- differences between the versions ----

    /// @dev Base units owed now; floors.
    function _debt(Position storage position) internal view virtual returns (uint256);

    /// @dev Seconds, floored, until the debt has grown by `room` base units.
    function _secondsToGrow(Position storage position, uint256 room) internal view virtual returns (uint256);

    /// @dev Reverts when `loan` is too much for a collateral worth `collateral` base units.
    function _checkLeverage(uint256 collateral, uint256 loan, uint8 leverage) internal pure virtual;

    // ---- views ----

    function getPositionAssets(uint256 id) external view returns (address[] memory) {
        return positions[id].assets;
    }

    function getPositionBalances(uint256 id) external view returns (uint256[] memory) {
        return positions[id].balances;
    }

    function getPositionTokenlistID(uint256 id) external view returns (bytes32) {
        return orders[positions[id].orderId].whitelist;
    }

    /// @notice The index of `asset` in a position, or how many assets there are.
    function getAssetId(uint256 id, address asset) public view returns (uint256 i) {
        address[] storage assets = positions[id].assets;
        while (i < assets.length && assets[i] != asset) ++i;
    }

    /// @notice Base units that a position owes and is worth.
    function getPositionStatus(uint256 id) public view returns (uint256 expected_balance, uint256 actual_balance) {
        Position storage position = positions[id];
        if (position.balances.length == 0) _invalid();
        expected_balance = _debt(position);
        actual_balance = position.balances[0];
        for (uint256 i = 1; i < position.assets.length; ++i) {
            unchecked {
                actual_balance += _worth(position, position.assets[i], position.balances[i]);
            }
        }
    }

    function _worth(Position storage position, address asset, uint256 amount) internal view returns (uint256) {
        return IDex223Oracle(orders[position.orderId].oracle).getAmountOut(position.assets[0], asset, amount);
    }

    function subjectToLiquidation(uint256 id) public view returns (bool) {
        (uint256 debt, uint256 value) = getPositionStatus(id);
        return value < debt;
    }

    function subjectToLiquidationExtended(uint256 id)
        external
        view
        returns (bool, address liquidator, uint256 frozenTimestamp, bool liquidated, uint256 insolvensy_expected_time)
    {
        Position storage position = positions[id];
        (uint256 debt, uint256 value) = getPositionStatus(id);
        if (value > debt) insolvensy_expected_time = _secondsToGrow(position, value - debt);
        return (value < debt, position.liquidator, position.frozenTime, !position.open, insolvensy_expected_time);
    }

    // ---- opening ----

    function takeLoan(uint256 orderId, uint256 amount, uint256 collateralIdx, uint256 collateralAmount)
        external
        payable
    {
        Order storage order = orders[orderId];
        require(isOrderOpen(orderId), "Order is expired");
        require(tokenlists[order.whitelist].tokens.length != 0, "Orders whitelist is empty");
        require(collateralIdx < order.collateralAssets.length, "Collaterals error");
        require(order.minLoan <= amount, "Minloan error");
        require(order.balance >= amount, "Balance error");
        address collateral = order.collateralAssets[collateralIdx];
        uint256 worth = collateral == order.baseAsset
            ? collateralAmount
            : IDex223Oracle(order.oracle).getAmountOut(order.baseAsset, collateral, collateralAmount);
        _checkLeverage(worth, amount, order.leverage);

        uint256 id = positionIndex;
        _open(id, order, amount, collateral);
        _addAsset(id, order.baseAsset, amount);
        _addAsset(id, collateral, collateralAmount);
        _receiveWithReward(order, collateral, collateralAmount);
        require(!subjectToLiquidation(id), "Position is immediately exposed to liquidation");
        unchecked {
            ++order_status[orderId].positions;
            emit PositionOpened(id, msg.sender, amount, order.baseAsset, collateral, collateralAmount);
            emit InitialLeverage(id, (worth + amount) / worth);
        }
        // Each asset is announced a second time.
        emit NewAsset(id, order.baseAsset);
        if (collateral != order.baseAsset) emit NewAsset(id, collateral);
        ++positionIndex;
    }

    function _open(uint256 id, Order storage order, uint256 amount, address collateral) private {
        Position storage position = positions[id];
        position.orderId = order.id;
        position.owner = msg.sender;
        unchecked {
            position.deadline = block.timestamp + order.duration;
        }
        position.createdAt = block.timestamp;
        position.initialBalance = amount;
        position.interest = order.interestRate;
        position.open = true;
        positionInitialCollateral[id] = collateral;
        order.balance -= amount;
    }

    /// @dev The borrower brings the collateral and, up front, the reward. ETH beyond both stays here.
    function _receiveWithReward(Order storage order, address collateral, uint256 amount) private {
        uint256 eth = msg.value;
        if (collateral == address(0)) {
            require(eth >= amount, "ETH reception error");
            eth -= amount;
        } else {
            _receiveAsset(collateral, amount);
        }
        OrderExpiration storage data = order.expirationData;
        if (data.liquidationRewardAsset == address(0)) {
            require(eth >= data.liquidationRewardAmount, "ETH reward reception error");
        } else {
            _receiveAsset(data.liquidationRewardAsset, data.liquidationRewardAmount);
        }
    }

    function positionDeposit(uint256 id, address asset, uint256 idInWhitelist, uint256 amount) external {
        require(positions[id].owner == msg.sender, "Only the owner can deposit into this position");
        require(amount > 0, "Deposit must exceed zero");
        _validateAsset(id, asset, idInWhitelist);
        _receiveAsset(asset, amount);
        _addAsset(id, asset, amount);
        emit PositionDeposit(id, asset, amount);
    }

    function positionWithdraw(uint256 id, address asset) public {
        Position storage position = positions[id];
        require(position.owner == msg.sender);
        require(!position.open, "Withdraw only from closed position");
        uint256 index = getAssetId(id, asset);
        require(index < position.assets.length);
        uint256 amount = position.balances[index];
        _reduceAsset(id, asset, amount);
        emit PositionWithdrawal(id, asset, amount);
        _send(asset, amount, msg.sender);
    }

    // ---- ending ----

    /// @dev Pays the lender from the base balance, as far as it goes; what is missing is the lender's loss.
    function _payBack(Position storage position) internal returns (uint256 missing) {
        uint256 balance = position.balances[0];
        uint256 debt = _debt(position);
        uint256 paid = balance >= debt ? debt : balance;
        position.balances[0] = balance - paid;
        unchecked {
            orders[position.orderId].balance += paid;
        }
        return debt - paid;
    }

    function _payReward(Position storage position, address to) internal {
        OrderExpiration storage data = orders[position.orderId].expirationData;
        _send(data.liquidationRewardAsset, data.liquidationRewardAmount, to);
    }

    function _leaveOrder(Position storage position) internal {
        unchecked {
            --order_status[position.orderId].positions;
        }
    }

    // ---- what a position holds ----

    /// @dev On the order's list, or its base asset, or what the position was opened with.
    function _validateAsset(uint256 id, address asset, uint256 idInWhitelist) internal view {
        Order storage order = orders[positions[id].orderId];
        Tokenlist storage list = tokenlists[order.whitelist];
        bool listed;
        if (list.isContract) {
            if (list.tokens.length == 0) _invalid();
            listed = IAutoListing(list.tokens[0]).isListed(asset);
        } else {
            if (idInWhitelist >= list.tokens.length) _invalid();
            listed = list.tokens[idInWhitelist] == asset;
        }
        require(listed || order.baseAsset == asset || positionInitialCollateral[id] == asset);
    }

    function _addAsset(uint256 id, address asset, uint256 amount) internal {
        Position storage position = positions[id];
        require(position.open);
        uint256 index = getAssetId(id, asset);
        if (index < position.assets.length) {
            unchecked {
                position.balances[index] += amount;
            }
            return;
        }
        require(position.assets.length + 1 <= orders[position.orderId].currencyLimit);
        require(amount > 0);
        position.assets.push(asset);
        position.balances.push(amount);
        emit NewAsset(id, asset);
    }

    /// @dev An asset that reaches zero leaves and the last one takes its place; the base asset is announced and stays.
    function _reduceAsset(uint256 id, address asset, uint256 amount) internal {
        Position storage position = positions[id];
        uint256 index = getAssetId(id, asset);
        require(index < position.assets.length);
        require(position.balances[index] >= amount);
        position.balances[index] -= amount;
        if (position.balances[index] != 0) return;
        emit AssetRemoved(id, asset);
        if (index == 0) return;
        uint256 last = position.assets.length - 1;
        position.assets[index] = position.assets[last];
        position.balances[index] = position.balances[last];
        position.assets.pop();
        position.balances.pop();
    }
}
