// SPDX-License-Identifier: MIT
// An ERC-4626 vault as OpenZeppelin 5.1 publishes it, over whatever asset it is given.
pragma solidity ^0.8.27;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { ERC4626, IERC20 } from "@openzeppelin/contracts/token/ERC20/extensions/ERC4626.sol";

/// @title Shares of wrapped ether that gain when somebody donates to the vault.
contract WethVault is ERC4626 {
    /// @param weth The asset.
    constructor(IERC20 weth) ERC20("Vault of WETH", "vWETH4626") ERC4626(weth) { }
}
