// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { Binding } from "../funding/Binding.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IPoolManager, IUnlockCallback, PoolKey, SwapParams } from "../interfaces/external/IUniswapV4.sol";
import { Money } from "../Money.sol";
import { SwapAt } from "../Packed.sol";
import { UniswapV3 } from "./UniswapV3.sol";

/// @title UniswapV4
/// @notice Sells an exact input in one Uniswap v4 pool. `extra` is `abi.encode(PoolKey, hookData)`. A pool of the native coin
/// serves for WETH: it is unwrapped before and wrapped after.
library UniswapV4 {
    /// @dev First word of the data a sale binds. That of a round begins with the number of its tokens, and its debt token is one.
    uint256 private constant SALE = 0;

    /// @notice Whether the data of an unlock is a sale's.
    function isSale(bytes calldata data) internal pure returns (bool) {
        // forge-lint: disable-next-line(unsafe-typecast) -- the first word is what is asked for
        return uint256(bytes32(data)) == SALE;
    }

    /// @notice Sells `amount` of `tokenIn`, in an unlock of its own unless the manager is unlocked for the round.
    function sell(SwapAt swap, address tokenIn, address tokenOut, uint256 amount, bool unlocked) internal {
        if (unlocked) return _sell(swap.pool(), tokenIn, tokenOut, amount, swap.extra());
        bytes memory data = abi.encode(SALE, tokenIn, tokenOut, amount, swap.extra());
        address manager = swap.pool();
        (uint256 tally, bytes memory reason) = Binding.callBound(
            manager,
            Binding.keyOfMemory(manager, IUnlockCallback.unlockCallback.selector, data),
            abi.encodeCall(IPoolManager.unlock, (data))
        );
        if (tally == 0) UniswapV3.bubble(reason);
    }

    /// @notice The callback's half of {sell}.
    function sellUnlocked(bytes calldata data) internal {
        (, address tokenIn, address tokenOut, uint256 amount, bytes memory extra) =
            abi.decode(data, (uint256, address, address, uint256, bytes));
        _sell(msg.sender, tokenIn, tokenOut, amount, extra);
    }

    function _sell(address pool, address tokenIn, address tokenOut, uint256 amount, bytes memory extra) private {
        (PoolKey memory key, bytes memory hookData) = abi.decode(extra, (PoolKey, bytes));
        // The native coin is currency0 wherever it is one.
        bool zeroForOne = tokenIn == key.currency0 || (key.currency0 == address(0) && tokenIn != key.currency1);
        (uint256 owed, uint256 due) = _swap(IPoolManager(pool), key, zeroForOne, amount, hookData);
        if (owed > amount) revert ILiquidator.PayAboveMax(owed, amount);
        (address currencyIn, address currencyOut) =
            zeroForOne ? (key.currency0, key.currency1) : (key.currency1, key.currency0);
        _settle(IPoolManager(pool), currencyIn, tokenIn, owed);
        // What came in is measured: coins that lay here are not ours to wrap, whatever the manager says it paid.
        uint256 before = address(this).balance;
        IPoolManager(pool).take(currencyOut, address(this), due);
        if (currencyOut == address(0) && tokenOut != address(0)) Money.wrap(tokenOut, address(this).balance - before);
    }

    /// @return owed What we must pay in.
    /// @return due What we may take out.
    function _swap(IPoolManager manager, PoolKey memory key, bool zeroForOne, uint256 amount, bytes memory hookData)
        private
        returns (uint256 owed, uint256 due)
    {
        SwapParams memory params =
            SwapParams(zeroForOne, -SafeCastLib.toInt256(amount), UniswapV3.priceLimit(zeroForOne));
        int256 delta = manager.swap(key, params, hookData);
        // forge-lint: disable-next-line(unsafe-typecast) -- the manager packs two int128
        (int256 delta0, int256 delta1) = (int128(delta >> 128), int128(delta));
        return zeroForOne
            ? (SafeCastLib.toUint256(-delta0), SafeCastLib.toUint256(delta1))
            : (SafeCastLib.toUint256(-delta1), SafeCastLib.toUint256(delta0));
    }

    function _settle(IPoolManager manager, address currency, address token, uint256 owed) private {
        if (currency == address(0)) {
            if (token != address(0)) Money.unwrap(token, owed);
            manager.settle{ value: owed }();
        } else {
            manager.sync(currency);
            // In the token that the plan names: a pool of others is not paid, and fails as such.
            Money.send(token, address(manager), owed);
            manager.settle();
        }
    }
}
