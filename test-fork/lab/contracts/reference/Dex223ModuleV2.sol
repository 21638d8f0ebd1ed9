// Plimsoll's own reference contract of Dex223 margin trading, version 2. It follows the description of the
// hardened fork of EthereumCommonwealth/Dex223-contracts (the "V2" rules); that code was not at hand to compare with.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Dex223Liquidations } from "./Dex223Liquidations.sol";
import { IDex223Oracle } from "./Dex223Positions.sol";
import { Dex223Trading } from "./Dex223Trading.sol";

/// @title The margin module for time-weighted prices: anyone can confirm, everything is sold, at 95 % of the oracle or more.
contract Dex223ModuleV2 is Dex223Liquidations {
    uint256 private constant FLOOR_BPS = 9500;
    bool private transient _entered;

    constructor(address factory_, address router_) Dex223Trading(factory_, router_) { }

    modifier nonReentrant() {
        require(!_entered, "REENTRANCY");
        _entered = true;
        _;
        _entered = false;
    }

    function liquidate(uint256 id, address receiver) external nonReentrant {
        _liquidate(id, receiver, "Not liquidatable", "Freeze and liquidate: same block");
    }

    function positionClose(uint256 id, bool autoWithdraw) public override nonReentrant {
        super.positionClose(id, autoWithdraw);
    }

    function _debt(Position storage position) internal view override returns (uint256) {
        unchecked {
            uint256 elapsed = block.timestamp - position.createdAt;
            return position.initialBalance + position.initialBalance * position.interest / 10_000 * elapsed / 30 days;
        }
    }

    /// @dev 0 when the debt does not grow.
    function _secondsToGrow(Position storage position, uint256 room) internal view override returns (uint256) {
        unchecked {
            uint256 rate = position.interest * position.initialBalance;
            return rate == 0 ? 0 : block.timestamp + room * 10_000 * 30 days / rate;
        }
    }

    function _checkLeverage(uint256 collateral, uint256 loan, uint8 leverage) internal pure override {
        require(collateral > 0 && collateral + loan <= leverage * collateral, "Leverage error");
    }

    function _settle(uint256 id, address receiver) internal override {
        Position storage position = positions[id];
        for (uint256 i = position.assets.length - 1; i > 0; --i) {
            _sell(id, i);
        }
        _payBack(position);
        position.open = false;
        _leaveOrder(position);
        _payReward(position, receiver);
    }

    function _closeAndRepay(uint256 id) internal override {
        Position storage position = positions[id];
        for (uint256 i = position.assets.length - 1; i > 0 && position.balances[0] < _debt(position); --i) {
            _sell(id, i);
        }
        require(_payBack(position) == 0, "Insufficient funds to close position");
        position.open = false;
    }

    /// @dev For whoever asks, in the pool that the oracle chose, for at least 95 % (floored) of the oracle's quote.
    function _sell(uint256 id, uint256 index) private {
        Position storage position = positions[id];
        (address asset, address base, uint256 amount) =
            (position.assets[index], position.assets[0], position.balances[index]);
        (,, uint24 fee) = IDex223Oracle(orders[position.orderId].oracle).findPoolWithHighestLiquidity(asset, base);
        uint256 minOut = _worth(position, asset, amount) * FLOOR_BPS / 10_000;
        if (factory.erc20Of(asset) != asset) _swap223(id, asset, base, amount, fee, minOut);
        else _swap(id, asset, base, amount, fee, minOut, 0);
    }

    function _checkSeller223(address owner) internal view override {
        require(owner == msg.sender, "Not position owner");
    }

    function _pays223(address asset2, address asset2Erc20) internal pure override returns (bool) {
        return asset2 != asset2Erc20;
    }

    function _checkTransfer(bool ok) internal pure override {
        require(ok, "ERC20 transfer failed");
    }
}
