// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on a market of Compound v2 or a fork. What returns a number returns 0 for success; newer ones
/// return nothing and revert.
interface ICToken {
    /// @notice The market's risk engine.
    function comptroller() external view returns (address);

    /// @notice Debt of `account` after accruing interest, units of the underlying.
    function borrowBalanceCurrent(address account) external returns (uint256);

    /// @notice An ERC-20 market's liquidation. Collateral arrives as tokens of `cTokenCollateral`.
    function liquidateBorrow(address borrower, uint256 repayAmount, address cTokenCollateral) external returns (uint256);

    /// @notice The native market's liquidation, which repays the coins sent along.
    function liquidateBorrow(address borrower, address cTokenCollateral) external payable;

    /// @notice Turns `redeemTokens` of the market's own into the underlying.
    function redeem(uint256 redeemTokens) external returns (uint256);
}

/// @notice What we read of a Comptroller.
interface IComptroller {
    /// @notice Share of a debt that one liquidation may repay, 1e18.
    function closeFactorMantissa() external view returns (uint256);
}

/// @notice The contract Venus puts before its markets: it liquidates, keeps its cut and hands on the rest.
interface IVenusLiquidator {
    /// @notice Repays `repayAmount` of `vToken`, or the coins sent along.
    function liquidateBorrow(address vToken, address borrower, uint256 repayAmount, address vTokenCollateral)
        external
        payable;
}
