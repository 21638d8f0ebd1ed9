// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { IPoolManager, IUnlockCallback } from "../interfaces/external/IUniswapV4.sol";
import { RoundAt } from "../Packed.sol";
import { UniswapV4 } from "../venues/UniswapV4.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title UniswapV4Unlock
/// @notice What Uniswap v4's PoolManager hands out while unlocked; no fee. Its pools can be swapped in meanwhile.
abstract contract UniswapV4Unlock is RoundTrip, IUnlockCallback {
    function _askUniswapV4(RoundAt round, bytes memory encoded) internal returns (uint256, bytes memory) {
        address manager = round.source();
        return Binding.callBound(
            manager,
            Binding.keyOfMemory(manager, IUnlockCallback.unlockCallback.selector, encoded),
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
        RoundAt round = _decoded(data);
        address token = round.debtToken();
        IPoolManager manager = IPoolManager(msg.sender);
        manager.take(token, address(this), round.amount());
        uint256 owed = _runLent(round, round.amount(), 0, address(0));
        manager.sync(token);
        Money.send(token, msg.sender, owed);
        manager.settle();
        return "";
    }
}
