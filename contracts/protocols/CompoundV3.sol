// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IComet } from "../interfaces/external/IComet.sol";
import { Money } from "../Money.sol";
import { LegAt } from "../Packed.sol";

/// @title CompoundV3
/// @notice One leg on Compound v3: absorb accounts, then buy one of their collaterals, and what lies for sale of it already,
/// at the protocol's discount. `Leg.market` is the Comet, `Leg.borrower` the first account or 0 to buy only, `Leg.extra`
/// empty or `abi.encode(address[])` with more accounts. An account's second collateral is a second leg that only buys.
library CompoundV3 {
    /// @dev An amount to learn the price from, so large that the quote is exact to a unit even where a unit of collateral
    /// costs 2^40 units of base; its products, with a price and a scale of 64 bits each, still stay below 2^256.
    uint256 private constant PROBE = 1 << 120;

    /// @notice Absorbs and buys for at most `available`, `leg.repay` and what is for sale. An account that somebody else
    /// absorbed first costs nothing: its collateral is for sale all the same.
    /// @return repaid Units of the base token paid.
    /// @return seized Units of the collateral bought.
    function liquidate(LegAt leg, address base, address asset, uint256 available)
        internal
        returns (uint256 repaid, uint256 seized)
    {
        IComet comet = IComet(leg.market());
        _absorb(leg);

        uint256 pay = FixedPointMathLib.min(FixedPointMathLib.min(leg.repay(), available), _affordable(comet, asset));
        uint256 quote = pay == 0 ? 0 : comet.quoteCollateral(asset, pay);
        if (quote == 0) revert ILiquidator.NothingRepaid(leg.market());

        (repaid, seized) = (Money.here(base), Money.here(asset));
        Money.allow(base, leg.market(), pay);
        comet.buyCollateral(asset, quote, pay, address(this));
        Money.disallow(base, leg.market());
        (repaid, seized) = (repaid - Money.here(base), Money.here(asset) - seized);
    }

    /// @dev All at once; if one is healthy, one by one.
    function _absorb(LegAt leg) private {
        address[] memory more = leg.extra().length == 0 ? new address[](0) : abi.decode(leg.extra(), (address[]));
        if (leg.borrower() == address(0) && more.length == 0) return;
        address[] memory accounts = more;
        if (leg.borrower() != address(0)) {
            accounts = new address[](more.length + 1);
            accounts[0] = leg.borrower();
            for (uint256 i; i < more.length; ++i) {
                accounts[i + 1] = more[i];
            }
        }
        if (_tryAbsorb(leg.market(), accounts) || accounts.length == 1) return;
        address[] memory one = new address[](1);
        for (uint256 i; i < accounts.length; ++i) {
            one[0] = accounts[i];
            _tryAbsorb(leg.market(), one);
        }
    }

    function _tryAbsorb(address comet, address[] memory accounts) private returns (bool ok) {
        (ok,,) = LibCall.tryCall(comet, 0, gasleft(), 0, abi.encodeCall(IComet.absorb, (address(this), accounts)));
    }

    /// @dev The least base amount that buys all that is for sale, or one unit more; where no amount buys exactly all, the
    /// largest that buys less. A quote is linear but for rounding down, so one large quote gives it within that unit.
    function _affordable(IComet comet, address asset) private view returns (uint256 pay) {
        uint256 stock = comet.getCollateralReserves(asset);
        if (stock == 0) return 0;
        pay = FixedPointMathLib.fullMulDivUp(stock, PROBE, comet.quoteCollateral(asset, PROBE));
        while (comet.quoteCollateral(asset, pay) > stock) --pay;
    }
}
