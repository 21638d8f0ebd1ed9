// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { Calls } from "../Calls.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IAaveV3Pool } from "../interfaces/external/IAaveV3Pool.sol";
import { Money } from "../Money.sol";
import { LegAt, RoundAt } from "../Packed.sol";

/// @notice What is known of a run of legs on one Pool, so that nothing is read twice.
/// @param debtToken The round's.
/// @param untouched Whether nothing is here but the debt token.
/// @param spender The Pool that may pull the debt token; 0 for none.
/// @param allowed Units it may still pull.
/// @param collateral The token last received.
/// @param held Units of it that are here.
/// @param lender Who pulls the round's loan back when all is done; 0 for nobody.
/// @param owed Units of it: what the lender may pull besides what it may as a Pool.
struct AaveV3Run {
    address debtToken;
    bool untouched;
    address spender;
    uint256 allowed;
    address collateral;
    uint256 held;
    address lender;
    uint256 owed;
}

/// @title AaveV3
/// @notice Legs on Aave v3: repay through `liquidationCall` and receive the underlying.
library AaveV3 {
    /// @notice Liquidates. `leg.repay` of `type(uint256).max` repays what the close factor allows at that moment.
    /// @dev One call, so a leg that fails has changed nothing; one allowance for all legs on a Pool, and for the loan where the
    /// Pool is the lender. Repaid is what the Pool took of its allowance, which shows it also where debt and collateral are
    /// one asset; seized is what arrived.
    /// @return ok Whether the Pool took money for it.
    /// @return reason What it reverted with.
    function liquidate(AaveV3Run memory run, RoundAt round, LegAt leg, address collateral)
        internal
        returns (bool ok, bytes memory reason)
    {
        address market = leg.market();
        address debtToken = run.debtToken;
        if (market != run.spender) {
            finish(run);
            uint256 most = market == run.lender ? round.amount() + run.owed : round.amount();
            (run.spender, run.allowed) = (market, most);
            Money.allow(debtToken, market, most);
        }
        if (collateral != run.collateral) {
            run.held = run.untouched && collateral != debtToken ? 0 : Money.here(collateral);
            run.collateral = collateral;
        }
        run.untouched = false;

        (ok, reason) = _call(leg, market, debtToken, collateral);
        if (!ok) return (ok, reason);

        uint256 allowed = Money.allowance(debtToken, market);
        uint256 repaid = FixedPointMathLib.zeroFloorSub(run.allowed, allowed);
        if (repaid == 0) return (false, abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, market));
        uint256 held = Money.here(collateral);
        uint256 seized = FixedPointMathLib.zeroFloorSub(collateral == debtToken ? held + repaid : held, run.held);
        (run.allowed, run.held) = (allowed, held);
        _emitLiquidated(leg, debtToken, collateral, repaid, seized);
    }

    /// @dev By hand, as {_call}.
    function _emitLiquidated(LegAt leg, address debtToken, address collateral, uint256 repaid, uint256 seized) private {
        bytes32 topic = ILiquidator.Liquidated.selector;
        address market = leg.market();
        address borrower = leg.borrower();
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, 0) // Protocol.AaveV3
            mstore(add(at, 0x20), debtToken)
            mstore(add(at, 0x40), collateral)
            mstore(add(at, 0x60), repaid)
            mstore(add(at, 0x80), seized)
            log3(at, 0xa0, topic, market, borrower)
        }
    }

    /// @notice Takes back what the last Pool did not pull, but for what it lent.
    function finish(AaveV3Run memory run) internal {
        if (run.allowed == 0) return;
        uint256 owed = run.spender == run.lender ? run.owed : 0;
        if (run.allowed != owed) Money.allow(run.debtToken, run.spender, owed);
    }

    /// @dev By hand: every leg passes here.
    function _call(LegAt leg, address market, address debtToken, address collateral)
        private
        returns (bool ok, bytes memory reason)
    {
        bytes4 selector = IAaveV3Pool.liquidationCall.selector;
        address borrower = leg.borrower();
        uint256 repay = leg.repay();
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, selector)
            mstore(add(at, 0x04), collateral)
            mstore(add(at, 0x24), debtToken)
            mstore(add(at, 0x44), borrower)
            mstore(add(at, 0x64), repay)
            mstore(add(at, 0x84), 0) // the underlying, not its aToken
            ok := call(gas(), market, 0, at, 0xa4, 0, 0)
        }
        if (!ok) reason = Calls.lastReason();
    }
}
