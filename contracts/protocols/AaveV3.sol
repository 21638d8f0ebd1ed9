// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { LibCall } from "solady/utils/LibCall.sol";
import { Binding } from "../funding/Binding.sol";
import { ILiquidator, Leg, Protocol } from "../interfaces/ILiquidator.sol";
import { IAaveV3Pool } from "../interfaces/external/IAaveV3Pool.sol";
import { Money } from "../Money.sol";

/// @notice What is known of a run of legs on one Pool, so that nothing is read twice.
/// @param spender The Pool that may pull the debt token; 0 for none.
/// @param allowed Units it may still pull.
/// @param collateral The token last received.
/// @param held Units of it that are here.
struct AaveV3Run {
    address spender;
    uint256 allowed;
    address collateral;
    uint256 held;
}

/// @title AaveV3
/// @notice Legs on Aave v3: repay through `liquidationCall` and receive the underlying.
library AaveV3 {
    /// @notice Liquidates. `leg.repay` of `type(uint256).max` repays what the close factor allows at that moment.
    /// @dev One call, so a leg that fails has changed nothing; one allowance for all legs on a Pool. Repaid is what the Pool
    /// took of its allowance, which shows it also where debt and collateral are one asset; seized is what arrived.
    /// @param available Units of the debt token the round may spend.
    /// @return ok Whether the Pool took money for it.
    /// @return reason What it reverted with.
    function liquidate(AaveV3Run memory run, Leg calldata leg, address debtToken, uint256 available)
        internal
        returns (bool ok, bytes memory reason)
    {
        address collateral = leg.collateral;
        address market = leg.market;
        if (market != run.spender) {
            finish(run, debtToken);
            (run.spender, run.allowed) = (market, available);
            Money.allow(debtToken, market, available);
        }
        if (collateral != run.collateral) (run.collateral, run.held) = (collateral, Money.here(collateral));

        (ok, reason) = _call(leg, debtToken);
        if (!ok) return (ok, reason);

        uint256 allowed = IERC20(debtToken).allowance(address(this), market);
        uint256 repaid = run.allowed - allowed;
        if (repaid == 0) return (false, abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, market));
        uint256 held = Money.here(collateral);
        uint256 seized = held + (collateral == debtToken ? repaid : 0) - run.held;
        (run.allowed, run.held) = (allowed, held);
        emit ILiquidator.Liquidated(Protocol.AaveV3, market, leg.borrower, debtToken, collateral, repaid, seized);
    }

    /// @notice Takes back what the last Pool did not pull.
    function finish(AaveV3Run memory run, address debtToken) internal {
        if (run.allowed != 0) Money.allow(debtToken, run.spender, 0);
    }

    function _call(Leg calldata leg, address debtToken) private returns (bool ok, bytes memory reason) {
        bytes memory payload =
            abi.encodeCall(IAaveV3Pool.liquidationCall, (leg.collateral, debtToken, leg.borrower, leg.repay, false));
        (ok,, reason) = LibCall.tryCall(leg.market, 0, gasleft(), Binding.MAX_REASON, payload);
    }
}
