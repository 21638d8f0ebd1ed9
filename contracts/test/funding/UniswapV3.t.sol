// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Vm } from "forge-std/Vm.sol";
import { Funding, ILiquidator, Plan, Round, Swap } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { Lenders } from "./Lenders.sol";

/// @notice Flash swaps over several pools, and Uniswap v3's flash from either side of a pool.
contract UniswapV3FundingTest is Lenders {
    bytes private constant LOCKED = abi.encodeWithSignature("Error(string)", "LOK");

    function _plan(Round memory round) private view returns (Plan memory) {
        return Plans.plan(_listed(), Plans.rounds(round));
    }

    // ---- flash swap over several pools ----

    /// @dev Each pool is paid by the next and the last by us: nothing of what is between ever comes here.
    function test_pathPaysEveryPool() public {
        for (uint256 i = uint256(Source.SwapOverTwo); i <= uint256(Source.SwapOverThree); ++i) {
            uint256 before = vm.snapshotState();
            (address borrower, uint256 seized) = _underwater();
            uint256 pay = _cost(Source(i));
            Round memory round = _round(Source(i), borrower, Plans.swaps());
            vm.recordLogs();
            _expectLands(round, _listed(), usdc, seized - pay, 0, 0);
            assertEq(_transfersHere(), 0, "a token between came here");
            vm.revertToState(before);
        }
    }

    function _transfersHere() private returns (uint256 count) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        assertGt(logs.length, 0, "logs");
        for (uint256 i; i < logs.length; ++i) {
            if (logs[i].emitter != wbtc && logs[i].emitter != dai) continue;
            assertEq(logs[i].topics[0], IERC20.Transfer.selector, "only transfers");
            if (logs[i].topics[2] == bytes32(uint256(uint160(address(liquidator))))) ++count;
        }
    }

    /// @dev What lies here of a token between is neither spent nor swept: the plan does not name it.
    function test_betweenAtRestStays() public {
        (address borrower, uint256 seized) = _underwater();
        _give(wbtc, address(liquidator), 3e8);
        _give(dai, address(liquidator), 7e18);
        uint256 pay = _cost(Source.SwapOverThree);
        _execute(_plan(_round(Source.SwapOverThree, borrower, Plans.swaps())));
        assertEq(_treasury(weth), seized - pay, "profit");
        assertEq(IERC20(wbtc).balanceOf(address(liquidator)), 3e8, "WBTC at rest");
        assertEq(IERC20(dai).balanceOf(address(liquidator)), 7e18, "DAI at rest");
    }

    function test_pathBrokenInAHop() public {
        (address borrower,) = _underwater();
        Round memory round = _round(Source.SwapOverTwo, borrower, Plans.swaps());
        round.extra = bytes.concat(round.extra, hex"00");
        vm.expectRevert(ILiquidator.BadEncoding.selector);
        _execute(_plan(round));
        round.extra = _hop(wbtc, makeAddr("nobody"));
        _expectNothingLanded(_plan(round), abi.encodeWithSelector(ILiquidator.NoCallback.selector, makeAddr("nobody")));
        // The pool that waits for its money cannot be asked again.
        round.extra = _hop(wbtc, round.source);
        _expectNothingLanded(_plan(round), LOCKED);
    }

    function test_flashSwapNeedsOnePair() public {
        (address borrower,) = _underwater();
        Round memory round = _round(Source.SwapOverTwo, borrower, Plans.swaps());
        round.legs = Plans.legs();
        vm.expectRevert(ILiquidator.NotOnePair.selector);
        _execute(_plan(round));
    }

    // ---- the pool that waits for its money is no venue ----

    function test_lockedPoolAsVenue() public {
        (address borrower, uint256 seized) = _underwater();
        address pool = _pool(weth, usdc, 3000);
        Swap[] memory sale = Plans.swaps(Plans.sale(pool, weth, usdc, seized, 0));
        Round memory round = _round(Source.Swap, borrower, sale);
        _expectNothingLanded(_plan(round), LOCKED);
        round = _round(Source.V3Flash, borrower, sale);
        round.source = pool;
        _expectNothingLanded(_plan(round), LOCKED);
    }

    // ---- flash ----

    function _usdtRound() private returns (Round memory round, uint256 fee, uint256 out) {
        address borrower = _open(weth, 10e18, usdt, 15_000e6);
        _setPrice(weth, 1780);
        uint256 seized = _seizedFor(REPAID, usdt, weth, 1e18, 1e6, 10_500, 1000);
        out = _quoteOut(weth, usdt, 500, seized);
        fee = (REPAID * 100 + 1e6 - 1) / 1e6;
        round = Round({
            funding: Funding.UniswapV3Flash,
            source: _pool(usdc, usdt, 100),
            debtToken: usdt,
            amount: REPAID,
            maxPay: fee,
            extra: hex"01",
            legs: Plans.legs(Plans.leg(aave, borrower, weth, REPAID)),
            swaps: Plans.swaps(Plans.sale(_pool(weth, usdt, 500), weth, usdt, seized, out))
        });
    }

    function test_flashOfToken1() public {
        assertLt(uint160(usdc), uint160(usdt), "USDT is token1");
        (Round memory round, uint256 fee, uint256 out) = _usdtRound();
        _expectLands(round, Plans.tokens(weth, WETH_PRICE, usdt, USD6_PRICE), usdt, 0, out - REPAID - fee, fee);
    }

    function test_flashOfToken1AboveMaxPay() public {
        (Round memory round, uint256 fee,) = _usdtRound();
        round.maxPay = fee - 1;
        _expectNothingLanded(
            Plans.plan(Plans.tokens(weth, WETH_PRICE, usdt, USD6_PRICE), Plans.rounds(round)),
            abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, fee, fee - 1)
        );
    }
}
