// Plimsoll's own reference contract of Dex223 margin trading, part 5: swaps. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools;
// the swaps of ERC-223 sides, which need that exchange's own pools, follow the description only.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Dex223Positions } from "./Dex223Positions.sol";
import { IToken } from "./Dex223Vault.sol";

interface IMarketFactory {
    function getPool(address tokenA, address tokenB, uint24 fee) external view returns (address);
    function erc20Of(address token) external view returns (address);
    function converter() external view returns (address);
}

interface IRouter {
    struct ExactInputSingleParams {
        address tokenIn;
        address tokenOut;
        uint24 fee;
        address recipient;
        uint256 deadline;
        uint256 amountIn;
        uint256 amountOutMinimum;
        uint160 sqrtPriceLimitX96;
        bool prefer223Out;
    }

    function exactInputSingle(ExactInputSingleParams calldata params) external payable returns (uint256 amountOut);
}

/// @title Trading inside a position.
abstract contract Dex223Trading is Dex223Positions {
    IMarketFactory public immutable factory;
    IRouter public immutable router;

    constructor(address factory_, address router_) {
        (factory, router) = (IMarketFactory(factory_), IRouter(router_));
    }

    /// @dev Reverts unless the sender may sell the ERC-223 side of a token.
    function _checkSeller223(address owner) internal view virtual;

    /// @notice Sells one asset of a position for another. The whole `amount` is debited, though a price limit may stop
    /// the sale early.
    function marginSwap(
        uint256 id,
        uint256 assetId1,
        uint256 whitelistId1,
        uint256 whitelistId2,
        uint256 amount,
        address asset2,
        uint24 feeTier,
        uint256 minAmountOut,
        uint160 priceLimitX96
    ) external {
        _checkSeller(id);
        address asset1 = _sellable(id, assetId1, whitelistId1, whitelistId2, amount, asset2);
        _swap(id, asset1, asset2, amount, feeTier, minAmountOut, priceLimitX96);
    }

    /// @notice Sells the ERC-223 side of a token, without a bound.
    function marginSwap223(
        uint256 id,
        uint256 assetId1,
        uint256 whitelistId1,
        uint256 whitelistId2,
        uint256 amount,
        address asset2,
        uint24 feeTier
    ) external {
        _checkSeller223(positions[id].owner);
        address asset1 = _sellable(id, assetId1, whitelistId1, whitelistId2, amount, asset2);
        _swap223(id, asset1, asset2, amount, feeTier, 0);
    }

    function _checkSeller(uint256 id) internal view {
        Position storage position = positions[id];
        if (msg.sender == position.owner) return;
        require(msg.sender == position.liquidator && position.frozenTime > 0, "Only owner or liquidator");
    }

    function _sellable(
        uint256 id,
        uint256 assetId1,
        uint256 whitelistId1,
        uint256 whitelistId2,
        uint256 amount,
        address asset2
    ) internal view returns (address asset1) {
        Position storage position = positions[id];
        if (assetId1 >= position.assets.length) _invalid();
        asset1 = position.assets[assetId1];
        _validateAsset(id, asset1, whitelistId1);
        _validateAsset(id, asset2, whitelistId2);
        require(position.balances[assetId1] >= amount);
    }

    function _swap(
        uint256 id,
        address asset1,
        address asset2,
        uint256 amount,
        uint24 feeTier,
        uint256 minOut,
        uint160 priceLimit
    ) internal {
        require(factory.getPool(asset1, asset2, feeTier) != address(0));
        IToken(asset1).approve(address(router), amount);
        uint256 out = router.exactInputSingle(
            IRouter.ExactInputSingleParams(
                asset1, asset2, feeTier, address(this), block.timestamp, amount, minOut, priceLimit, false
            )
        );
        _book(id, asset1, asset2, amount, out);
    }

    /// @dev Sends the ERC-223 tokens to the converter, which gives ERC-20 ones back, and sells those. What comes back is
    /// the ERC-223 side of the other token, booked under `asset2` whichever side that is.
    function _swap223(uint256 id, address asset1, address asset2, uint256 amount, uint24 feeTier, uint256 minOut)
        internal
    {
        require(factory.getPool(asset1, asset2, feeTier) != address(0));
        (address in20, address out20) = (factory.erc20Of(asset1), factory.erc20Of(asset2));
        require(in20 != asset1);
        require(IToken(asset1).transfer(factory.converter(), amount));
        IToken(in20).approve(address(router), amount);
        uint256 out = router.exactInputSingle(
            IRouter.ExactInputSingleParams(
                in20, out20, feeTier, address(this), block.timestamp, amount, minOut, 0, _pays223(asset2, out20)
            )
        );
        _book(id, asset1, asset2, amount, out);
    }

    /// @dev Whether a sale of an ERC-223 side pays out the ERC-223 side.
    function _pays223(address asset2, address asset2Erc20) internal pure virtual returns (bool);

    function _book(uint256 id, address asset1, address asset2, uint256 amount, uint256 out) private {
        require(out > 0);
        _addAsset(id, asset2, out);
        _reduceAsset(id, asset1, amount);
        emit MarginSwap(id, asset1, asset2, amount, out);
    }
}
