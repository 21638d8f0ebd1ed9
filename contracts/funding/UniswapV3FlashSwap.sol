// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { Money } from "../Money.sol";
import { ILiquidator, Leg, Round } from "../interfaces/ILiquidator.sol";
import { IUniswapV3SwapCallback } from "../interfaces/external/IUniswapV3Pool.sol";
import { UniswapV3 } from "../venues/UniswapV3.sol";
import { Binding } from "./Binding.sol";
import { Parts } from "./Parts.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title UniswapV3FlashSwap
/// @notice Exact-output swap of collateral for debt: the pool hands out the debt token, the legs run, and the pool is paid
/// with what they seized. No loan fee, no second sale; the profit is left in collateral.
///
/// Over several pools (`round.extra` holds the {UniswapV3} hops from the debt's side): each pool is paid by the next, which
/// sends it its tokens directly; the last one is paid with collateral, after the legs.
abstract contract UniswapV3FlashSwap is RoundTrip, IUniswapV3SwapCallback {
    function _askUniswapV3Swap(Round calldata round, bytes calldata encoded)
        internal
        returns (bool ok, bytes memory reason)
    {
        address tokenIn = _collateral(round);
        bytes calldata hops = Parts.extraOf(round);
        if (hops.length != 0) {
            if (hops.length % UniswapV3.HOP != 0) revert ILiquidator.BadEncoding();
            tokenIn = UniswapV3.hopToken(hops, 0);
        }
        return _askHop(round.source, address(this), tokenIn, round.debtToken, round.amount, encoded);
    }

    /// @dev What the legs seize and the last pool is paid in.
    function _collateral(Round calldata round) private pure returns (address collateral) {
        Leg[] calldata legs = Parts.legsOf(round);
        if (legs.length == 0) revert ILiquidator.NotOnePair();
        collateral = Parts.legAt(legs, 0).collateral;
        if (collateral == round.debtToken) revert ILiquidator.NotOnePair();
    }

    function _askHop(
        address pool,
        address recipient,
        address tokenIn,
        address tokenOut,
        uint256 amountOut,
        bytes calldata encoded
    ) private returns (bool ok, bytes memory reason) {
        (bytes memory payload, bytes32 dataHash) = UniswapV3.encodeSwap(
            recipient, tokenIn < tokenOut, -SafeCastLib.toInt256(amountOut), encoded
        );
        return Binding.callBound(pool, IUniswapV3SwapCallback.uniswapV3SwapCallback.selector, dataHash, payload);
    }

    /// @inheritdoc IUniswapV3SwapCallback
    /// @dev Serves both the flash swap of a round and the sale of a swap, told apart by the data we bound.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        Binding.enter(data);
        if (data.length == UniswapV3.DATA_LENGTH) return UniswapV3.pay(amount0Delta, amount1Delta, data);
        (uint256 pay, uint256 received) = amount0Delta > 0
            ? (SafeCastLib.toUint256(amount0Delta), SafeCastLib.toUint256(-amount1Delta))
            : (SafeCastLib.toUint256(amount1Delta), SafeCastLib.toUint256(-amount0Delta));

        Round calldata round = _decoded(data);
        if (msg.sender == round.source && received != round.amount) {
            // A pool out of liquidity gives less than asked.
            revert ILiquidator.ShortFunding(received, round.amount);
        }
        if (Parts.extraOf(round).length == 0) _pay(round, pay);
        else _payOver(round, pay, data);
    }

    /// @dev Pays a pool of a path: by the next pool, or with collateral if it is the last.
    function _payOver(Round calldata round, uint256 pay, bytes calldata encoded) private {
        bytes calldata hops = Parts.extraOf(round);
        // The binding let in only the pool that was asked, so where it stands in the path is how far we are.
        uint256 next;
        if (msg.sender != round.source) {
            while (UniswapV3.hopPool(hops, next) != msg.sender) ++next;
            ++next;
        }
        uint256 count = hops.length / UniswapV3.HOP;
        if (next == count) return _pay(round, pay);
        address tokenIn =
            next + 1 == count ? Parts.legAt(Parts.legsOf(round), 0).collateral : UniswapV3.hopToken(hops, next + 1);
        (bool ok, bytes memory reason) =
            _askHop(UniswapV3.hopPool(hops, next), msg.sender, tokenIn, UniswapV3.hopToken(hops, next), pay, encoded);
        if (!ok) UniswapV3.bubble(reason);
    }

    /// @dev The last pool of the path: run the legs, then pay it.
    function _pay(Round calldata round, uint256 pay) private {
        if (pay > round.maxPay) revert ILiquidator.PayAboveMax(pay, round.maxPay);
        _run(round, true);
        Money.send(Parts.legAt(Parts.legsOf(round), 0).collateral, msg.sender, pay);
    }
}
