// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Round } from "../interfaces/ILiquidator.sol";
import { IUniswapV3Pool, IUniswapV3SwapCallback } from "../interfaces/external/IUniswapV3Pool.sol";
import { UniswapV3 } from "../venues/UniswapV3.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title UniswapV3FlashSwap
/// @notice Exact-output swap of collateral for debt: the pool hands out the debt token, the legs run, and the pool is paid
/// with what they seized. No loan fee, no second sale; the profit is left in collateral.
abstract contract UniswapV3FlashSwap is RoundTrip, IUniswapV3SwapCallback {
    function _askUniswapV3Swap(Round calldata round, bytes calldata encoded) internal returns (bool, bytes memory) {
        address collateral = _pairedCollateral(round);
        bytes memory payload = abi.encodeCall(
            IUniswapV3Pool.swap,
            (
                address(this),
                collateral < round.debtToken,
                -SafeCastLib.toInt256(round.amount),
                UniswapV3.priceLimit(collateral < round.debtToken),
                encoded
            )
        );
        return Binding.callBound(
            round.source, IUniswapV3SwapCallback.uniswapV3SwapCallback.selector, keccak256(encoded), payload
        );
    }

    /// @inheritdoc IUniswapV3SwapCallback
    /// @dev Serves both the flash swap of a round and the sale of a swap, told apart by the data we bound.
    function uniswapV3SwapCallback(int256 amount0Delta, int256 amount1Delta, bytes calldata data) external {
        Binding.enter(data);
        if (data.length == UniswapV3.DATA_LENGTH) return UniswapV3.pay(amount0Delta, amount1Delta, data);

        Round calldata round = _decoded(data);
        address collateral = round.legs[0].collateral;
        (uint256 pay, uint256 received) = collateral < round.debtToken
            ? (SafeCastLib.toUint256(amount0Delta), SafeCastLib.toUint256(-amount1Delta))
            : (SafeCastLib.toUint256(amount1Delta), SafeCastLib.toUint256(-amount0Delta));
        // A pool out of liquidity gives less than asked.
        if (received != round.amount) revert ILiquidator.ShortFunding(received, round.amount);
        if (pay > round.maxPay) revert ILiquidator.PayAboveMax(pay, round.maxPay);

        _run(round, true);
        SafeTransferLib.safeTransfer(collateral, msg.sender, pay);
    }

    function _pairedCollateral(Round calldata round) private pure returns (address collateral) {
        if (round.legs.length == 0) revert ILiquidator.NotOnePair();
        collateral = round.legs[0].collateral;
        if (collateral == round.debtToken) revert ILiquidator.NotOnePair();
        for (uint256 i = 1; i < round.legs.length; ++i) {
            if (round.legs[i].collateral != collateral) revert ILiquidator.NotOnePair();
        }
    }
}
