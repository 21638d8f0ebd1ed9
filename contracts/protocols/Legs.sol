// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { LibCall } from "solady/utils/LibCall.sol";
import { Binding } from "../funding/Binding.sol";
import { Parts } from "../funding/Parts.sol";
import { Tally } from "../funding/Tally.sol";
import { ILiquidator, Leg, Protocol } from "../interfaces/ILiquidator.sol";
import { Money } from "../Money.sol";
import { AaveV3, AaveV3Run } from "./AaveV3.sol";
import { CompoundV2 } from "./CompoundV2.sol";
import { CompoundV3 } from "./CompoundV3.sol";
import { Dex223 } from "./Dex223.sol";

/// @title Legs
/// @notice Runs the legs of a round, each in isolation.
abstract contract Legs {
    /// @dev `whole`: all legs are of one collateral, and the first that fails fails the round. Otherwise it is skipped, and
    /// the round fails if none lands.
    function _liquidateAll(Leg[] calldata legs, address debtToken, uint256 available, bool whole) internal {
        AaveV3Run memory run;
        uint256 landed;
        bytes memory reason;
        for (uint256 i; i < legs.length; ++i) {
            Leg calldata leg = Parts.legAt(legs, i);
            if (whole && i != 0 && leg.collateral != Parts.legAt(legs, 0).collateral) revert ILiquidator.NotOnePair();
            bool ok;
            if (leg.protocol == Protocol.AaveV3) {
                (ok, reason) = AaveV3.liquidate(run, leg, debtToken, available);
            } else {
                // Legs before may have spent part of it.
                (ok, reason) = _isolated(leg, debtToken, FixedPointMathLib.min(available, Money.here(debtToken)));
                // It may have moved what the run of Aave legs holds.
                run.collateral = address(0);
            }
            if (ok) ++landed;
            else if (whole) revert ILiquidator.LegFailed(i, reason);
            else emit ILiquidator.LegSkipped(leg.market, leg.borrower, i, reason);
        }
        if (landed == 0) revert ILiquidator.LegFailed(legs.length - 1, reason);
        AaveV3.finish(run, debtToken);
        Tally.addLegs(landed, legs.length - landed);
    }

    function _isolated(Leg calldata leg, address debtToken, uint256 available)
        private
        returns (bool ok, bytes memory reason)
    {
        bytes memory payload = abi.encodeCall(this.runLeg, (leg, debtToken, available));
        (ok,, reason) = LibCall.tryCall(address(this), 0, gasleft(), Binding.MAX_REASON, payload);
    }

    /// @notice One leg of more than one call, called by this contract on itself so that all of it is undone together.
    /// @param leg The leg.
    /// @param debtToken The round's.
    /// @param available Units of it the leg may spend.
    function runLeg(Leg calldata leg, address debtToken, uint256 available) external {
        if (msg.sender != address(this)) revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);
        uint256 repaid;
        uint256 seized;
        if (leg.protocol == Protocol.CompoundV2) {
            (repaid, seized) = CompoundV2.liquidate(leg, debtToken, available);
        } else if (leg.protocol == Protocol.CompoundV3) {
            (repaid, seized) = CompoundV3.liquidate(leg, debtToken, available);
        } else {
            seized = Dex223.liquidate(leg);
            if (seized == 0) return;
        }
        emit ILiquidator.Liquidated(leg.protocol, leg.market, leg.borrower, debtToken, leg.collateral, repaid, seized);
    }
}
