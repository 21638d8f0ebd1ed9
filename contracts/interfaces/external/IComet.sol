// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on a Compound v3 market.
interface IComet {
    /// @notice Takes over the debt and all collateral of underwater accounts. One healthy account fails all.
    function absorb(address absorber, address[] calldata accounts) external;

    /// @notice Sells absorbed collateral at a discount for `baseAmount` of the base token, while reserves are low.
    function buyCollateral(address asset, uint256 minAmount, uint256 baseAmount, address recipient) external;

    /// @notice Units of `asset` that `baseAmount` buys.
    function quoteCollateral(address asset, uint256 baseAmount) external view returns (uint256);

    /// @notice Units of `asset` that are for sale.
    function getCollateralReserves(address asset) external view returns (uint256);
}
