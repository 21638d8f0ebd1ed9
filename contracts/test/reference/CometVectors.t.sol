// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CometAsset, CometConfig, ICometTypes } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { IFeed, IMintable } from "../ILab.sol";
import { CometDeployer } from "./CometDeployer.sol";
import { IComet } from "./IComet.sol";

interface IApproval {
    function approve(address spender, uint256 amount) external returns (bool);
}

/// @notice Comet's formulas against numbers worked out by hand.
contract CometVectorsTest is CometDeployer {
    address private immutable ALICE = makeAddr("alice");
    address private immutable BOB = makeAddr("bob");
    address private immutable LENDER = makeAddr("lender");

    /// @dev The borrow index of the worked example, 1e15.
    uint64 private constant BORROW_INDEX = 1_071_234_567_890_123;
    uint256 private constant DEBT = 5_356_172_839;
    uint256 private constant START = 1_900_000_000;

    IComet private comet;
    address private usdc;
    address private weth;
    IFeed private usdcFeed;
    IFeed private wethFeed;

    function setUp() public {
        vm.warp(START);
        (usdc, weth) = (_newToken("USDC", 6), _newToken("WETH", 18));
        (usdcFeed, wethFeed) = (_newFeed("USDC / USD", 100_010_000), _newFeed("WETH / USD", 300_000_000_000));
        comet = _deployComet(_config());
        // Rates of zero keep the index; the published contract has it in slot 0 too.
        vm.store(address(comet), 0, bytes32(uint256(1e15) | uint256(BORROW_INDEX) << 64));
        _supply(LENDER, usdc, 100_000e6);
    }

    function _config() private returns (CometConfig memory config) {
        config = _cometConfig(usdc, address(usdcFeed));
        delete config.supplyCurve;
        delete config.borrowCurve;
        config.assets = new CometAsset[](1);
        config.assets[0] = _cometAsset(weth, address(wethFeed), 18, 0.825e18, 0.895e18, 0.95e18, 1000e18);
    }

    function _supply(address account, address token, uint256 amount) private {
        IMintable(token).mint(account, amount);
        vm.startPrank(account);
        IApproval(token).approve(address(comet), amount);
        comet.supply(token, amount);
        vm.stopPrank();
    }

    /// @dev Alice with 2 WETH at 3,000 USD and a principal of -5,000,000,000, borrowed while a WETH was 3,500.
    function _borrow() private {
        _supply(ALICE, weth, 2e18);
        wethFeed.set(350_000_000_000);
        vm.prank(ALICE);
        comet.withdraw(usdc, DEBT);
        wethFeed.set(300_000_000_000);
    }

    function _absorb() private {
        address[] memory accounts = new address[](1);
        accounts[0] = ALICE;
        comet.absorb(BOB, accounts);
    }

    function test_BorrowRoundsThePrincipalUpAndTheDebtDown() public {
        _borrow();
        (int104 principal,,, uint16 assetsIn,) = comet.userBasic(ALICE);
        assertEq(principal, -5_000_000_000);
        assertEq(assetsIn, 1);
        assertEq(comet.borrowBalanceOf(ALICE), DEBT);
        assertEq(comet.balanceOf(ALICE), 0);
    }

    function test_LiquidatableWhenTheWeightedCollateralIsUnderTheDebt() public {
        _borrow();
        assertFalse(comet.isLiquidatable(ALICE), "3000 USD: 1,329,154,372 above");
        wethFeed.set(298_000_000_000);
        assertTrue(comet.isLiquidatable(ALICE), "2980 USD: 2,250,845,628 under");
    }

    function test_LiquidatableIsStrict() public {
        _borrow();
        // The debt is worth floor(5,356,172,839 * 1.00010002) = 535,670,856,340, and so is 1.79 times this price, floored.
        usdcFeed.set(100_010_002);
        wethFeed.set(299_257_461_643);
        assertFalse(comet.isLiquidatable(ALICE), "equal");
        wethFeed.set(299_257_461_642);
        assertTrue(comet.isLiquidatable(ALICE));
    }

    function test_AbsorbCreditsTheSurplus() public {
        _borrow();
        wethFeed.set(298_000_000_000);
        vm.expectEmit(address(comet));
        emit ICometTypes.AbsorbCollateral(BOB, ALICE, weth, 2e18, 596_000_000_000);
        vm.expectEmit(address(comet));
        emit ICometTypes.AbsorbDebt(BOB, ALICE, 5_661_433_856, 566_199_999_938);
        vm.expectEmit(address(comet));
        emit ICometTypes.Transfer(address(0), ALICE, 305_261_017);
        _absorb();

        assertEq(comet.balanceOf(ALICE), 305_261_017);
        (int104 principal,,, uint16 assetsIn, uint8 reserved) = comet.userBasic(ALICE);
        assertEq(principal, 305_261_017);
        assertEq(assetsIn, 0);
        assertEq(reserved, 0);
        assertEq(comet.getCollateralReserves(weth), 2e18);
        (uint32 numAbsorbs, uint64 numAbsorbed,,) = comet.liquidatorPoints(BOB);
        assertEq(numAbsorbs, 1);
        assertEq(numAbsorbed, 1);
    }

    function test_AbsorbForgivesWhatTheCollateralDoesNotPay() public {
        _borrow();
        wethFeed.set(200_000_000_000);
        assertEq(comet.getReserves(), 0);
        vm.expectEmit(address(comet));
        emit ICometTypes.AbsorbDebt(BOB, ALICE, DEBT, 535_670_845_628);
        _absorb();
        assertEq(comet.borrowBalanceOf(ALICE), 0);
        assertEq(comet.balanceOf(ALICE), 0);
        assertEq(comet.getReserves(), -5_356_172_839);
    }

    function test_QuoteTakesHalfThePenaltyAsDiscount() public {
        wethFeed.set(298_000_000_000);
        assertEq(comet.quoteCollateral(weth, 5_000_000_000), 1_721_046_291_516_090_173);
        assertEq(comet.quoteCollateral(weth, 5_810_418_958), 1_999_999_999_964_136_981);
        assertEq(comet.quoteCollateral(weth, 5_810_418_959), 2_000_000_000_308_346_239);
    }

    function test_BuyUpToTheStockAndNotOneUnitMore() public {
        _borrow();
        wethFeed.set(298_000_000_000);
        _absorb();
        IMintable(usdc).mint(BOB, 10_000e6);
        vm.startPrank(BOB);
        IApproval(usdc).approve(address(comet), type(uint256).max);
        vm.expectRevert(ICometTypes.InsufficientReserves.selector);
        comet.buyCollateral(weth, 0, 5_810_418_959, BOB);
        vm.expectRevert(ICometTypes.TooMuchSlippage.selector);
        comet.buyCollateral(weth, 1_999_999_999_964_136_982, 5_810_418_958, BOB);
        vm.expectEmit(address(comet));
        emit ICometTypes.BuyCollateral(BOB, weth, 5_810_418_958, 1_999_999_999_964_136_981);
        comet.buyCollateral(weth, 1_999_999_999_964_136_981, 5_810_418_958, BOB);
        vm.stopPrank();
        assertEq(comet.getCollateralReserves(weth), 35_863_019);
    }

    function test_NothingIsForSaleFromTheTargetOn() public {
        // The index written over the fresh market leaves reserves at zero; donated base tokens are reserves.
        IMintable(usdc).mint(address(comet), 5_000_000e6 - 1);
        assertEq(comet.getReserves(), 5_000_000e6 - 1);
        vm.expectRevert(ICometTypes.InsufficientReserves.selector);
        this.buyOne();
        IMintable(usdc).mint(address(comet), 1);
        vm.expectRevert(ICometTypes.NotForSale.selector);
        this.buyOne();
    }

    function buyOne() external {
        IMintable(usdc).mint(address(this), 1e6);
        IApproval(usdc).approve(address(comet), 1e6);
        comet.buyCollateral(weth, 0, 1e6, address(this));
    }

    function test_AbsorbRevertsWholeOnOneHealthyAccount() public {
        _borrow();
        wethFeed.set(298_000_000_000);
        address[] memory accounts = new address[](2);
        (accounts[0], accounts[1]) = (ALICE, LENDER);
        vm.expectRevert(ICometTypes.NotLiquidatable.selector);
        comet.absorb(BOB, accounts);
        assertTrue(comet.isLiquidatable(ALICE));
    }

    function test_PauseFlagsStopAbsorbAndBuy() public {
        _borrow();
        wethFeed.set(298_000_000_000);
        vm.expectEmit(address(comet));
        emit ICometTypes.PauseAction(false, false, false, true, true);
        vm.prank(makeAddr("guardian"));
        comet.pause(false, false, false, true, true);
        assertEq(comet.totalsBasic().pauseFlags, 24);
        vm.expectRevert(ICometTypes.Paused.selector);
        _absorb();
        vm.expectRevert(ICometTypes.Paused.selector);
        this.buyOne();
    }

    function test_ABadPriceStopsAbsorbAndQuote() public {
        _borrow();
        wethFeed.set(0);
        vm.expectRevert(ICometTypes.BadPrice.selector);
        _absorb();
        vm.expectRevert(ICometTypes.BadPrice.selector);
        comet.quoteCollateral(weth, 1e6);
    }

    function test_ATransferBetweenBorrowersEmitsNothing() public {
        _borrow();
        _supply(BOB, weth, 2e18);
        vm.startPrank(BOB);
        comet.withdraw(usdc, 1000e6);
        vm.stopPrank();
        wethFeed.set(400_000_000_000);
        vm.recordLogs();
        vm.prank(ALICE);
        assertTrue(comet.transfer(BOB, 500e6));
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(comet.borrowBalanceOf(BOB), 500e6);
        assertEq(comet.borrowBalanceOf(ALICE), DEBT + 500e6);
    }
}

