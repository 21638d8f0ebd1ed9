// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import { SwapAt } from "../Packed.sol";

/// @title Erc4626
/// @notice Redeems shares of a vault, which `leg.tokenIn` is, for its asset, `leg.tokenOut`. `leg.pool` says the same and is
/// not asked: shares of another vault that lie here are not ours to redeem.
library Erc4626 {
    function sell(SwapAt leg, uint256 amount) internal {
        IERC4626(leg.tokenIn()).redeem(amount, address(this), address(this));
    }
}
