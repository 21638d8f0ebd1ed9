// Plimsoll's own reference contract of Dex223 margin trading, version 1. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Dex223Liquidations } from "./Dex223Liquidations.sol";
import { IDex223Oracle } from "./Dex223Positions.sol";
import { Dex223Trading } from "./Dex223Trading.sol";

/// @title The margin module with spot prices: only the freezer or the borrower can confirm a liquidation that sells.
contract Dex223ModuleV1 is Dex223Liquidations {
    constructor(address factory_, address router_) Dex223Trading(factory_, router_) { }

    function liquidate(uint256 id, address receiver) external {
        _liquidate(id, receiver, "Liquidation criteria are not met", "Single block liquidations are not allowed");
    }

    function _debt(Position storage position) internal view override returns (uint256) {
        unchecked {
            uint256 elapsed = block.timestamp - position.createdAt;
            return position.initialBalance + position.initialBalance * position.interest * elapsed / 30 days / 10_000;
        }
    }

    function _secondsToGrow(Position storage position, uint256 room) internal view override returns (uint256) {
        unchecked {
            uint256 rate = position.interest * position.initialBalance;
            if (rate == 0) _invalid();
            return block.timestamp + room * 10_000 * 30 days / rate;
        }
    }

    function _checkLeverage(uint256 collateral, uint256 loan, uint8 leverage) internal pure override {
        if (collateral == 0) _invalid();
        unchecked {
            uint256 ratio = (collateral + loan) / collateral;
            require(ratio <= 255, "Leverage exceeds maxuint8");
            require(ratio <= leverage, "Leverage error");
        }
    }

    /// @dev Walks upward while sold assets make room for the last one, so every second asset is kept.
    function _settle(uint256 id, address receiver) internal override {
        Position storage position = positions[id];
        _sellUpward(id);
        _payBack(position);
        _payReward(position, receiver);
        position.open = false;
        _leaveOrder(position);
    }

    /// @dev Marked closed before it sells, it cannot sell: a position whose base asset does not cover the debt stays.
    function _closeAndRepay(uint256 id) internal override {
        Position storage position = positions[id];
        position.open = false;
        if (_payBack(position) == 0) return;
        _sellUpward(id);
        require(_payBack(position) == 0, "Insufficient funds to close position");
    }

    function _sellUpward(uint256 id) private {
        Position storage position = positions[id];
        for (uint256 i = 1; i < position.assets.length; ++i) {
            if (position.balances[i] != 0) _sell(id, position.assets[i], position.balances[i]);
        }
    }

    /// @dev Through the sender's own right to trade, at any price, in the pool that the oracle chose.
    function _sell(uint256 id, address asset, uint256 amount) private {
        Order storage order = orders[positions[id].orderId];
        address base = order.baseAsset;
        (,, uint24 fee) = IDex223Oracle(order.oracle).findPoolWithHighestLiquidity(asset, base);
        uint256 listed1 = getIdFromTokenlist(order.whitelist, asset);
        uint256 listed2 = getIdFromTokenlist(order.whitelist, base);
        bool is223 = factory.erc20Of(asset) != asset;
        if (is223) _checkSeller223(positions[id].owner);
        else _checkSeller(id);
        _sellable(id, getAssetId(id, asset), listed1, listed2, amount, base);
        if (is223) _swap223(id, asset, base, amount, fee, 0);
        else _swap(id, asset, base, amount, fee, 0, 0);
    }

    function _checkSeller223(address owner) internal view override {
        require(owner == msg.sender);
    }

    function _pays223(address, address) internal pure override returns (bool) {
        return true;
    }

    /// @dev A token that answers false is believed to have paid.
    function _checkTransfer(bool) internal pure override { }
}
