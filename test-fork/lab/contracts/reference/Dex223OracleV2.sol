// Plimsoll's own reference contract of Dex223 margin trading, part 8: the time-weighted oracle. It follows the description of the
// hardened fork of EthereumCommonwealth/Dex223-contracts (the "V2" rules); that code was not at hand to compare with.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Math } from "@openzeppelin/contracts/utils/math/Math.sol";
import { IDex223Factory } from "./Dex223OracleV1.sol";
import { Dex223Ticks } from "./Dex223Ticks.sol";

interface IObservedPool {
    function token0() external view returns (address);
    function slot0() external view returns (uint160, int24, uint16, uint16, uint16, uint8, bool);
    function observations(uint256 i) external view returns (uint32, int56, uint160, bool);
    function observe(uint32[] calldata secondsAgos) external view returns (int56[] memory, uint160[] memory);
}

interface IStandards {
    function erc20Of(address token) external view returns (address);
}

/// @title A price from the average tick over a fixed window.
contract Dex223OracleV2 {
    IDex223Factory public immutable factory;
    /// @notice Seconds that the average covers, up to now.
    uint32 public immutable twapWindow;

    constructor(address factory_, uint32 twapWindow_) {
        factory = IDex223Factory(factory_);
        twapWindow = twapWindow_;
    }

    /// @notice Whether the pool's oldest observation is at least a window old.
    function poolCanServeWindow(address pool) public view returns (bool) {
        (,, uint16 index, uint16 cardinality,,,) = IObservedPool(pool).slot0();
        if (cardinality == 0) return false;
        (uint32 oldest,,, bool initialized) = IObservedPool(pool).observations((index + 1) % cardinality);
        if (!initialized) (oldest,,,) = IObservedPool(pool).observations(0);
        return block.timestamp - oldest >= twapWindow;
    }

    /// @notice The harmonic mean of the liquidity in range over the window, floored.
    function harmonicMeanLiquidity(address pool) public view returns (uint128) {
        (, uint160[] memory cumulatives) = _observe(pool);
        uint256 delta;
        unchecked {
            delta = uint160(cumulatives[1] - cumulatives[0]);
        }
        return delta == 0 ? 0 : uint128(uint256(twapWindow) * type(uint160).max / (delta << 32));
    }

    /// @notice Of the pools that cover the window, the one with the most liquidity; of equals the one with the higher fee.
    function findPoolWithHighestLiquidity(address tokenA, address tokenB)
        public
        view
        returns (address poolAddress, uint128 liquidity, uint24 fee)
    {
        uint24[3] memory tiers = [uint24(500), 3000, 10_000];
        for (uint256 i; i < 3; ++i) {
            address pool = factory.getPool(tokenA, tokenB, tiers[i]);
            if (pool == address(0) || !poolCanServeWindow(pool)) continue;
            uint128 mean = harmonicMeanLiquidity(pool);
            if (mean >= liquidity) (poolAddress, liquidity, fee) = (pool, mean, tiers[i]);
        }
        require(poolAddress != address(0), "Oracle: no pool found");
    }

    /// @notice The average tick over the window, rounded toward minus infinity.
    function getTwapTick(address pool) public view returns (int24 tick) {
        (int56[] memory cumulatives,) = _observe(pool);
        int56 delta;
        unchecked {
            delta = cumulatives[1] - cumulatives[0];
        }
        int56 window = int56(uint56(twapWindow));
        tick = int24(delta / window);
        if (delta < 0 && delta % window != 0) --tick;
    }

    function getTwapSqrtPriceX96(address pool) public view returns (uint160) {
        return Dex223Ticks.sqrtPriceX96(getTwapTick(pool));
    }

    /// @notice Units of `buy` for `amount` units of `sell` at the average price, floored.
    function getAmountOut(address buy, address sell, uint256 amount) external view returns (uint256) {
        require(amount != 0, "Oracle: zero amount");
        (address pool,,) = findPoolWithHighestLiquidity(buy, sell);
        uint256 root = getTwapSqrtPriceX96(pool);
        bool fromToken0 = IObservedPool(pool).token0() == IStandards(address(factory)).erc20Of(sell);
        (uint256 ratio, uint256 one) =
            root <= type(uint128).max ? (root * root, 1 << 192) : (Math.mulDiv(root, root, 1 << 64), 1 << 128);
        return fromToken0 ? Math.mulDiv(ratio, amount, one) : Math.mulDiv(one, amount, ratio);
    }

    /// @dev Both ends of the window, the older first.
    function _observe(address pool) private view returns (int56[] memory, uint160[] memory) {
        uint32[] memory secondsAgos = new uint32[](2);
        secondsAgos[0] = twapWindow;
        return IObservedPool(pool).observe(secondsAgos);
    }
}
