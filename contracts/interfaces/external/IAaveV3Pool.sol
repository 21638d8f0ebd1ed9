// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice What we call on an Aave v3 Pool (3.0 to 3.7).
interface IAaveV3Pool {
    /// @notice Repays up to `debtToCover` of `borrower`'s `debtAsset` and sends `collateralAsset` with a bonus.
    function liquidationCall(
        address collateralAsset,
        address debtAsset,
        address borrower,
        uint256 debtToCover,
        bool receiveAToken
    ) external;

    /// @notice Lends `amount` of `asset` for the length of one call to `receiver`.
    function flashLoanSimple(
        address receiver,
        address asset,
        uint256 amount,
        bytes calldata params,
        uint16 referralCode
    ) external;

    /// @notice Lends several assets for the length of one call to `receiver`. Mode 0 is to be repaid at once.
    function flashLoan(
        address receiver,
        address[] calldata assets,
        uint256[] calldata amounts,
        uint256[] calldata interestRateModes,
        address onBehalfOf,
        bytes calldata params,
        uint16 referralCode
    ) external;
}

/// @notice Called by the Pool on the receiver of `flashLoanSimple`.
interface IAaveV3FlashLoanSimpleReceiver {
    /// @notice Must return true and leave an allowance of `amount + premium` to the Pool.
    function executeOperation(address asset, uint256 amount, uint256 premium, address initiator, bytes calldata params)
        external
        returns (bool);
}

/// @notice Called by the Pool on the receiver of `flashLoan`.
interface IAaveV3FlashLoanReceiver {
    /// @notice Must return true and leave an allowance of each amount and premium to the Pool.
    function executeOperation(
        address[] calldata assets,
        uint256[] calldata amounts,
        uint256[] calldata premiums,
        address initiator,
        bytes calldata params
    ) external returns (bool);
}
