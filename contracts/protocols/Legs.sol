// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { Calls } from "../Calls.sol";
import { ILiquidator, Protocol } from "../interfaces/ILiquidator.sol";
import { Money } from "../Money.sol";
import { LegAt, RoundAt, TokensAt } from "../Packed.sol";
import { AaveV3, AaveV3Run } from "./AaveV3.sol";
import { CompoundV2 } from "./CompoundV2.sol";
import { CompoundV3 } from "./CompoundV3.sol";
import { Dex223 } from "./Dex223.sol";

/// @title Legs
/// @notice Runs the legs of a round, each in isolation.
abstract contract Legs {
    /// @dev With `only` all legs are of the collateral of that number, and the first that fails fails the round. Otherwise it is skipped, and
    /// the round fails if none lands.
    /// @param run What is known before the first leg; what is known after the last.
    /// @return landed Legs that landed.
    /// @return skipped Legs that did not.
    /// @return legsEnd Where the legs end.
    function _liquidateAll(RoundAt round, uint256 only, AaveV3Run memory run)
        internal
        returns (uint256 landed, uint256 skipped, uint256 legsEnd)
    {
        uint256 count = round.legs();
        LegAt leg = round.leg();
        if (count == 0) return (0, 0, LegAt.unwrap(leg));
        bytes memory reason;
        for (uint256 i; i < count; ++i) {
            if (only != 0 && leg.number() != only) revert ILiquidator.NotOnePair();
            bool ok;
            (ok, reason) = _liquidate(run, round, leg);
            if (ok) {
                unchecked {
                    ++landed;
                }
            } else if (only != 0) {
                revert ILiquidator.LegFailed(i, reason);
            } else {
                emit ILiquidator.LegSkipped(leg.market(), leg.borrower(), i, reason);
            }
            leg = LegAt.wrap(leg.end());
        }
        if (landed == 0) revert ILiquidator.LegFailed(count - 1, reason);
        AaveV3.finish(run);
        unchecked {
            return (landed, count - landed, LegAt.unwrap(leg));
        }
    }

    /// @dev A round without funding that is one leg, which is one call: where a plan is nothing else, whatever that call did is
    /// undone with the plan, and it needs no frame.
    function _isOneCall(RoundAt round) internal pure returns (bool) {
        if (!round.isOneLeg()) return false;
        LegAt leg = round.leg();
        return leg.protocol() == Protocol.Dex223 && Dex223.isOneCall(leg);
    }

    /// @dev Runs a round as {_isOneCall} has it.
    /// @param tokensEnd Where the plan's tokens end.
    /// @param payee Whom a reward in the native coin is paid to.
    /// @return ok Whether its leg landed; if not, the plan has to revert.
    /// @return reason {ILiquidator.LegFailed}.
    /// @return paid Wei that went to `payee` and not here.
    function _liquidateOne(RoundAt round, TokensAt tokensEnd, address payee)
        internal
        returns (bool ok, bytes memory reason, uint256 paid)
    {
        LegAt leg = round.leg();
        address collateral = leg.collateral(tokensEnd);
        (ok, reason, paid) = Dex223.liquidate(leg, round.debtTokenOf(tokensEnd).token(), collateral, payee);
        if (!ok) reason = abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, reason);
        if (collateral != address(0) || payee == address(this)) paid = 0;
    }

    function _liquidate(AaveV3Run memory run, RoundAt round, LegAt leg) private returns (bool ok, bytes memory reason) {
        address collateral = leg.collateral(round.tokens());
        if (leg.isAaveV3()) return AaveV3.liquidate(run, round, leg, collateral);
        address debtToken = run.debtToken;
        uint256 available = round.amount();
        // Legs before may have spent part of it.
        if (leg.protocol() != Protocol.Dex223) available = FixedPointMathLib.min(available, Money.here(debtToken));
        bytes memory payload = abi.encodeCall(this.runLeg, (_bytesOf(leg), debtToken, collateral, available));
        (ok, reason) = Calls.tryCall(address(this), payload);
        // It may have moved what the run of Aave legs holds.
        (run.collateral, run.untouched) = (address(0), false);
    }

    function _bytesOf(LegAt leg) private pure returns (bytes calldata packed) {
        uint256 legEnd = leg.end();
        assembly ("memory-safe") {
            packed.offset := leg
            packed.length := sub(legEnd, leg)
        }
    }

    /// @notice One leg of more than one call, called by this contract on itself so that all of it is undone together.
    /// @param packed The leg.
    /// @param debtToken The round's.
    /// @param collateral The leg's.
    /// @param available Units of it the leg may spend.
    function runLeg(bytes calldata packed, address debtToken, address collateral, uint256 available) external {
        if (msg.sender != address(this)) revert ILiquidator.UnexpectedCallback(msg.sender, msg.sig);
        LegAt leg;
        assembly ("memory-safe") {
            leg := packed.offset
        }
        Protocol protocol = leg.protocol();
        if (protocol == Protocol.Dex223) return Dex223.liquidateInFrame(leg, debtToken, collateral);
        uint256 repaid;
        uint256 seized;
        if (protocol == Protocol.CompoundV2) {
            (repaid, seized) = CompoundV2.liquidate(leg, debtToken, collateral, available);
        } else {
            (repaid, seized) = CompoundV3.liquidate(leg, debtToken, collateral, available);
        }
        emit ILiquidator.Liquidated(protocol, leg.market(), leg.borrower(), debtToken, collateral, repaid, seized);
    }
}
