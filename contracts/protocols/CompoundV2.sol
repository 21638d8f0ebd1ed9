// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { ICToken, IComptroller, IVenusLiquidator } from "../interfaces/external/ICompoundV2.sol";
import { Money } from "../Money.sol";
import { LegAt } from "../Packed.sol";

/// @notice `Leg.extra` of a leg on Compound v2 or a fork. `Leg.market` is the market of the debt.
/// @param collateralMarket Market whose tokens are seized and redeemed.
/// @param gate The contract before the markets that liquidations must go through (Venus); 0 for none.
/// @param nativeDebt The debt's market takes the native coin; the round's debt token is WETH.
/// @param nativeCollateral Redeeming pays the native coin; the leg's collateral is WETH.
struct CompoundV2Extra {
    address collateralMarket;
    address gate;
    bool nativeDebt;
    bool nativeCollateral;
}

/// @title CompoundV2
/// @notice One leg on Compound v2 or a fork: repay, seize the collateral's market tokens, redeem them. Runs in a frame of
/// its own, as seized tokens that cannot be redeemed would be stranded here.
library CompoundV2 {
    /// @notice Liquidates with at most `available` units. `leg.repay` of `type(uint256).max`: the close factor's share of
    /// the accrued debt, rounded down as the Comptroller does.
    /// @return repaid Units of the debt token that left.
    /// @return seized Units of the collateral that arrived, after every cut.
    function liquidate(LegAt leg, address debtToken, address collateral, uint256 available)
        internal
        returns (uint256 repaid, uint256 seized)
    {
        CompoundV2Extra memory extra = abi.decode(leg.extra(), (CompoundV2Extra));
        uint256 repay = FixedPointMathLib.min(
            leg.repay() == type(uint256).max ? _allowed(leg.market(), leg.borrower()) : leg.repay(), available
        );
        uint256 debtBefore = Money.here(debtToken);
        uint256 tokensBefore = Money.here(extra.collateralMarket);
        _repay(leg, extra, debtToken, repay);
        repaid = debtBefore - Money.here(debtToken);
        uint256 tokens = Money.here(extra.collateralMarket) - tokensBefore;
        if (repaid == 0 || tokens == 0) revert ILiquidator.NothingRepaid(leg.market());

        address received = extra.nativeCollateral ? address(0) : collateral;
        uint256 before = Money.here(received);
        _call(extra.collateralMarket, 0, abi.encodeCall(ICToken.redeem, (tokens)));
        seized = Money.here(received) - before;
        if (extra.nativeCollateral) Money.wrap(collateral, seized);
    }

    function _repay(LegAt leg, CompoundV2Extra memory extra, address debtToken, uint256 repay) private {
        address borrower = leg.borrower();
        address target = extra.gate == address(0) ? leg.market() : extra.gate;
        bytes memory payload;
        if (extra.gate != address(0)) {
            payload = abi.encodeCall(
                IVenusLiquidator.liquidateBorrow, (leg.market(), borrower, repay, extra.collateralMarket)
            );
        } else if (extra.nativeDebt) {
            payload = abi.encodeWithSignature("liquidateBorrow(address,address)", borrower, extra.collateralMarket);
        } else {
            payload = abi.encodeWithSignature(
                "liquidateBorrow(address,uint256,address)", borrower, repay, extra.collateralMarket
            );
        }
        if (extra.nativeDebt) {
            Money.unwrap(debtToken, repay);
            _call(target, repay, payload);
        } else {
            Money.allow(debtToken, target, repay);
            _call(target, 0, payload);
            Money.disallow(debtToken, target);
        }
    }

    function _allowed(address market, address borrower) private returns (uint256) {
        uint256 debt = ICToken(market).borrowBalanceCurrent(borrower);
        uint256 closeFactor = IComptroller(ICToken(market).comptroller()).closeFactorMantissa();
        return FixedPointMathLib.fullMulDiv(closeFactor, debt, 1e18);
    }

    /// @dev Older markets do not revert: they return a code, and 0 is success.
    function _call(address target, uint256 value, bytes memory payload) private {
        (bool ok,, bytes memory answer) = LibCall.tryCall(target, value, gasleft(), 256, payload);
        if (!ok) LibCall.bubbleUpRevert(answer);
        if (answer.length != 0 && abi.decode(answer, (uint256)) != 0) {
            revert ILiquidator.ErrorCode(target, abi.decode(answer, (uint256)));
        }
    }
}
