// Plimsoll's own reference contract of Dex223 margin trading, part 9: the price at a tick. Its powers are those of
// TickMath in @uniswap/v3-core 1.0.1, computed and compared.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title The square root of a price, from its tick.
library Dex223Ticks {
    /// @dev 2^128 / sqrt(1.0001)^(2^i) for i from 0 to 19, rounded to nearest, 16 bytes each.
    bytes private constant POWERS = hex"fffcb933bd6fad37aa2d162d1a594001fff97272373d413259a46990580e213afff2e50f5f656932ef12357cf3c7fdcc"
        hex"ffe5caca7e10e4e61c3624eaa0941cd0ffcb9843d60f6159c9db58835c926644ff973b41fa98c081472e6896dfb254c0"
        hex"ff2ea16466c96a3843ec78b326b52861fe5dee046a99a2a811c461f1969c3053fcbe86c7900a88aedcffc83b479aa3a4"
        hex"f987a7253ac413176f2b074cf7815e54f3392b0822b70005940c7a398e4b70f3e7159475a2c29b7443b29c7fa6e889d9"
        hex"d097f3bdfd2022b8845ad8f792aa5825a9f746462d870fdf8a65dc1f90e061e570d869a156d2a1b890bb3df62baf32f7"
        hex"31be135f97d08fd981231505542fcfa609aa508b5b7a84e1c677de54f3e99bc9005d6af8dedb81196699c329225ee604"
        hex"00002216e584f5fa1ea926041bedfe9800000000048a170391f7dc42444e8fa2";

    /// @notice sqrt(1.0001^tick) as Q64.96, rounded up as Uniswap v3 rounds it.
    function sqrtPriceX96(int24 tick) internal pure returns (uint160) {
        uint256 distance = uint256(int256(tick < 0 ? -tick : tick));
        require(distance <= 887_272, "T");
        uint256 ratio = 1 << 128;
        for (uint256 i; i < 20; ++i) {
            if (distance & (1 << i) != 0) ratio = ratio * _power(i) >> 128;
        }
        if (tick > 0) ratio = type(uint256).max / ratio;
        return uint160((ratio >> 32) + (ratio % (1 << 32) == 0 ? 0 : 1));
    }

    function _power(uint256 i) private pure returns (uint256 power) {
        bytes memory powers = POWERS;
        assembly ("memory-safe") {
            power := shr(128, mload(add(add(powers, 32), mul(i, 16))))
        }
    }
}
