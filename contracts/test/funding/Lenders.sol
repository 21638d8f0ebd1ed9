// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Funding, Leg, Round, Swap } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { Markets } from "../venues/Markets.sol";
import { IFeesCollector, IPathQuoter } from "./ILenders.sol";

/// @title Lenders
/// @notice Every funding source of the lab, lending USDC, with the fee its protocol publishes.
abstract contract Lenders is Markets {
    enum Source {
        Swap,
        SwapOverTwo,
        SwapOverThree,
        V3Flash,
        V4,
        BalancerV2,
        BalancerV2WithFee,
        BalancerV3,
        Morpho,
        AaveSimple,
        AaveSimpleV30,
        Aave,
        AaveV30
    }

    uint256 internal constant SOURCES = 13;

    function _source(Source source) internal view returns (address) {
        if (source == Source.Swap) return _pool(weth, usdc, 3000);
        if (source <= Source.V3Flash) return _pool(wbtc, usdc, 3000);
        if (source == Source.V4) return manager;
        if (source <= Source.BalancerV2WithFee) return _at(".balancerV2.vault");
        if (source == Source.BalancerV3) return _at(".balancerV3.vault");
        if (source == Source.Morpho) return _at(".morpho.morpho");
        bool current = source == Source.AaveSimple || source == Source.Aave;
        return current ? aave : _at(".aaveV30.pool");
    }

    function _funding(Source source) internal pure returns (Funding) {
        if (source <= Source.SwapOverThree) return Funding.UniswapV3Swap;
        if (source == Source.V3Flash) return Funding.UniswapV3Flash;
        if (source == Source.V4) return Funding.UniswapV4;
        if (source <= Source.BalancerV2WithFee) return Funding.BalancerV2;
        if (source == Source.BalancerV3) return Funding.BalancerV3;
        if (source == Source.Morpho) return Funding.Morpho;
        return source <= Source.AaveSimpleV30 ? Funding.AaveV3Simple : Funding.AaveV3;
    }

    function _isSwap(Source source) internal pure returns (bool) {
        return source <= Source.SwapOverThree;
    }

    /// @dev A round that borrows exactly what its one leg repays, and may pay exactly what it costs.
    function _round(Source source, address borrower, Swap[] memory swaps) internal returns (Round memory round) {
        _setFee(source);
        Leg memory leg = Plans.leg(aave, borrower, weth, REPAID);
        bytes memory extra;
        if (source == Source.SwapOverTwo) extra = _hop(wbtc, _pool(wbtc, weth, 500));
        if (source == Source.SwapOverThree) {
            extra = bytes.concat(_hop(wbtc, _pool(wbtc, dai, 3000)), _hop(dai, _pool(dai, weth, 3000)));
        }
        round = Round({
            funding: _funding(source),
            source: _source(source),
            debtToken: usdc,
            amount: REPAID,
            maxPay: _isSwap(source) ? _cost(source) : _fee(source, REPAID),
            extra: extra,
            legs: Plans.legs(leg),
            swaps: swaps
        });
    }

    /// @dev WETH that a flash swap costs, as Uniswap's own quoter has it.
    function _cost(Source source) internal returns (uint256 pay) {
        bytes memory path = abi.encodePacked(usdc, uint24(3000), weth);
        if (source == Source.SwapOverTwo) path = abi.encodePacked(usdc, uint24(3000), wbtc, uint24(500), weth);
        if (source == Source.SwapOverThree) {
            path = abi.encodePacked(usdc, uint24(3000), wbtc, uint24(3000), dai, uint24(3000), weth);
        }
        (pay,,,) = IPathQuoter(quoter).quoteExactOutput(path, REPAID);
    }

    /// @dev USDC that a loan costs.
    function _fee(Source source, uint256 amount) internal pure returns (uint256) {
        if (source == Source.V3Flash) return (amount * 3000 + 1e6 - 1) / 1e6; // the pool's fee, rounded up
        if (source == Source.BalancerV2WithFee) return (amount * 3 + 9999) / 10_000; // rounded up
        if (source == Source.AaveSimple || source == Source.Aave) return (amount * 5 + 9999) / 10_000; // 3.5 on: up
        if (source == Source.AaveSimpleV30 || source == Source.AaveV30) return (amount * 9 + 5000) / 10_000; // half up
        return 0;
    }

    function _setFee(Source source) private {
        if (source != Source.BalancerV2WithFee) return;
        vm.prank(_at(".balancerV2.feeAdmin"));
        IFeesCollector(_at(".balancerV2.feesCollector")).setFlashLoanFeePercentage(3e14);
    }
}
