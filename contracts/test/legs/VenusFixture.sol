// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { Leg, PricedToken, Protocol } from "../../interfaces/ILiquidator.sol";
import { CompoundV2Extra } from "../../protocols/CompoundV2.sol";
import { Plans } from "../Plans.sol";
import { LegTest } from "./LegTest.sol";

/// @notice What the tests ask of a vToken.
interface IVToken is IERC20 {
    function mint(uint256 amount) external returns (uint256);
    function mint() external payable;
    function borrow(uint256 amount) external returns (uint256);
    function accrueInterest() external returns (uint256);
    function borrowBalanceStored(address account) external view returns (uint256);
    function exchangeRateStored() external view returns (uint256);
    function getCash() external view returns (uint256);
}

interface IVenusComptroller {
    function enterMarkets(address[] calldata markets) external returns (uint256[] memory);
    function oracle() external view returns (IVenusOracle);
}

interface IVenusOracle {
    function getUnderlyingPrice(address vToken) external view returns (uint256);
}

/// @title VenusFixture
/// @notice Accounts in one of the lab's two Venus pools, and its formulas.
abstract contract VenusFixture is LegTest {
    using SafeTransferLib for address;

    uint256 internal constant INCENTIVE = 1.1e18;

    IVenusComptroller internal comptroller;
    IVToken internal vWeth;
    IVToken internal vUsdc;
    IVToken internal vUsdt;
    IVToken internal vEth;
    address internal gate;
    uint256 private _count;

    function _useVenus(string memory section) internal {
        comptroller = IVenusComptroller(_at(string.concat(section, ".comptroller")));
        vWeth = IVToken(_at(string.concat(section, ".markets.WETH")));
        vUsdc = IVToken(_at(string.concat(section, ".markets.USDC")));
        vUsdt = IVToken(_at(string.concat(section, ".markets.USDT")));
        vEth = IVToken(_at(string.concat(section, ".markets.ETH")));
    }

    // ---- accounts ----

    function _supplyVenus(address account, IVToken market, uint256 amount) internal {
        if (market == vEth) {
            vm.deal(account, amount);
            vm.prank(account);
            market.mint{ value: amount }();
        } else {
            address token = _underlying(market);
            _give(token, account, amount);
            vm.startPrank(account);
            token.safeApproveWithRetry(address(market), amount);
            assertEq(market.mint(amount), 0, "mint");
            vm.stopPrank();
        }
        address[] memory entered = new address[](1);
        entered[0] = address(market);
        vm.prank(account);
        comptroller.enterMarkets(entered);
    }

    function _borrowVenus(address account, IVToken market, uint256 amount) internal {
        vm.prank(account);
        assertEq(market.borrow(amount), 0, "borrow");
    }

    function _openVenus(IVToken collateral, uint256 supplied, IVToken debt, uint256 borrowed)
        internal
        returns (address borrower)
    {
        borrower = makeAddr(string.concat("venus borrower ", vm.toString(++_count)));
        _supplyVenus(borrower, collateral, supplied);
        _borrowVenus(borrower, debt, borrowed);
    }

    /// @dev 10 WETH (factor 80 %) against 15,000 USDC: underwater under 1,875 USD.
    function _openVenusWeth() internal returns (address) {
        return _openVenus(vWeth, 10e18, vUsdc, 15_000e6);
    }

    /// @dev WETH falls to `usd` and 100 blocks of interest pass.
    function _sink(uint256 usd) internal {
        _setPrice(weth, usd);
        vm.roll(vm.getBlockNumber() + 100);
    }

    function _underlying(IVToken market) internal view returns (address) {
        if (market == vWeth || market == vEth) return weth;
        return market == vUsdc ? usdc : usdt;
    }

    // ---- formulas ----

    /// @dev What the account owes once interest is accrued; the chain is left as it was.
    function _accruedDebt(IVToken market, address borrower) internal returns (uint256 debt) {
        uint256 state = vm.snapshotState();
        market.accrueInterest();
        debt = market.borrowBalanceStored(borrower);
        vm.revertToState(state);
    }

    /// @dev Half of it, as the Comptroller rounds: down.
    function _closable(IVToken market, address borrower) internal returns (uint256) {
        return _accruedDebt(market, borrower) / 2;
    }

    function _accruedRate(IVToken market) internal returns (uint256 rate) {
        uint256 state = vm.snapshotState();
        market.accrueInterest();
        rate = market.exchangeRateStored();
        vm.revertToState(state);
    }

    /// @dev vTokens for `repaid`, each division rounded down.
    function _seizedTokens(uint256 repaid, IVToken debt, IVToken collateral) internal returns (uint256) {
        IVenusOracle oracle = comptroller.oracle();
        uint256 numerator = INCENTIVE * oracle.getUnderlyingPrice(address(debt)) / 1e18;
        uint256 denominator = oracle.getUnderlyingPrice(address(collateral)) * _accruedRate(collateral) / 1e18;
        return numerator * 1e18 / denominator * repaid / 1e18;
    }

    /// @dev What `tokens` redeem to.
    function _redeemed(uint256 tokens, IVToken collateral) internal returns (uint256) {
        return _accruedRate(collateral) * tokens / 1e18;
    }

    /// @dev What arrives for `repaid` where nobody takes a cut.
    function _seizedVenus(uint256 repaid, IVToken debt, IVToken collateral) internal returns (uint256) {
        return _redeemed(_seizedTokens(repaid, debt, collateral), collateral);
    }

    // ---- plans ----

    function _venusLeg(address borrower, IVToken debt, IVToken collateral, uint256 repay)
        internal
        view
        returns (Leg memory)
    {
        CompoundV2Extra memory extra = CompoundV2Extra(address(collateral), gate, debt == vEth, collateral == vEth);
        return Leg(Protocol.CompoundV2, address(debt), borrower, _underlying(collateral), repay, abi.encode(extra));
    }

    function _venusLeg(address borrower, IVToken debt, IVToken collateral) internal view returns (Leg memory) {
        return _venusLeg(borrower, debt, collateral, Plans.ALL);
    }

    function _assertCleanVenus() internal view {
        IVToken[4] memory all = [vWeth, vUsdc, vUsdt, vEth];
        for (uint256 i; i < all.length; ++i) {
            _assertCleanOf(address(all[i]));
            assertEq(all[i].balanceOf(address(liquidator)), 0, "vTokens stranded");
        }
        if (gate != address(0)) _assertCleanOf(gate);
    }

    /// @dev The lab's tokens that a plan of Venus names, in the order of the lab's directory.
    function _venusTokens() internal view returns (PricedToken[] memory) {
        return Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, usdt, USD6_PRICE);
    }
}
