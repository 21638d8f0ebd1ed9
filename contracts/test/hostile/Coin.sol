// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { Scripted } from "./Scripted.sol";

/// @title Coin
/// @notice A token that anyone may mint, plain unless told otherwise: it can take a fee on transfers, answer false to
/// them, or make calls during them.
contract Coin is ERC20("Coin", "COIN"), Scripted {
    bool private _feeOnTransfer;
    bool private _answersFalse;
    bool private _acting;

    /// @notice Creates tokens.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice From now on 1 % of every transfer is burnt.
    function turnFeeOnTransfer() external {
        _feeOnTransfer = true;
    }

    /// @notice From now on transfers move nothing and answer false.
    function turnFalse() external {
        _answersFalse = true;
    }

    /// @notice From now on the script is acted in every transfer.
    function turnActing() external {
        _acting = true;
    }

    /// @inheritdoc ERC20
    function transfer(address to, uint256 amount) public override returns (bool) {
        return !_answersFalse && super.transfer(to, amount);
    }

    /// @inheritdoc ERC20
    function transferFrom(address from, address to, uint256 amount) public override returns (bool) {
        return !_answersFalse && super.transferFrom(from, to, amount);
    }

    function _update(address from, address to, uint256 amount) internal override {
        if (_acting) _act(false);
        super._update(from, to, amount);
        if (_feeOnTransfer && from != address(0) && to != address(0)) super._update(to, address(0), amount / 100);
    }
}
