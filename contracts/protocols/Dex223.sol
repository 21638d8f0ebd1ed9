// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IMarginModule, IMarginOracle, MarginOrder, MarginPosition } from "../interfaces/external/IDex223.sol";
import { Money } from "../Money.sol";
import { LegAt } from "../Packed.sol";

/// @notice A sale out of the position before it is confirmed, where the module's own would fail. Into the base asset only.
/// @param assetId Index of the asset in the position.
/// @param whitelistId1 Its index in the order's token list.
/// @param whitelistId2 The base asset's.
/// @param amount Units of the asset.
/// @param feeTier The pool's fee.
/// @param minOut The least units of base; raised to {Dex223.LEAST_BPS} of what the order's oracle says.
struct PreSale {
    uint256 assetId;
    uint256 whitelistId1;
    uint256 whitelistId2;
    uint256 amount;
    uint24 feeTier;
    uint256 minOut;
}

/// @notice `Leg.extra` of a leg on Dex223's margin module. `Leg.borrower` is the position's id as an address.
/// @param confirm False: freeze. True: liquidate the frozen position and take its reward.
/// @param gasLimit Most gas the module may burn, as a poisoned position burns all it gets; 0 for no limit.
/// @param reward What the module pays in: 0 for the native coin (the leg's collateral is then WETH), an ERC-20 (the leg's
/// collateral), or an ERC-223 whose ERC-20 form is the leg's collateral.
/// @param converter Turns an ERC-223 reward into its ERC-20 form; 0 where there is none.
/// @param preSales Sales before the confirmation.
struct Dex223Extra {
    bool confirm;
    uint256 gasLimit;
    address reward;
    address converter;
    PreSale[] preSales;
}

/// @title Dex223
/// @notice One leg on Dex223 margin: freeze a position, or confirm its liquidation at least a second later.
library Dex223 {
    /// @notice A pre-sale brings at least this share of the oracle's value, bps.
    uint256 internal constant LEAST_BPS = 9500;
    uint256 private constant BPS = 10_000;

    /// @notice Freezes or confirms. The module succeeds silently when it only freezes anew: that is no confirmation, and
    /// reverts.
    /// @return seized Units of the reward that arrived, in the form of `collateral`; 0 for a freeze.
    function liquidate(LegAt leg, address collateral) internal returns (uint256 seized) {
        IMarginModule module = IMarginModule(leg.market());
        uint256 id = uint160(leg.borrower());
        Dex223Extra memory extra = abi.decode(leg.extra(), (Dex223Extra));
        if (!extra.confirm) {
            _liquidate(module, id, extra.gasLimit);
            MarginPosition memory frozen = module.positions(id);
            // forge-lint: disable-next-line(block-timestamp) -- the module stores this very value
            if (frozen.frozenTime != block.timestamp || frozen.liquidator != address(this)) {
                revert ILiquidator.NotLanded(leg.market(), id);
            }
            emit ILiquidator.Frozen(leg.market(), id);
            return 0;
        }
        uint256 before = Money.here(extra.reward);
        for (uint256 i; i < extra.preSales.length; ++i) {
            _preSell(module, id, extra.preSales[i]);
        }
        _liquidate(module, id, extra.gasLimit);
        if (module.positions(id).open) revert ILiquidator.NotLanded(leg.market(), id);
        seized = Money.here(extra.reward) - before;
        if (extra.reward == address(0)) {
            Money.wrap(collateral, seized);
        } else if (extra.converter != address(0)) {
            before = Money.here(collateral);
            // An ERC-223 that is sent to its converter comes back as the ERC-20.
            Money.send(extra.reward, extra.converter, seized);
            seized = Money.here(collateral) - before;
        }
    }

    function _liquidate(IMarginModule module, uint256 id, uint256 gasLimit) private {
        (bool ok,, bytes memory reason) = LibCall.tryCall(
            address(module),
            0,
            gasLimit == 0 ? gasleft() : gasLimit,
            256,
            abi.encodeCall(IMarginModule.liquidate, (id, address(this)))
        );
        if (!ok) LibCall.bubbleUpRevert(reason);
    }

    function _preSell(IMarginModule module, uint256 id, PreSale memory sale) private {
        MarginOrder memory order = module.orders(module.positions(id).orderId);
        address asset = module.getPositionAssets(id)[sale.assetId];
        uint256 worth = IMarginOracle(order.oracle).getAmountOut(order.baseAsset, asset, sale.amount);
        uint256 least = FixedPointMathLib.fullMulDivUp(worth, LEAST_BPS, BPS);
        module.marginSwap(
            id,
            sale.assetId,
            sale.whitelistId1,
            sale.whitelistId2,
            sale.amount,
            order.baseAsset,
            sale.feeTier,
            FixedPointMathLib.max(sale.minOut, least),
            0
        );
    }
}
