// Stands in for USDC, whose own code npm does not carry. Checked against what Circle's FiatToken is known to do.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.27;

import { Token } from "./Token.sol";

/// @title The lab's USDC: takes from an unlimited allowance as from any other, so that a standing approval is not free.
contract UsdCoin is Token {
    constructor(string memory name_, string memory symbol_, uint8 decimals_) Token(name_, symbol_, decimals_) { }

    /// @dev Without an event, as Circle's.
    function _spendAllowance(address holder, address spender, uint256 amount) internal override {
        uint256 allowed = allowance(holder, spender);
        if (allowed < amount) revert ERC20InsufficientAllowance(spender, allowed, amount);
        _approve(holder, spender, allowed - amount, false);
    }
}
