// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IUniswapV3SwapCallback } from "../interfaces/external/IUniswapV3Pool.sol";
import { RoundAt, TokensAt } from "../Packed.sol";
import { UniswapV3 } from "../venues/UniswapV3.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title UniswapV3FlashSwap
/// @notice Exact-output swap of collateral for debt: the pool hands out the debt token, the legs run, and the pool is paid
/// with what they seized. No loan fee, no second sale; the profit is left in collateral.
///
/// Over several pools (`round.extra` holds the {UniswapV3} hops from the debt's side): each pool is paid by the next, which
/// sends it its tokens directly; the last one is paid with collateral, after the legs.
abstract contract UniswapV3FlashSwap is RoundTrip, IUniswapV3SwapCallback {
    function _askUniswapV3Swap(RoundAt round, TokensAt tokensEnd, bytes memory encoded)
        internal
        returns (uint256 tally, bytes memory reason)
    {
        address tokenIn = round.leg().collateral(tokensEnd);
        address debtToken = round.debtTokenOf(tokensEnd).token();
        if (round.legs() == 0 || tokenIn == debtToken) revert ILiquidator.NotOnePair();
        bytes calldata hops = round.extra();
        if (hops.length != 0) {
            if (hops.length % UniswapV3.HOP != 0) revert ILiquidator.BadEncoding();
            tokenIn = UniswapV3.hopToken(hops, 0);
        }
        (tally, reason) = _askHop(round.source(), address(this), tokenIn, debtToken, round.amount(), encoded);
        if (tally != 0) tally = Binding.tallyOf(round.legs(), 0, 0);
    }

    function _askHop(
        address pool,
        address recipient,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        bytes memory encoded
    ) private returns (uint256 tally, bytes memory reason) {
        uint256 key = Binding.keyOfMemory(pool, IUniswapV3SwapCallback.uniswapV3SwapCallback.selector, encoded);
        bytes memory payload =
            UniswapV3.encodeSwap(recipient, tokenIn < tokenOut, -SafeCastLib.toInt256(amountOut), encoded);
        return Binding.callBound(pool, key, payload);
    }

    /// @inheritdoc IUniswapV3SwapCallback
    /// @dev Serves both the flash swap of a round and the sale of a swap, told apart by the data we bound.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        Binding.enter(data);
        if (data.length == UniswapV3.DATA_LENGTH) return UniswapV3.pay(amount0Delta, amount1Delta, data);
        uint256 pay;
        uint256 received;
        unchecked {
            // A pool takes of one and gives of the other: what is not so is a number above every bound and balance.
            // forge-lint: disable-start(unsafe-typecast)
            (pay, received) = amount0Delta > 0
                ? (uint256(amount0Delta), uint256(-amount1Delta))
                : (uint256(amount1Delta), uint256(-amount0Delta));
            // forge-lint: disable-end(unsafe-typecast)
        }

        RoundAt round = _decoded(data);
        if (received != round.amount() && msg.sender == round.source()) {
            // A pool out of liquidity gives less than asked.
            revert ILiquidator.ShortFunding(received, round.amount());
        }
        if (round.extra().length == 0) _pay(round, pay);
        else _payOver(round, pay, data);
    }

    /// @dev Pays a pool of a path: by the next pool, or with collateral if it is the last.
    function _payOver(RoundAt round, uint256 pay, bytes calldata encoded) private {
        bytes calldata hops = round.extra();
        // The binding let in only the pool that was asked, so where it stands in the path is how far we are.
        uint256 next;
        if (msg.sender != round.source()) {
            while (UniswapV3.hopPool(hops, next) != msg.sender) ++next;
            ++next;
        }
        uint256 count = hops.length / UniswapV3.HOP;
        if (next == count) return _pay(round, pay);
        address tokenIn =
            next + 1 == count ? round.leg().collateral(round.tokens()) : UniswapV3.hopToken(hops, next + 1);
        (uint256 tally, bytes memory reason) = _askHop(
            UniswapV3.hopPool(hops, next), msg.sender, tokenIn, UniswapV3.hopToken(hops, next), pay, _copied(encoded)
        );
        if (tally == 0) UniswapV3.bubble(reason);
    }

    /// @dev Into memory, with {Binding.ROOM} in front.
    function _copied(bytes calldata encoded) private pure returns (bytes memory copy) {
        uint256 room = Binding.ROOM;
        assembly ("memory-safe") {
            copy := add(mload(0x40), room)
            mstore(copy, encoded.length)
            calldatacopy(add(copy, 0x20), encoded.offset, encoded.length)
            mstore(0x40, and(add(add(copy, encoded.length), 0x3f), not(0x1f)))
        }
    }

    /// @dev The last pool of the path: run the legs, then pay it.
    function _pay(RoundAt round, uint256 pay) private {
        if (pay > round.maxPay()) revert ILiquidator.PayAboveMax(pay, round.maxPay());
        uint256 collateral = round.leg().number();
        _run(round, collateral, address(0), 0);
        SafeTransferLib.safeTransfer(round.tokens().numbered(collateral).token(), msg.sender, pay);
    }
}
