// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice Which pool: currencies in order (0: native), fee, tick spacing, hooks.
struct PoolKey {
    address currency0;
    address currency1;
    uint24 fee;
    int24 tickSpacing;
    address hooks;
}

/// @notice Negative `amountSpecified`: exact input, the other way round than in v3.
struct SwapParams {
    bool zeroForOne;
    int256 amountSpecified;
    uint160 sqrtPriceLimitX96;
}

/// @notice What we call on Uniswap v4's PoolManager.
interface IPoolManager {
    /// @notice Calls back; everything taken in there must be settled when it returns. Not nestable.
    function unlock(bytes calldata data) external returns (bytes memory);

    /// @notice Swaps within an unlock. Returns what the caller is owed: amount0 in the upper, amount1 in the lower 128 bits.
    function swap(PoolKey calldata key, SwapParams calldata params, bytes calldata hookData)
        external
        returns (int256 delta);

    /// @notice Pays out of the caller's account.
    function take(address currency, address to, uint256 amount) external;

    /// @notice Notes the balance before a payment.
    function sync(address currency) external;

    /// @notice Credits what has arrived since `sync`, or the native coins sent along.
    function settle() external payable returns (uint256 paid);
}

/// @notice Called by the PoolManager on whoever called `unlock`.
interface IUnlockCallback {
    /// @notice Runs while the manager is unlocked.
    function unlockCallback(bytes calldata data) external returns (bytes memory);
}
