// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, PricedToken, Profit, Round, Swap, Venue } from "../../interfaces/ILiquidator.sol";
import { PoolKey, SwapParams } from "../../interfaces/external/IUniswapV4.sol";
import { IWeth } from "../../interfaces/external/IWeth.sol";
import { IPathQuoter, IV2Pair, IV2Router, IV4Router } from "../funding/ILenders.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";

/// @title Markets
/// @notice Every way of the lab to sell WETH for USDC, each with the price that the venue's own periphery quotes for it.
abstract contract Markets is Lab {
    using SafeTransferLib for address;
    using SafeCastLib for *;

    enum Shop {
        V3,
        V3OverTwo,
        V3OverThree,
        V2,
        Pancake,
        V4,
        V4Native,
        V4NativeUnwrapped
    }

    uint256 internal constant SHOPS = 8;
    /// @dev Amounts of the liquidation that is sold: an odd one, so that roundings show.
    uint256 internal constant REPAID = 5_000_000_001;
    uint160 private constant MIN_SQRT_RATIO = 4_295_128_739;
    uint160 private constant MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342;

    address internal dai;
    address internal manager;
    address internal shares;
    string private _lab;

    function setUp() public virtual override {
        super.setUp();
        _lab = vm.readFile(string.concat(vm.projectRoot(), "/.lab/lab.json"));
        dai = _at(".tokens.DAI.address");
        manager = _at(".uniswapV4.poolManager");
        shares = _at(".erc4626.WETH");
    }

    receive() external payable { }

    function _at(string memory path) internal view returns (address) {
        return vm.parseJsonAddress(_lab, path);
    }

    // ---- a liquidation worth 5,000 USDC ----

    function _underwater() internal returns (address borrower, uint256 seized) {
        borrower = _openWethUsdc();
        _setPrice(weth, 1780);
        seized = _wethSeizedFor(REPAID);
    }

    // ---- the sale ----

    function _hop(address between, address pool) internal pure returns (bytes memory) {
        return abi.encodePacked(between, pool);
    }

    function _sale(Shop shop, uint256 amountIn, uint256 minOut) internal view returns (Swap[] memory list) {
        bool unwrapped = shop == Shop.V4NativeUnwrapped;
        list = new Swap[](unwrapped ? 2 : 1);
        if (unwrapped) list[0] = Swap(Venue.Weth, weth, weth, address(0), amountIn, 0, "");
        list[list.length - 1] = Swap({
            venue: shop <= Shop.V3OverThree
                ? Venue.UniswapV3
                : shop <= Shop.Pancake ? Venue.UniswapV2 : Venue.UniswapV4,
            pool: _shopPool(shop),
            tokenIn: unwrapped ? address(0) : weth,
            tokenOut: usdc,
            amountIn: amountIn,
            minOut: minOut,
            extra: _extra(shop)
        });
    }

    function _shopPool(Shop shop) internal view returns (address) {
        if (shop == Shop.V3) return _pool(weth, usdc, 500);
        if (shop <= Shop.V3OverThree) return _pool(weth, usdt, 500);
        if (shop == Shop.V2) return _at(".uniswapV2.pairs.WETH_USDC");
        if (shop == Shop.Pancake) return _at(".pancakeV2.pairs.WETH_USDC");
        return manager;
    }

    function _extra(Shop shop) private view returns (bytes memory) {
        if (shop == Shop.V3OverTwo) return _hop(usdt, _pool(usdt, usdc, 100));
        if (shop == Shop.V3OverThree) {
            return bytes.concat(_hop(usdt, _pool(usdt, dai, 100)), _hop(dai, _pool(dai, usdc, 100)));
        }
        if (shop == Shop.Pancake) return abi.encodePacked(uint16(20));
        if (shop >= Shop.V4) return abi.encode(_key(shop != Shop.V4), "");
        return "";
    }

    function _key(bool native) internal view returns (PoolKey memory) {
        return native
            ? PoolKey(address(0), usdc, 3000, 60, address(0))
            : PoolKey(usdc < weth ? usdc : weth, usdc < weth ? weth : usdc, 500, 10, address(0));
    }

    // ---- what others say of it ----

    function _path(Shop shop) private view returns (bytes memory) {
        if (shop == Shop.V3) return abi.encodePacked(weth, uint24(500), usdc);
        if (shop == Shop.V3OverTwo) return abi.encodePacked(weth, uint24(500), usdt, uint24(100), usdc);
        return abi.encodePacked(weth, uint24(500), usdt, uint24(100), dai, uint24(100), usdc);
    }

    /// @dev What the shop's own periphery says it pays. Where there is none that only asks, it is sold there and undone.
    function _quote(Shop shop, uint256 amountIn) internal returns (uint256 out) {
        if (shop <= Shop.V3OverThree) {
            (out,,,) = IPathQuoter(quoter).quoteExactInput(_path(shop), amountIn);
        } else if (shop == Shop.V2) {
            out = IV2Router(_at(".uniswapV2.router")).getAmountsOut(amountIn, _wethUsdcPath())[1];
        } else {
            uint256 before = vm.snapshotState();
            out = _trade(shop, amountIn);
            vm.revertToState(before);
        }
    }

    /// @dev Somebody else sells there first.
    function _sandwich(Shop shop) internal {
        if (shop <= Shop.V3OverThree) _dump(_shopPool(shop), weth, shop == Shop.V3 ? usdc : usdt, 200);
        else _trade(shop, 300e18);
    }

    function _trade(Shop shop, uint256 amountIn) private returns (uint256 out) {
        uint256 before = usdc.balanceOf(address(this));
        _give(weth, address(this), amountIn);
        if (shop == Shop.V2) {
            address router = _at(".uniswapV2.router");
            weth.safeApprove(router, amountIn);
            IV2Router(router).swapExactTokensForTokens(amountIn, 0, _wethUsdcPath(), address(this), block.timestamp);
        } else if (shop == Shop.Pancake) {
            _sellOnPancake(_shopPool(shop), amountIn);
        } else {
            _sellOnV4(shop != Shop.V4, amountIn);
        }
        return usdc.balanceOf(address(this)) - before;
    }

    /// @dev The most the pair lets go of: at one unit more it refuses.
    function _sellOnPancake(address pair, uint256 amountIn) private {
        (uint256 reserveOut, uint256 reserveIn,) = IV2Pair(pair).getReserves();
        assertEq(IV2Pair(pair).token0(), usdc, "order of the pair");
        uint256 out = amountIn * 998 * reserveOut / (reserveIn * 1000 + amountIn * 998);
        weth.safeTransfer(pair, amountIn);
        vm.expectRevert("Pancake: K");
        IV2Pair(pair).swap(out + 1, 0, address(this), "");
        IV2Pair(pair).swap(out, 0, address(this), "");
    }

    function _sellOnV4(bool native, uint256 amountIn) private {
        if (native) IWeth(weth).withdraw(amountIn);
        else weth.safeApprove(_at(".uniswapV4.swapRouter"), amountIn);
        PoolKey memory key = _key(native);
        _swapOnV4(key, key.currency1 == usdc, amountIn, native ? amountIn : 0);
    }

    /// @dev What USDC buys in a v4 pool, native coins or WETH; undone.
    function _buy(Shop shop, uint256 amountIn) internal returns (uint256 bought) {
        uint256 before = vm.snapshotState();
        _give(usdc, address(this), amountIn);
        usdc.safeApprove(_at(".uniswapV4.swapRouter"), amountIn);
        PoolKey memory key = _key(shop != Shop.V4);
        uint256 held = address(this).balance + weth.balanceOf(address(this));
        _swapOnV4(key, key.currency0 == usdc, amountIn, 0);
        bought = address(this).balance + weth.balanceOf(address(this)) - held;
        vm.revertToState(before);
    }

    function _swapOnV4(PoolKey memory key, bool zeroForOne, uint256 amountIn, uint256 value) private {
        SwapParams memory params =
            SwapParams(zeroForOne, -amountIn.toInt256(), zeroForOne ? MIN_SQRT_RATIO + 1 : MAX_SQRT_RATIO - 1);
        IV4Router(_at(".uniswapV4.swapRouter")).swap{ value: value }(key, params, IV4Router.Settings(false, false), "");
    }

    function _wethUsdcPath() private view returns (address[] memory path) {
        path = new address[](2);
        (path[0], path[1]) = (weth, usdc);
    }

    // ---- what is expected ----

    function _listed() internal view returns (PricedToken[] memory) {
        return Plans.tokens(address(0), WETH_PRICE, weth, WETH_PRICE, usdc, USD6_PRICE);
    }

    function _worth(uint256 usd6) internal pure returns (uint256) {
        return usd6 * USD6_PRICE / 1e18;
    }

    /// @dev Executes, and holds the treasury, the event and the value to `wethProfit` and `usdProfit` of `usd`.
    function _expectLands(
        Round memory round,
        PricedToken[] memory tokens,
        address usd,
        uint256 wethProfit,
        uint256 usdProfit,
        uint256 fee
    ) internal {
        Profit[] memory profits = new Profit[]((wethProfit == 0 ? 0 : 1) + (usdProfit == 0 ? 0 : 1));
        if (wethProfit != 0) profits[0] = Profit(weth, wethProfit);
        if (usdProfit != 0) profits[profits.length - 1] = Profit(usd, usdProfit);
        uint256 value = wethProfit + _worth(usdProfit);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, value, Plans.tally(_worth(fee), 0, 1, 0), profits);
        assertEq(_execute(Plans.plan(tokens, Plans.rounds(round))), value, "value");
        assertEq(_treasury(weth), wethProfit, "WETH profit");
        assertEq(_treasury(usd), usdProfit, "USD profit");
        assertEq(address(liquidator).balance, 0, "native coins left");
        assertEq(dai.balanceOf(address(liquidator)), 0, "DAI left");
        _assertClean();
    }

    function _assertNoAllowance(address spender) internal view {
        address[4] memory all = [weth, usdc, usdt, shares];
        for (uint256 i; i < all.length; ++i) {
            assertEq(IERC20(all[i]).allowance(address(liquidator), spender), 0, "allowance left");
        }
    }
}
