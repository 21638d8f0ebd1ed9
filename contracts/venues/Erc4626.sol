// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import { SwapAt } from "../Packed.sol";

/// @title Erc4626
/// @notice Redeems shares of a vault, which the token sold is, for its asset, the token bought. `pool` says the same and is
/// not asked: shares of another vault that lie here are not ours to redeem.
library Erc4626 {
    function sell(address tokenIn, uint256 amount) internal {
        IERC4626(tokenIn).redeem(amount, address(this), address(this));
    }
}
