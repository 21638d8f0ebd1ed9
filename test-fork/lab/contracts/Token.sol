// Stands in for USDC, WBTC and DAI: a plain ERC-20 that returns true and reverts on failure, checked against OpenZeppelin 5.1.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @title A token of the lab that anyone may mint.
contract Token is ERC20 {
    uint8 private immutable DECIMALS;

    /// @param name_ The token's name.
    /// @param symbol_ The token's symbol.
    /// @param decimals_ The decimals of its smallest unit.
    constructor(string memory name_, string memory symbol_, uint8 decimals_) ERC20(name_, symbol_) {
        DECIMALS = decimals_;
    }

    /// @inheritdoc ERC20
    function decimals() public view override returns (uint8) {
        return DECIMALS;
    }

    /// @notice Creates tokens out of nothing.
    /// @param to Who receives them.
    /// @param amount How many, in the token's smallest unit.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}
