// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { Dex223Ticks } from "../../../test-fork/lab/contracts/reference/Dex223Ticks.sol";
import { IDex223Types } from "../../../test-fork/lab/contracts/reference/Dex223Types.sol";
import { IMintable } from "../ILab.sol";
import { Dex223Fixture } from "./Dex223Fixture.sol";
import { IDex223Module } from "./IDex223.sol";

interface INewPool {
    function createPool(address a, address b, uint24 fee) external returns (address);
    function initialize(uint160 sqrtPriceX96) external;
    function mint(address to, int24 lower, int24 upper, uint128 amount, bytes calldata data) external;
    function token0() external view returns (address);
    function token1() external view returns (address);
    function slot0() external view returns (uint160 sqrtPriceX96, int24, uint16, uint16, uint16, uint8, bool);
    function swap(address to, bool zeroForOne, int256 amount, uint160 limit, bytes calldata data)
        external
        returns (int256, int256);
}

/// @notice The formulas of the margin module against numbers worked out by hand: X and Y of 18 decimals, X the lower
/// address, in one pool of 1 % at a price of 1 with a liquidity of 1e24 over all prices.
contract Dex223VectorsTest is Dex223Fixture {
    using SafeTransferLib for address;

    address private immutable KEEPER = makeAddr("keeper");
    uint160 private constant CRASHED = 61_086_173_678_794_727_101_272_277_932;

    address private x;
    address private y;
    address private reward;
    INewPool internal pool;
    uint256 private createdAt;

    function setUp() public virtual override {
        super.setUp();
        (x, y, reward) = (_new("X"), _new("Y"), _new("R"));
        if (x > y) (x, y) = (y, x);
        pool = INewPool(INewPool(factory).createPool(x, y, 10_000));
        pool.initialize(1 << 96);
        pool.mint(address(this), -887_200, 887_200, 1e24, "");
    }

    function _new(string memory symbol) private returns (address token) {
        token = deployCode("out-lab/Token.sol/Token.json", abi.encode(symbol, symbol, uint8(18)));
    }

    function uniswapV3MintCallback(uint256 amount0, uint256 amount1, bytes calldata) external {
        IMintable(x).mint(address(pool), amount0);
        IMintable(y).mint(address(pool), amount1);
    }

    function _mintApproved(address token, address account, uint256 amount) private {
        IMintable(token).mint(account, amount);
        vm.startPrank(account);
        token.safeApproveWithRetry(address(moduleV1), type(uint256).max);
        token.safeApproveWithRetry(address(moduleV2), type(uint256).max);
        vm.stopPrank();
    }

    /// @dev 1,000 `base` to lend at `rate`, tenfold, 5 R as the reward.
    function _order(IDex223Module module, address base, uint256 rate) private returns (uint256 orderId) {
        IDex223Types.OrderParams memory params = _orderParams(module, reward, 5e18);
        address[] memory tokens = new address[](2);
        (tokens[0], tokens[1]) = (x, y);
        params.whitelistId = module.addTokenlist(tokens, false);
        params.asset = base;
        params.interestRate = rate;
        params.collateral = tokens;
        _mintApproved(base, DEX_LENDER, 1000e18);
        vm.startPrank(DEX_LENDER);
        orderId = module.createOrder(params);
        module.orderDepositToken(orderId, 1000e18);
        vm.stopPrank();
    }

    /// @dev 10 Y lent on 5 X.
    function _loan(IDex223Module module) private returns (uint256 id) {
        uint256 orderId = _order(module, y, 2000);
        _mintApproved(x, DEX_BORROWER, 5e18);
        _mintApproved(reward, DEX_BORROWER, 5e18);
        id = module.positionIndex();
        createdAt = vm.getBlockTimestamp();
        vm.expectEmit(address(module));
        emit IDex223Types.PositionOpened(id, DEX_BORROWER, 10e18, y, x, 5e18);
        vm.expectEmit(address(module));
        emit IDex223Types.InitialLeverage(id, 3);
        vm.prank(DEX_BORROWER);
        module.takeLoan(orderId, 10e18, 0, 5e18);
    }

    function _allIntoX(IDex223Module module, uint256 id) private {
        vm.prank(DEX_BORROWER);
        module.marginSwap(id, 0, 1, 0, 10e18, x, 10_000, 0, 0);
    }

    function _crash() private {
        pool.swap(address(this), true, 300_000e18, 4_295_128_740, abi.encode(x));
    }

    function test_WorkedExampleV1() public {
        uint256 id = _loan(moduleV1);
        (uint256 debt, uint256 value) = moduleV1.getPositionStatus(id);
        assertEq(debt, 10e18);
        assertEq(value, 15e18);
        assertEq(IERC20(reward).balanceOf(address(moduleV1)), 5e18, "the reward is prepaid");

        _allIntoX(moduleV1, id);
        assertEq(moduleV1.getPositionBalances(id)[0], 0);
        assertEq(moduleV1.getPositionBalances(id)[1], 14_899_901_990_970_289_394);
        (, value) = moduleV1.getPositionStatus(id);
        assertEq(value, 14_899_000_000_000_000_000);

        _crash();
        (uint160 root,,,,,,) = pool.slot0();
        assertEq(root, CRASHED);
        (, value) = moduleV1.getPositionStatus(id);
        assertEq(value, 8_856_000_000_000_000_000);

        vm.warp(createdAt + 48);
        (debt,) = moduleV1.getPositionStatus(id);
        assertEq(debt, 10_000_037_037_037_037_037);
        vm.prank(KEEPER);
        moduleV1.liquidate(id, KEEPER);
        vm.prank(DEX_BORROWER);
        vm.expectRevert("Position frozen");
        moduleV1.positionClose(id, false);

        vm.warp(createdAt + 72);
        (debt,) = moduleV1.getPositionStatus(id);
        assertEq(debt, 10_000_055_555_555_555_555);
        vm.expectEmit(address(moduleV1));
        emit IDex223Types.MarginSwap(id, x, y, 14_899_901_990_970_289_394, 8_768_803_634_584_783_490);
        vm.expectEmit(address(moduleV1));
        emit IDex223Types.Liquidation(id, 0, KEEPER, KEEPER);
        vm.prank(KEEPER);
        moduleV1.liquidate(id, KEEPER);
        assertEq(moduleV1.orders(0).balance, 990e18 + 8_768_803_634_584_783_490);
        assertEq(IERC20(reward).balanceOf(KEEPER), 5e18);
        assertEq(moduleV1.getPositionAssets(id).length, 1);
        assertEq(moduleV1.getPositionBalances(id)[0], 0);
    }

    function test_TheFirstSecondOfInsolvency() public {
        uint256 id = _loan(moduleV1);
        _allIntoX(moduleV1, id);
        (,,,, uint256 expected) = moduleV1.subjectToLiquidationExtended(id);
        assertEq(expected, createdAt + 6_349_104, "one second early");
        vm.warp(createdAt + 6_349_104);
        assertFalse(moduleV1.subjectToLiquidation(id));
        vm.warp(createdAt + 6_349_105);
        assertTrue(moduleV1.subjectToLiquidation(id));
    }

    function test_DebtAfterHalfAMonthAndAMonth() public {
        skip(WINDOW);
        uint256 one = _loan(moduleV1);
        uint256 two = _loan(moduleV2);
        vm.warp(createdAt + 15 days);
        (uint256 debt,) = moduleV1.getPositionStatus(one);
        assertEq(debt, 11e18);
        vm.warp(createdAt + 30 days);
        (debt,) = moduleV1.getPositionStatus(one);
        assertEq(debt, 12e18);
        (debt,) = moduleV2.getPositionStatus(two);
        assertEq(debt, 12e18);
    }

    /// @dev 9,999 units at 2,001: V1 floors 20,007,999 * 30 days / 30 days / 10,000 once, V2 floors 2,000.7999 first.
    function test_TheVersionsRoundInterestDifferently() public {
        uint256[2] memory debts = [_debtAfter(moduleV1, 16 days), _debtAfter(moduleV2, 16 days)];
        // 20,007,999 * 16 / 30 / 10,000 = 1,067.09; 2,000 * 16 / 30 = 1,066.67.
        assertEq(debts[0], 9999 + 1067);
        assertEq(debts[1], 9999 + 1066);
    }

    function _debtAfter(IDex223Module module, uint256 time) private returns (uint256 debt) {
        uint256 orderId = _order(module, y, 2001);
        _mintApproved(y, DEX_BORROWER, 9999);
        _mintApproved(reward, DEX_BORROWER, 5e18);
        uint256 id = module.positionIndex();
        uint256 start = vm.getBlockTimestamp();
        vm.prank(DEX_BORROWER);
        module.takeLoan(orderId, 9999, 1, 9999);
        vm.warp(start + time);
        (debt,) = module.getPositionStatus(id);
        vm.warp(start);
    }

    function test_SpotOracleUsesFiveDigits() public {
        _crash();
        // Raw price 0.59446553: from X floors 12345 * P; from Y the amount squared over that.
        assertEq(oracleV1.getAmountOut(y, x, 12_345), 7338);
        assertEq(oracleV1.getAmountOut(y, x, 123_456_789), 7338 * 10_000);
        assertEq(oracleV1.getAmountOut(x, y, 12_345), uint256(12_345) * 12_345 / 7338);
        // One unit of Y values X at zero and divides by it: all forwarded gas burns.
        (bool ok, bytes memory answer) = address(oracleV1).staticcall{ gas: 1_000_000 }(
            abi.encodeWithSignature("getAmountOut(address,address,uint256)", x, y, 1)
        );
        assertFalse(ok);
        assertEq(answer.length, 0);
    }

    /// @dev X fell from tick 0 to -5,202; what the window has seen of the fall grows with every second.
    function test_AverageOracleSlidesToTheNewPrice() public {
        (bool ok,) = address(pool).call(abi.encodeWithSignature("increaseObservationCardinalityNext(uint16)", 8));
        assertTrue(ok);
        skip(WINDOW);
        assertEq(oracleV2.getAmountOut(y, x, 1e18), 1e18);
        _crash();
        assertEq(oracleV2.getAmountOut(y, x, 1e18), 1e18, "nothing yet");
        skip(900);
        // 1.0001^-2601, half of -5,202.
        assertEq(oracleV2.getAmountOut(y, x, 1e18), 770_984_510_420_090_582);
        skip(900);
        // 1.0001^-5202.
        assertEq(oracleV2.getAmountOut(y, x, 1e18), 594_417_115_307_706_764);
    }

    function test_LeverageIsFlooredInV1AndExactInV2() public {
        assertTrue(_accepts(moduleV1, 4e18), "floor(14 / 4) is 3");
        assertFalse(_accepts(moduleV1, 3.3e18), "floor(13.3 / 3.3) is 4");
        assertFalse(_accepts(moduleV2, 4e18), "14 > 3 * 4");
        assertTrue(_accepts(moduleV2, 5e18), "15 = 3 * 5");
    }

    function _accepts(IDex223Module module, uint256 collateral) private returns (bool ok) {
        IDex223Types.OrderParams memory params = _orderParams(module, reward, 0);
        address[] memory tokens = new address[](1);
        tokens[0] = y;
        (params.whitelistId, params.collateral) = (module.addTokenlist(tokens, false), tokens);
        (params.asset, params.leverage) = (y, 3);
        _mintApproved(y, DEX_LENDER, 10e18);
        vm.startPrank(DEX_LENDER);
        uint256 orderId = module.createOrder(params);
        module.orderDepositToken(orderId, 10e18);
        vm.stopPrank();
        _mintApproved(y, DEX_BORROWER, collateral);
        vm.prank(DEX_BORROWER);
        (ok,) = address(module).call(abi.encodeCall(IDex223Module.takeLoan, (orderId, 10e18, 0, collateral)));
    }

    function test_WhatTheBaseAssetDoesNotCoverClosesInV2Only() public {
        uint256 one = _loan(moduleV1);
        _allIntoX(moduleV1, one);
        vm.prank(DEX_BORROWER);
        vm.expectRevert(bytes(""));
        moduleV1.positionClose(one, false);

        skip(WINDOW);
        uint256 two = _loan(moduleV2);
        _allIntoX(moduleV2, two);
        vm.prank(DEX_BORROWER);
        moduleV2.positionClose(two, false);
        assertEq(moduleV2.orders(0).balance, 1000e18, "the loan is back, within the same second");
        assertEq(IERC20(reward).balanceOf(DEX_BORROWER), 5e18, "and the reward with it");
    }

    /// @dev Uniswap's own pool names the tick of a price: at the tick's price it is the tick, one unit below the one before.
    function test_TickPricesAreThoseOfUniswap() public {
        int24[10] memory ticks = [int24(-887_271), -524_287, -262_144, -5202, -1, 1, 2601, 262_143, 524_288, 887_271];
        for (uint256 i; i < ticks.length; ++i) {
            assertEq(_tickOf(Dex223Ticks.sqrtPriceX96(ticks[i])), ticks[i]);
            assertEq(_tickOf(Dex223Ticks.sqrtPriceX96(ticks[i]) - 1), ticks[i] - 1);
        }
    }

    function _tickOf(uint160 root) private returns (int24 tick) {
        INewPool fresh = INewPool(INewPool(factory).createPool(x, _new("Z"), 10_000));
        fresh.initialize(root);
        (, tick,,,,,) = fresh.slot0();
    }
}