/// @notice Interest: linear from accrual to accrual, unseen by the view of health until someone accrues.
contract CometAccrualTest is CometDeployer {
    address private immutable LENDER = makeAddr("lender");
    address private immutable ALICE = makeAddr("alice");

    IComet private comet;
    address private usdc;
    address private weth;
    IFeed private wethFeed;

    function setUp() public {
        vm.warp(1_900_000_000);
        (usdc, weth) = (_newToken("USDC", 6), _newToken("WETH", 18));
        wethFeed = _newFeed("WETH / USD", 300_000_000_000);
        CometConfig memory config = _cometConfig(usdc, address(_newFeed("USDC / USD", 1e8)));
        config.assets = new CometAsset[](1);
        config.assets[0] = _cometAsset(weth, address(wethFeed), 18, 0.825e18, 0.895e18, 0.95e18, 1000e18);
        comet = _deployComet(config);
        _supply(LENDER, usdc, 100_000e6);
        _supply(ALICE, weth, 40e18);
        vm.prank(ALICE);
        comet.withdraw(usdc, 90_000e6);
    }

    function _supply(address account, address token, uint256 amount) private {
        IMintable(token).mint(account, amount);
        vm.startPrank(account);
        IApproval(token).approve(address(comet), amount);
        comet.supply(token, amount);
        vm.stopPrank();
    }

    /// @dev Utilisation 0.9, 5 points over the kink: 475646879 + floor(1680618975 * 0.85) + floor(57077625570 * 0.05) to borrow.
    function test_RatesBeyondTheKink() public view {
        assertEq(comet.getUtilization(), 0.9e18);
        assertEq(comet.borrowPerSecondInterestRateBase(), 475_646_879);
        assertEq(comet.borrowPerSecondInterestRateSlopeLow(), 1_680_618_975);
        assertEq(comet.borrowPerSecondInterestRateSlopeHigh(), 57_077_625_570);
        assertEq(comet.getBorrowRate(0.9e18), 4_758_054_285);
        assertEq(comet.getBorrowRate(0.85e18), 1_904_173_007);
        assertEq(comet.getSupplyRate(0.9e18), 3_830_542_870);
    }

    function test_IndicesGrowLinearlyAndPathDependently() public {
        uint256 state = vm.snapshotState();
        vm.warp(vm.getBlockTimestamp() + 1 days);
        comet.accrueAccount(ALICE);
        assertEq(comet.totalsBasic().baseBorrowIndex, 1_000_411_095_890_224);
        assertEq(comet.totalsBasic().baseSupplyIndex, 1_000_330_958_903_968);
        assertEq(comet.borrowBalanceOf(ALICE), 90_036_998_630);

        vm.revertToState(state);
        vm.warp(vm.getBlockTimestamp() + 12 hours);
        comet.accrueAccount(ALICE);
        vm.warp(vm.getBlockTimestamp() + 12 hours);
        comet.accrueAccount(ALICE);
        assertGt(comet.totalsBasic().baseBorrowIndex, 1_000_411_095_890_224, "twice is more than once");
    }

    function test_AbsorbAccruesWhatTheViewDoesNotSee() public {
        // Debt 90,000: 40 WETH at 2,514 USD weigh 90,001.2.
        wethFeed.set(251_400_000_000);
        vm.warp(vm.getBlockTimestamp() + 1 days);
        assertFalse(comet.isLiquidatable(ALICE), "stored indices");
        address[] memory accounts = new address[](1);
        accounts[0] = ALICE;
        comet.absorb(address(this), accounts);
        assertEq(comet.getCollateralReserves(weth), 40e18);
    }
}
