// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @notice A sale out of the position before it is confirmed. See `contracts/protocols/Dex223.sol`.
struct PreSale {
    uint16 assetId;
    uint16 whitelistId1;
    uint16 whitelistId2;
    uint128 amount;
    uint24 feeTier;
    uint128 minOut;
}

/// @notice What `Leg.extra` of a leg on Dex223's margin module holds.
struct Dex223Extra {
    bool confirm;
    uint32 gasLimit;
    address reward;
    address converter;
    PreSale[] preSales;
}

/// @title Dex223Packing
/// @notice `Leg.extra` as {Dex223} takes it, written from its layout and not from the contract's reading of it.
library Dex223Packing {
    /// @notice The shortest form that says it all, for a leg whose collateral is `collateral`.
    function pack(Dex223Extra memory extra, address collateral) internal pure returns (bytes memory data) {
        data = abi.encodePacked(extra.confirm, extra.gasLimit);
        if (extra.preSales.length == 0 && (!extra.confirm || extra.reward == collateral)) return data;
        data = abi.encodePacked(data, extra.reward, extra.converter);
        for (uint256 i; i < extra.preSales.length; ++i) {
            PreSale memory sale = extra.preSales[i];
            data = abi.encodePacked(
                data, sale.assetId, sale.whitelistId1, sale.whitelistId2, sale.amount, sale.feeTier, sale.minOut
            );
        }
    }
}
