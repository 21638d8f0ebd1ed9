// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { Binding } from "../funding/Binding.sol";
import { Leg } from "../interfaces/ILiquidator.sol";
import { IAaveV3Pool } from "../interfaces/external/IAaveV3Pool.sol";

/// @title AaveV3
/// @notice One leg on Aave v3: repay through `liquidationCall` and receive the underlying.
library AaveV3 {
    /// @notice Liquidates. `leg.repay` of `type(uint256).max` repays what the close factor allows at that moment.
    /// @dev One call, so a leg that fails has changed nothing but the allowance, which the round clears.
    /// @return ok Whether the Pool accepted it.
    /// @return reason What it reverted with.
    function liquidate(Leg calldata leg, address debtToken) internal returns (bool ok, bytes memory reason) {
        (ok,, reason) = LibCall.tryCall(
            leg.market,
            0,
            gasleft(),
            Binding.MAX_REASON,
            abi.encodeCall(IAaveV3Pool.liquidationCall, (leg.collateral, debtToken, leg.borrower, leg.repay, false))
        );
    }
}
