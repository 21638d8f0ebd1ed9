// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { Round } from "../interfaces/ILiquidator.sol";
import { IPoolManager, IUnlockCallback } from "../interfaces/external/IUniswapV4.sol";
import { UniswapV4 } from "../venues/UniswapV4.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title UniswapV4Unlock
/// @notice What Uniswap v4's PoolManager hands out while unlocked; no fee. Its pools can be swapped in meanwhile.
abstract contract UniswapV4Unlock is RoundTrip, IUnlockCallback {
    function _askUniswapV4(Round calldata round, bytes calldata encoded) internal returns (bool, bytes memory) {
        return Binding.callBound(
            round.source,
            IUnlockCallback.unlockCallback.selector,
            keccak256(encoded),
            abi.encodeCall(IPoolManager.unlock, (encoded))
        );
    }

    /// @inheritdoc IUnlockCallback
    /// @dev Serves both a round that the manager funds and a sale that has to unlock it, told apart by the data we bound.
    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        Binding.enter(data);
        if (UniswapV4.isSale(data)) {
            UniswapV4.sellUnlocked(data);
            return "";
        }
        Round calldata round = _decoded(data);
        IPoolManager manager = IPoolManager(msg.sender);
        manager.take(round.debtToken, address(this), round.amount);
        uint256 owed = _runLent(round, round.amount, 0);
        manager.sync(round.debtToken);
        Money.send(round.debtToken, msg.sender, owed);
        manager.settle();
        return "";
    }
}
