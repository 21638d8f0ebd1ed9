// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { Binding } from "../funding/Binding.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IUniswapV3Pool, IUniswapV3SwapCallback } from "../interfaces/external/IUniswapV3Pool.sol";
import { Money } from "../Money.sol";
import { SwapAt } from "../Packed.sol";

/// @title UniswapV3
/// @notice Sells an exact input over one or several Uniswap v3 pools. The caller checks what came out.
/// @dev Further pools stand in `extra` as hops of 40 bytes: the token between this pool and the next, then the next pool.
library UniswapV3 {
    /// @notice Length of the data a sale binds: (tokenIn, amountIn). A round is longer.
    uint256 internal constant DATA_LENGTH = 64;
    /// @notice Bytes of a hop.
    uint256 internal constant HOP = 40;

    uint160 private constant MIN_SQRT_RATIO = 4_295_128_739;
    uint160 private constant MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342;

    /// @notice The loosest price limit for a direction: bounds are on amounts, not on the pool's price.
    function priceLimit(bool zeroForOne) internal pure returns (uint160) {
        return zeroForOne ? MIN_SQRT_RATIO + 1 : MAX_SQRT_RATIO - 1;
    }

    /// @notice Calldata of `swap` with `data` for the callback.
    /// @dev By hand: every flash swap passes here.
    /// @param amount Positive: exact input; negative: exact output.
    /// @param data With {Binding.ROOM} in front: the rest is written there.
    function encodeSwap(address recipient, bool zeroForOne, int256 amount, bytes memory data)
        internal
        pure
        returns (bytes memory payload)
    {
        bytes4 selector = IUniswapV3Pool.swap.selector;
        uint160 limit = priceLimit(zeroForOne);
        assembly ("memory-safe") {
            payload := sub(data, 0xc4)
            mstore(payload, add(mload(data), 0xc4))
            mstore(sub(data, 0xa4), selector)
            mstore(sub(data, 0xa0), recipient)
            mstore(sub(data, 0x80), zeroForOne)
            mstore(sub(data, 0x60), amount)
            mstore(sub(data, 0x40), limit)
            mstore(sub(data, 0x20), 0xa0)
        }
    }

    /// @notice The token before hop `i`.
    function hopToken(bytes calldata hops, uint256 i) internal pure returns (address) {
        return address(bytes20(hops[i * HOP:i * HOP + 20]));
    }

    /// @notice The pool of hop `i`.
    function hopPool(bytes calldata hops, uint256 i) internal pure returns (address) {
        return address(bytes20(hops[i * HOP + 20:i * HOP + 40]));
    }

    /// @notice Sells `amount` of `tokenIn`; reverts with the pool's own reason.
    function sell(SwapAt swap, address tokenIn, address tokenOut, uint256 amount) internal {
        address pool = swap.pool();
        uint256 count = swap.extra().length / HOP;
        for (uint256 i; i < count; ++i) {
            address between = hopToken(swap.extra(), i);
            // What came in is measured: what lies here of a token between is not ours to sell.
            uint256 before = Money.here(between);
            _sellOne(pool, tokenIn, between, amount);
            amount = Money.here(between) - before;
            (pool, tokenIn) = (hopPool(swap.extra(), i), between);
        }
        _sellOne(pool, tokenIn, tokenOut, amount);
    }

    function _sellOne(address pool, address tokenIn, address tokenOut, uint256 amount) private {
        bytes memory data;
        uint256 room = Binding.ROOM;
        assembly ("memory-safe") {
            data := add(mload(0x40), room)
            mstore(data, 0x40)
            mstore(add(data, 0x20), tokenIn)
            mstore(add(data, 0x40), amount)
            mstore(0x40, add(data, 0x60))
        }
        uint256 key = Binding.keyOfMemory(pool, IUniswapV3SwapCallback.uniswapV3SwapCallback.selector, data);
        bytes memory payload = encodeSwap(address(this), tokenIn < tokenOut, SafeCastLib.toInt256(amount), data);
        (uint256 tally, bytes memory reason) = Binding.callBound(pool, key, payload);
        if (tally == 0) bubble(reason);
    }

    /// @notice The callback's half of {sell}: pays the pool, at most what we meant to sell.
    function pay(int256 amount0Delta, int256 amount1Delta, bytes calldata data) internal {
        (address tokenIn, uint256 amount) = abi.decode(data, (address, uint256));
        uint256 owed = SafeCastLib.toUint256(amount0Delta > 0 ? amount0Delta : amount1Delta);
        if (owed > amount) revert ILiquidator.PayAboveMax(owed, amount);
        Money.send(tokenIn, msg.sender, owed);
    }

    /// @notice Reverts with what a call reverted with.
    function bubble(bytes memory reason) internal pure {
        LibCall.bubbleUpRevert(reason);
    }
}
