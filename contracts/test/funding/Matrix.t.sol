// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { Lenders } from "./Lenders.sol";

/// @notice Every funding with every venue, one liquidation each.
contract MatrixTest is Lenders {
    uint256 private _landed;

    /// @dev A loan is repaid by selling all that was seized; a flash swap is paid in it, and sells a tenth of a WETH.
    function _run(Source source, Shop shop) private {
        (address borrower, uint256 seized) = _underwater();
        uint256 pay = _isSwap(source) ? _cost(source) : 0;
        uint256 sold = _isSwap(source) ? 0.1e18 : seized;
        uint256 out = _quote(shop, sold);
        Round memory round = _round(source, borrower, _sale(shop, sold, out));

        vm.expectEmit(address(liquidator));
        emit ILiquidator.Liquidated(Protocol.AaveV3, aave, borrower, usdc, weth, REPAID, seized);
        if (_isSwap(source)) {
            _expectLands(round, _listed(), usdc, seized - pay - sold, out, 0);
        } else {
            uint256 fee = _fee(source, REPAID);
            _expectLands(round, _listed(), usdc, 0, out - REPAID - fee, fee);
        }
        // A unit of debt is rounded away in either direction, as the index of the moment has it.
        assertApproxEqAbs(_debtOf(borrower, usdc), 15_000e6 + 1 - REPAID, 1, "debt left");
        _assertNoAllowance(round.source);
        _assertNoAllowance(_shopPool(shop));
    }

    function _runAll(Source source) private {
        uint256 before = vm.snapshotState();
        for (uint256 i; i < SHOPS; ++i) {
            _run(source, Shop(i));
            ++_landed;
            uint256 landed = _landed;
            vm.revertToState(before);
            _landed = landed;
        }
    }

    function test_everyFundingWithEveryVenue() public {
        for (uint256 i; i < SOURCES; ++i) {
            _runAll(Source(i));
        }
        assertEq(_landed, 13 * 8, "pairs of funding and venue");
        assertEq(uint256(type(Source).max) + 1, SOURCES, "all fundings");
        assertEq(uint256(type(Shop).max) + 1, SHOPS, "all venues");
    }
}
