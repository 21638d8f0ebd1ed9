// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Scripted } from "./Scripted.sol";

/// @title Market
/// @notice A lending market that pays 105 of collateral for 100 of debt, to whoever repays a debt noted here.
contract Market is Scripted {
    /// @notice What `borrower` owes.
    mapping(address borrower => uint256) public debts;

    bool private _greedy;
    bool private _silent;

    /// @notice `borrower` owes nothing, or nothing any more.
    error NotUnderwater(address borrower);

    /// @notice Notes a debt.
    function owe(address borrower, uint256 debt) external {
        debts[borrower] = debt;
    }

    /// @notice From now on it takes all it is allowed to and gives nothing.
    function turnGreedy() external {
        _greedy = true;
    }

    /// @notice From now on it accepts every call and does nothing.
    function turnSilent() external {
        _silent = true;
    }

    /// @notice As Aave's Pool has it.
    function liquidationCall(address collateral, address debtAsset, address borrower, uint256 debtToCover, bool)
        external
    {
        if (_silent) return;
        _act(false);
        if (_greedy) {
            uint256 allowed = IERC20(debtAsset).allowance(msg.sender, address(this));
            require(IERC20(debtAsset).transferFrom(msg.sender, address(this), allowed));
            return;
        }
        uint256 debt = debts[borrower];
        if (debt == 0) revert NotUnderwater(borrower);
        uint256 repaid = debt < debtToCover ? debt : debtToCover;
        debts[borrower] = debt - repaid;
        require(IERC20(debtAsset).transferFrom(msg.sender, address(this), repaid));
        require(IERC20(collateral).transfer(msg.sender, repaid * 105 / 100));
        _act(true);
    }
}
