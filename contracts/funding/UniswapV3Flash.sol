// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { IUniswapV3FlashCallback, IUniswapV3Pool } from "../interfaces/external/IUniswapV3Pool.sol";
import { RoundAt } from "../Packed.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title UniswapV3Flash
/// @notice A loan of one of a Uniswap v3 pool's tokens, for the pool's fee. `round.extra` is empty if the debt token is the
/// pool's token0 and one byte, whatever it is, if it is token1.
abstract contract UniswapV3Flash is RoundTrip, IUniswapV3FlashCallback {
    function _askUniswapV3Flash(RoundAt round, bytes memory encoded) internal returns (uint256, bytes memory) {
        (uint256 amount0, uint256 amount1) =
            round.extra().length == 0 ? (round.amount(), uint256(0)) : (uint256(0), round.amount());
        address pool = round.source();
        return Binding.callBound(
            pool,
            Binding.keyOfMemory(pool, IUniswapV3FlashCallback.uniswapV3FlashCallback.selector, encoded),
            abi.encodeCall(IUniswapV3Pool.flash, (address(this), amount0, amount1, encoded))
        );
    }

    /// @inheritdoc IUniswapV3FlashCallback
    function uniswapV3FlashCallback(uint256 fee0, uint256 fee1, bytes calldata data) external {
        Binding.enter(data);
        RoundAt round = _decoded(data);
        uint256 fee = round.extra().length == 0 ? fee0 : fee1;
        Money.send(round.debtToken(), msg.sender, _runLent(round, round.amount(), fee, address(0)));
    }
}
