// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on Dex223's margin module.
interface IMarginModule {
    /// @notice First call: freezes. Second, 1 s to 1 h later: sells, settles and pays the reward to `receiver`. Later still
    /// it freezes anew.
    function liquidate(uint256 positionId, address receiver) external;

    /// @notice Sells an asset of a position; open to whoever froze it.
    function marginSwap(
        uint256 positionId,
        uint256 assetId1,
        uint256 whitelistId1,
        uint256 whitelistId2,
        uint256 amount,
        address asset2,
        uint24 feeTier,
        uint256 minAmountOut,
        uint160 priceLimitX96
    ) external;

    /// @notice The order a position was taken from. Eight words follow; the last are whether it is open, when it was frozen
    /// (seconds) and by whom.
    function positions(uint256 positionId) external view returns (uint256 orderId);

    /// @notice A lender's order as far as its oracle; more follows.
    function orders(uint256 orderId)
        external
        view
        returns (
            address owner,
            uint256 id,
            bytes32 whitelist,
            uint256 interestRate,
            uint256 duration,
            uint256 minLoan,
            address baseAsset,
            uint16 currencyLimit,
            uint8 leverage,
            address oracle
        );

    function getPositionAssets(uint256 positionId) external view returns (address[] memory);
}

/// @notice The price source an order names.
interface IMarginOracle {
    /// @notice Units of `buy` that `amount` of `sell` is worth.
    function getAmountOut(address buy, address sell, uint256 amount) external view returns (uint256);
}
