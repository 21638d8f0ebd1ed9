// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

/// @title Allowance
/// @notice Allowances live as long as the call they are for.
library Allowance {
    /// @notice Sets `spender`'s allowance to zero unless it is.
    function clear(address token, address spender) internal {
        if (IERC20(token).allowance(address(this), spender) != 0) SafeTransferLib.safeApprove(token, spender, 0);
    }
}
