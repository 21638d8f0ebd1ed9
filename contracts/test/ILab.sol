// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What the tests ask of the lab's Aave v3 Pool.
interface IPool {
    function supply(address asset, uint256 amount, address onBehalfOf, uint16 referralCode) external;
    function borrow(address asset, uint256 amount, uint256 mode, uint16 referralCode, address onBehalfOf) external;
    function getReserveVariableDebtToken(address asset) external view returns (address);
    function flashLoanSimple(
        address receiver,
        address asset,
        uint256 amount,
        bytes calldata params,
        uint16 referralCode
    ) external;
}

/// @notice A price feed of the lab: USD with 8 decimals, set by anybody.
interface IFeed {
    function set(int256 answer) external;
    function latestAnswer() external view returns (int256);
}

/// @notice A token of the lab, minted by anybody.
interface IMintable {
    function mint(address to, uint256 amount) external;
}

/// @notice Uniswap v3's factory.
interface IFactory {
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
}

/// @notice What a swap in a Uniswap v3 pool needs to be aimed.
interface IPoolState {
    function slot0() external view returns (uint160 sqrtPriceX96, int24, uint16, uint16, uint16, uint8, bool);
    function swap(
        address recipient,
        bool zeroForOne,
        int256 amountSpecified,
        uint160 sqrtPriceLimitX96,
        bytes calldata data
    ) external returns (int256 amount0, int256 amount1);
}

/// @notice Uniswap v3's QuoterV2.
interface IQuoter {
    struct ExactInput {
        address tokenIn;
        address tokenOut;
        uint256 amountIn;
        uint24 fee;
        uint160 sqrtPriceLimitX96;
    }

    struct ExactOutput {
        address tokenIn;
        address tokenOut;
        uint256 amount;
        uint24 fee;
        uint160 sqrtPriceLimitX96;
    }

    function quoteExactInputSingle(ExactInput memory params)
        external
        returns (uint256 amountOut, uint160 sqrtPriceX96After, uint32 ticksCrossed, uint256 gasEstimate);

    function quoteExactOutputSingle(ExactOutput memory params)
        external
        returns (uint256 amountIn, uint160 sqrtPriceX96After, uint32 ticksCrossed, uint256 gasEstimate);
}
