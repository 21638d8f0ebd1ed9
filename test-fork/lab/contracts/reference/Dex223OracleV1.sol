// Plimsoll's own reference contract of Dex223 margin trading, part 7: the spot oracle. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IDex223Factory {
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
}

interface IDex223Pool {
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function liquidity() external view returns (uint128);
}

/// @title A price from the pool's state of this moment, computed with five leading digits.
/// @dev Arithmetic wraps and a division by zero burns all gas, as under the compiler the original was made for.
contract Dex223OracleV1 {
    uint256 public constant pricePrecisionDecimals = 5;
    IDex223Factory public immutable factory;

    constructor(address factory_) {
        factory = IDex223Factory(factory_);
    }

    /// @notice The tier at `i` of 0.05 %, 0.3 % and 1 %, in hundredths of a bip.
    function feeTiers(uint256 i) public pure returns (uint24) {
        return [500, 3000, 10_000][i];
    }

    /// @notice The pool with the most liquidity in range; of equals the one with the higher fee.
    function findPoolWithHighestLiquidity(address tokenA, address tokenB)
        public
        view
        returns (address poolAddress, uint128 liquidity, uint24 fee)
    {
        require(tokenA != tokenB);
        (address token0, address token1) = tokenA < tokenB ? (tokenA, tokenB) : (tokenB, tokenA);
        require(tokenA != address(0));
        for (uint256 i; i < 3; ++i) {
            address pool = factory.getPool(token0, token1, feeTiers(i));
            if (pool == address(0)) continue;
            uint128 inRange = IDex223Pool(pool).liquidity();
            if (inRange >= liquidity) (poolAddress, liquidity, fee) = (pool, inRange, feeTiers(i));
        }
        require(poolAddress != address(0));
    }

    function getSqrtPriceX96(address pool) public view returns (uint160 sqrtPriceX96) {
        (sqrtPriceX96,,,,,,) = IDex223Pool(pool).slot0();
    }

    /// @notice Units of `buy` for `amount` units of `sell`, without fee or impact. Every step floors.
    function getAmountOut(address buy, address sell, uint256 amount) external view returns (uint256 out) {
        (address pool,,) = findPoolWithHighestLiquidity(buy, sell);
        uint256 root = getSqrtPriceX96(pool);
        unchecked {
            uint256 leading = amount;
            uint256 zeros;
            for (; leading > 10 ** pricePrecisionDecimals; ++zeros) {
                leading /= 10;
            }
            out = (root * root * leading >> 192) * 10 ** zeros;
            if (sell < buy) return out;
            if (out == 0) {
                assembly ("memory-safe") {
                    invalid()
                }
            }
            return amount * amount / out;
        }
    }
}
