// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on Morpho Blue.
interface IMorpho {
    /// @notice Lends `assets` of `token` for the length of one call back, without a fee.
    function flashLoan(address token, uint256 assets, bytes calldata data) external;
}

/// @notice Called by Morpho on whoever called `flashLoan`.
interface IMorphoFlashLoanCallback {
    /// @notice Must leave an allowance of `assets` to Morpho.
    function onMorphoFlashLoan(uint256 assets, bytes calldata data) external;
}
