// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Doors } from "./Doors.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Test } from "forge-std/Test.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Leg, Plan, PricedToken } from "../interfaces/ILiquidator.sol";
import { IWeth } from "../interfaces/external/IWeth.sol";
import { IFactory, IFeed, IMintable, IPool, IPoolState, IQuoter } from "./ILab.sol";
import { Plans } from "./Plans.sol";

/// @title Lab
/// @notice The chain that `pnpm lab` builds, Aave v3.6 and Uniswap v3 as published, with a fresh Liquidator on it.
abstract contract Lab is Test {
    using SafeTransferLib for address;
    using SafeCastLib for *;

    address internal immutable OWNER = makeAddr("owner");
    address internal immutable TREASURY = makeAddr("treasury");
    address internal immutable OPERATOR = makeAddr("operator");

    /// @dev Wei times 1e18 for a smallest unit, with ether at 2,000 USD.
    uint256 internal constant WETH_PRICE = 1e18;
    uint256 internal constant USD6_PRICE = 5e26;

    Doors internal liquidator;
    address internal aave;
    address internal quoter;
    address internal factory;
    address internal weth;
    address internal wbtc;
    address internal usdc;
    address internal usdt;
    mapping(address token => IFeed) internal feeds;

    uint256 private _borrowers;

    function setUp() public virtual {
        string memory root = string.concat(vm.projectRoot(), "/.lab/");
        require(vm.exists(string.concat(root, "lab.json")), "run `pnpm lab` first");
        string memory json = vm.readFile(string.concat(root, "lab.json"));
        vm.loadAllocs(string.concat(root, "allocs.json"));
        vm.roll(vm.parseJsonUint(json, ".blockNumber"));
        vm.warp(vm.parseJsonUint(json, ".timestamp"));

        aave = vm.parseJsonAddress(json, ".aave.pool");
        quoter = vm.parseJsonAddress(json, ".uniswapV3.quoter");
        factory = vm.parseJsonAddress(json, ".uniswapV3.factory");
        weth = _token(json, "WETH");
        wbtc = _token(json, "WBTC");
        usdc = _token(json, "USDC");
        usdt = _token(json, "USDT");

        address[] memory operators = new address[](1);
        operators[0] = OPERATOR;
        liquidator = Doors(vm.deployCode("Liquidator.sol:Liquidator", abi.encode(OWNER, TREASURY, operators)));
    }

    function _token(string memory json, string memory symbol) private returns (address token) {
        token = vm.parseJsonAddress(json, string.concat(".tokens.", symbol, ".address"));
        feeds[token] = IFeed(vm.parseJsonAddress(json, string.concat(".feeds.", symbol)));
        vm.label(token, symbol);
    }

    // ---- the market ----

    function _give(address token, address to, uint256 amount) internal {
        if (token == weth) {
            vm.deal(address(this), address(this).balance + amount);
            IWeth(weth).deposit{ value: amount }();
            weth.safeTransfer(to, amount);
        } else {
            IMintable(token).mint(to, amount);
        }
    }

    /// @dev `usd`: whole dollars.
    function _setPrice(address token, uint256 usd) internal {
        feeds[token].set((usd * 1e8).toInt256());
    }

    function _supply(address borrower, address token, uint256 amount) internal {
        _give(token, address(this), amount);
        token.safeApprove(aave, amount);
        IPool(aave).supply(token, amount, borrower, 0);
    }

    /// @dev Opens an account with one collateral and one debt.
    function _open(address collateral, uint256 supplied, address debt, uint256 borrowed)
        internal
        returns (address borrower)
    {
        borrower = makeAddr(string.concat("borrower ", vm.toString(++_borrowers)));
        _supply(borrower, collateral, supplied);
        vm.prank(borrower);
        IPool(aave).borrow(debt, borrowed, 2, 0, borrower);
    }

    /// @dev 10 WETH (threshold 83 %) against 15,000 USDC: health 0.985 at 1,780 USD, 0.94 at 1,700.
    function _openWethUsdc() internal returns (address) {
        return _open(weth, 10e18, usdc, 15_000e6);
    }

    function _debtOf(address borrower, address token) internal view returns (uint256) {
        return IERC20(IPool(aave).getReserveVariableDebtToken(token)).balanceOf(borrower);
    }

    /// @dev What Aave sends for `repaid`, from its published formula: the bonus rounded half up, the protocol's fee taken
    /// from the bonus. `unitRatio`: collateral unit over debt unit; bps all.
    function _seizedFor(
        uint256 repaid,
        address debt,
        address collateral,
        uint256 collateralUnit,
        uint256 debtUnit,
        uint256 bonus,
        uint256 fee
    ) internal view returns (uint256 seized) {
        uint256 debtPrice = feeds[debt].latestAnswer().toUint256();
        uint256 collateralPrice = feeds[collateral].latestAnswer().toUint256();
        uint256 base = debtPrice * repaid * collateralUnit / (collateralPrice * debtUnit);
        seized = (base * bonus + 5000) / 10_000;
        uint256 bonusPart = seized - (seized * 10_000 + bonus / 2) / bonus;
        seized -= (bonusPart * fee + 5000) / 10_000;
    }

    function _wethSeizedFor(uint256 usdcRepaid) internal view returns (uint256) {
        return _seizedFor(usdcRepaid, usdc, weth, 1e18, 1e6, 10_500, 1000);
    }

    // ---- the pools ----

    function _pool(address a, address b, uint24 fee) internal view returns (address) {
        return IFactory(factory).getPool(a, b, fee);
    }

    function _quoteIn(address tokenIn, address tokenOut, uint24 fee, uint256 out) internal returns (uint256 amountIn) {
        (amountIn,,,) = IQuoter(quoter).quoteExactOutputSingle(IQuoter.ExactOutput(tokenIn, tokenOut, out, fee, 0));
    }

    function _quoteOut(address tokenIn, address tokenOut, uint24 fee, uint256 amountIn) internal returns (uint256 out) {
        (out,,,) = IQuoter(quoter).quoteExactInputSingle(IQuoter.ExactInput(tokenIn, tokenOut, amountIn, fee, 0));
    }

    /// @dev Moves a pool as an attacker would: `tokenIn` loses `bps` of its price there.
    function _dump(address pool, address tokenIn, address tokenOut, uint256 bps) internal {
        (uint160 sqrtPrice,,,,,,) = IPoolState(pool).slot0();
        bool zeroForOne = tokenIn < tokenOut;
        uint256 root = FixedPointMathLib.sqrt((10_000 - bps) * 1e14);
        uint256 target = zeroForOne ? sqrtPrice * root / 1e9 : sqrtPrice * 1e9 / root;
        IPoolState(pool).swap(address(this), zeroForOne, 1e36, target.toUint160(), abi.encode(tokenIn));
    }

    function uniswapV3SwapCallback(int256 amount0, int256 amount1, bytes calldata data) external {
        _give(abi.decode(data, (address)), msg.sender, (amount0 > 0 ? amount0 : amount1).toUint256());
    }

    // ---- plans ----

    function _leg(address borrower, address collateral) internal view returns (Leg memory) {
        return Plans.leg(aave, borrower, collateral);
    }

    function _wethUsdc() internal view returns (PricedToken[] memory) {
        return Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE);
    }

    function _execute(Plan memory plan) internal returns (uint256 value) {
        vm.prank(OPERATOR);
        return Plans.execute(liquidator, Plans.packed(plan));
    }

    // ---- what is expected ----

    function _expectNothingLanded(Plan memory plan, bytes memory reason) internal {
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.NothingLanded.selector, reason));
        _execute(plan);
    }

    function _assertClean() internal view {
        address[4] memory all = [weth, wbtc, usdc, usdt];
        for (uint256 i; i < all.length; ++i) {
            assertEq(IERC20(all[i]).balanceOf(address(liquidator)), 0, "token left");
            assertEq(IERC20(all[i]).allowance(address(liquidator), aave), 0, "allowance left");
        }
    }

    function _treasury(address token) internal view returns (uint256) {
        return IERC20(token).balanceOf(TREASURY);
    }
}
