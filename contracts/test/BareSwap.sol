// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IUniswapV3Pool } from "../interfaces/external/IUniswapV3Pool.sol";

/// @notice Buys an exact amount in one pool and pays from its own balance.
contract BareSwap {
    using SafeTransferLib for address;
    using SafeCastLib for uint256;

    address private immutable POOL;
    address private immutable TOKEN_IN;
    bool private immutable ZERO_FOR_ONE;

    constructor(address pool, address tokenIn, bool zeroForOne) {
        (POOL, TOKEN_IN, ZERO_FOR_ONE) = (pool, tokenIn, zeroForOne);
    }

    /// @notice Buys `amount`.
    function buy(uint256 amount) external {
        uint160 limit = ZERO_FOR_ONE ? 4_295_128_740 : 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_341;
        IUniswapV3Pool(POOL).swap(address(this), ZERO_FOR_ONE, -amount.toInt256(), limit, "");
    }

    /// @notice Pays.
    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata) external {
        TOKEN_IN.safeTransfer(msg.sender, SafeCastLib.toUint256(ZERO_FOR_ONE ? amount0 : amount1));
    }
}
