// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on Balancer's v2 Vault.
interface IBalancerV2Vault {
    /// @notice Lends `amounts` of `tokens` (ascending addresses) for the length of one call to `recipient`.
    function flashLoan(
        address recipient,
        address[] calldata tokens,
        uint256[] calldata amounts,
        bytes calldata userData
    ) external;
}

/// @notice Called by the v2 Vault on the recipient.
interface IBalancerV2FlashLoanRecipient {
    /// @notice The Vault must have amounts and fees back when this returns.
    function receiveFlashLoan(
        address[] calldata tokens,
        uint256[] calldata amounts,
        uint256[] calldata feeAmounts,
        bytes calldata userData
    ) external;
}

/// @notice What we call on Balancer's v3 Vault.
interface IBalancerV3Vault {
    /// @notice Calls its caller with `data` as calldata; everything sent in there must be settled when it returns.
    function unlock(bytes calldata data) external returns (bytes memory);

    /// @notice Pays out of the caller's account.
    function sendTo(address token, address to, uint256 amount) external;

    /// @notice Credits what has arrived, at most `amountHint`.
    function settle(address token, uint256 amountHint) external returns (uint256 credit);
}
