// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Funding, ILiquidator, Leg, Profit, Protocol, Round, Swap } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";

/// @title LegTest
/// @notice What the tests of the legs share: the lab's directory, what a plan should say and what it should leave.
abstract contract LegTest is Lab {
    /// @dev An address of the lab's directory, such as `.venus.markets.USDC`.
    function _at(string memory key) internal view returns (address) {
        return vm.parseJsonAddress(vm.readFile(string.concat(vm.projectRoot(), "/.lab/lab.json")), key);
    }

    /// @dev A round on a loan of Morpho, which takes no fee.
    function _free(address debt, uint256 amount, Leg[] memory legs, Swap[] memory swaps)
        internal
        view
        returns (Round memory)
    {
        return Round(Funding.Morpho, _at(".morpho.morpho"), debt, amount, 0, "", legs, swaps);
    }

    // ---- what is expected ----

    function _expectLiquidated(
        Protocol protocol,
        address market,
        address borrower,
        address debt,
        address collateral,
        uint256 repaid,
        uint256 seized
    ) internal {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(protocol, market, borrower, debt, collateral, repaid, seized);
    }

    function _expectSkipped(address market, address borrower, uint256 leg, bytes memory reason) internal {
        vm.expectEmit(address(liquidator));
        emit ILiquidator.LegSkipped(market, borrower, leg, reason);
    }

    /// @dev The plan's profit is all in `token`.
    function _expectExecuted(address token, uint256 profit, uint256 price, uint256 fee, uint256 landed, uint256 skipped)
        internal
    {
        Profit[] memory profits = new Profit[](1);
        profits[0] = Profit(token, profit);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(
            OPERATOR, profit * price / 1e18, Plans.tally(fee * price / 1e18, 0, landed, skipped), profits
        );
    }

    /// @dev `LegFailed` of leg `leg`.
    function _failed(uint256 leg, bytes memory reason) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.LegFailed.selector, leg, reason);
    }

    /// @dev What a market reverts with that speaks in strings.
    function _text(string memory reason) internal pure returns (bytes memory) {
        return abi.encodeWithSignature("Error(string)", reason);
    }

    function _errorCode(address target, uint256 code) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.ErrorCode.selector, target, code);
    }

    // ---- what is left ----

    /// @dev No token, coin or allowance to `spender` is left.
    function _assertCleanOf(address spender) internal view {
        _assertClean();
        assertEq(address(liquidator).balance, 0, "coins left");
        address[4] memory all = [weth, wbtc, usdc, usdt];
        for (uint256 i; i < all.length; ++i) {
            assertEq(IERC20(all[i]).allowance(address(liquidator), spender), 0, "allowance left");
        }
    }

    /// @dev The sale of all that arrived, in the lab's deepest pool.
    function _sellAll(address tokenIn, address tokenOut) internal view returns (Swap[] memory) {
        return Plans.swaps(Plans.sale(_pool(tokenIn, tokenOut, 500), tokenIn, tokenOut, Plans.ALL, 0));
    }
}
