// Plimsoll's own reference contract of Dex223 margin trading, part 6: freeze and confirm. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Dex223Trading } from "./Dex223Trading.sol";

/// @title The two steps of a liquidation.
abstract contract Dex223Liquidations is Dex223Trading {
    /// @dev Seconds after a freeze, inclusive, in which the confirm counts; later it freezes again.
    uint256 private constant FREEZE_DURATION = 1 hours;

    /// @dev The first call freezes, one in a later block and within the hour settles, a later one freezes again.
    function _liquidate(uint256 id, address receiver, string memory healthy, string memory sameBlock) internal {
        Position storage position = positions[id];
        require(position.open, "Position is closed");
        require(subjectToLiquidation(id), healthy);
        uint256 frozen = position.frozenTime;
        if (frozen != 0) {
            require(frozen < block.timestamp, sameBlock);
            if (block.timestamp - frozen <= FREEZE_DURATION) {
                _settle(id, receiver);
                emit Liquidation(id, position.orderId, msg.sender, receiver);
                return;
            }
        }
        position.frozenTime = block.timestamp;
        position.liquidator = msg.sender;
        emit PositionFrozen(id, msg.sender, block.timestamp);
    }

    /// @dev Sells for the base asset, pays the lender, pays the reward to `receiver` and closes.
    function _settle(uint256 id, address receiver) internal virtual;

    /// @dev Sells enough to pay the lender in full, or reverts, and marks the position closed.
    function _closeAndRepay(uint256 id) internal virtual;

    /// @notice Ends a healthy position that was never frozen: by the borrower, or by the lender after its deadline. The
    /// reward goes to whoever closes.
    function positionClose(uint256 id, bool autoWithdraw) public virtual {
        Position storage position = positions[id];
        require(position.open);
        if (msg.sender != position.owner) {
            require(position.deadline <= block.timestamp && msg.sender == orders[position.orderId].owner);
        }
        require(position.frozenTime == 0, "Position frozen");
        require(!subjectToLiquidation(id), "Subject to liquidation");
        _closeAndRepay(id);
        _payReward(position, msg.sender);
        emit PositionClosed(id, msg.sender);
        _leaveOrder(position);
        if (!autoWithdraw) return;
        for (uint256 i; i < position.assets.length; ++i) {
            positionWithdraw(id, position.assets[i]);
        }
    }
}
