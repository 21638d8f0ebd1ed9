// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Leg, Plan, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { Packing } from "../Packing.sol";
import { Plans } from "../Plans.sol";
import { IVToken, VenusFixture } from "./VenusFixture.sol";

/// @notice The door behind which a leg runs.
interface ILegFrame {
    function runLeg(bytes calldata packed, address debtToken, address collateral, uint256 available) external;
}

/// @notice Legs on Venus 0.4.1, the closest published kin of Compound v2, between ERC-20 markets.
contract VenusErc20Test is VenusFixture {
    uint24 private constant FEE = 500;
    /// @dev More than half of any debt here.
    uint256 private constant LOAN = 8000e6;

    function setUp() public override {
        super.setUp();
        _useVenus(".venus");
    }

    function _plan(Leg[] memory legs, uint256 amount) private view returns (Plan memory) {
        return Plans.plan(_venusTokens(), Plans.rounds(_free(usdc, amount, legs, _sellAll(weth, usdc))));
    }

    /// @dev Half of the accrued debt, exactly, whatever the loan.
    function test_maxIsTheCloseFactorOfTheAccruedDebt() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 debt = _accruedDebt(vUsdc, borrower);
        assertGt(debt, vUsdc.borrowBalanceStored(borrower), "100 blocks of interest");
        uint256 repaid = debt / 2;
        uint256 seized = _seizedVenus(repaid, vUsdc, vWeth);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, repaid, seized);
        _expectExecuted(usdc, out - repaid, USD6_PRICE, 0, 1, 0);
        _execute(_plan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth)), LOAN));
        assertEq(vUsdc.borrowBalanceStored(borrower), debt - repaid);
        assertEq(_treasury(usdc), out - repaid);
        assertEq(_treasury(weth), 0);
        _assertCleanVenus();
    }

    function test_anExactRepay() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 repaid = 1_234_567_891;
        uint256 seized = _seizedVenus(repaid, vUsdc, vWeth);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, repaid, seized);
        _execute(_plan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth, repaid)), LOAN));
        assertEq(_treasury(usdc), out - repaid);
        _assertCleanVenus();
    }

    /// @dev "Max" beyond the round's money is the round's money.
    function test_maxIsBoundedByTheRoundsAmount() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 seized = _seizedVenus(1000e6, vUsdc, vWeth);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, 1000e6, seized);
        _execute(_plan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth)), 1000e6));
        _assertCleanVenus();
    }

    /// @dev Debt and collateral in one market: the seized tokens come at the rate after the repayment.
    function test_sameAsset() public {
        address borrower = _openVenus(vUsdc, 10_000e6, vUsdt, 100e6);
        _supplyVenus(borrower, vWeth, 5e18);
        _borrowVenus(borrower, vUsdc, 15_500e6);
        _sink(1500);
        uint256 repaid = _closable(vUsdc, borrower);
        uint256 seized = _seizedVenus(repaid, vUsdc, vUsdc);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, usdc, repaid, seized);
        _expectExecuted(usdc, seized - repaid, USD6_PRICE, 0, 1, 0);
        Round memory round = _free(usdc, LOAN, Plans.legs(_venusLeg(borrower, vUsdc, vUsdc)), Plans.swaps());
        _execute(Plans.plan(_venusTokens(), Plans.rounds(round)));
        assertApproxEqAbs(seized - repaid, repaid / 10, 1e5, "the bonus");
        _assertCleanVenus();
    }

    /// @dev A token that answers nothing and wants its allowances from zero.
    function test_aTetherDebt() public {
        address borrower = _openVenus(vWeth, 10e18, vUsdt, 15_000e6);
        _sink(1800);
        uint256 repaid = _closable(vUsdt, borrower);
        uint256 seized = _seizedVenus(repaid, vUsdt, vWeth);
        uint256 pay = _quoteIn(weth, usdt, FEE, repaid);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdt), borrower, usdt, weth, repaid, seized);
        _expectExecuted(weth, seized - pay, WETH_PRICE, 0, 1, 0);
        Leg[] memory legs = Plans.legs(_venusLeg(borrower, vUsdt, vWeth));
        Round memory round = Plans.flashSwap(_pool(weth, usdt, FEE), usdt, repaid, pay, legs);
        _execute(Plans.plan(_venusTokens(), Plans.rounds(round)));
        _assertCleanVenus();
    }

    // ---- a flash swap ----

    function test_aFlashSwapLandsWhole() public {
        (address one, address two) = (_openVenusWeth(), _openVenusWeth());
        _sink(1800);
        uint256 repaid = _closable(vUsdc, one);
        uint256 seized = _seizedVenus(repaid, vUsdc, vWeth);
        uint256 pay = _quoteIn(weth, usdc, FEE, 2 * repaid);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), one, usdc, weth, repaid, seized);
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), two, usdc, weth, repaid, seized);
        _expectExecuted(weth, 2 * seized - pay, WETH_PRICE, 0, 2, 0);
        _execute(_swapped(Plans.legs(_venusLeg(one, vUsdc, vWeth), _venusLeg(two, vUsdc, vWeth)), 2 * repaid, pay));
        assertEq(_treasury(weth), 2 * seized - pay);
        _assertCleanVenus();
    }

    function _swapped(Leg[] memory legs, uint256 amount, uint256 maxPay) private view returns (Plan memory) {
        Round memory round = Plans.flashSwap(_pool(weth, usdc, FEE), usdc, amount, maxPay, legs);
        return Plans.plan(_venusTokens(), Plans.rounds(round));
    }

    function test_aFlashSwapWithAStaleLegIsSkippedWhole() public {
        address borrower = _openVenusWeth();
        address healthy = _openVenus(vWeth, 100e18, vUsdc, 15_000e6);
        _sink(1800);
        Leg[] memory legs = Plans.legs(_venusLeg(borrower, vUsdc, vWeth), _venusLeg(healthy, vUsdc, vWeth));
        _expectNothingLanded(_swapped(legs, 2 * LOAN, Plans.ALL), _failed(1, _errorCode(address(vUsdc), 3)));
        assertEq(vUsdc.borrowBalanceStored(borrower), 15_000e6, "the good leg is undone with it");
        _assertCleanVenus();
    }

    // ---- what fails by a code ----

    function test_aStaleLegOfALoanIsSkippedAndTheOthersLand() public {
        address borrower = _openVenusWeth();
        address healthy = _openVenus(vWeth, 100e18, vUsdc, 15_000e6);
        _sink(1800);
        uint256 repaid = _closable(vUsdc, borrower);
        uint256 seized = _seizedVenus(repaid, vUsdc, vWeth);
        uint256 profit = _quoteOut(weth, usdc, FEE, seized) - repaid;
        _expectSkipped(address(vUsdc), healthy, 0, _errorCode(address(vUsdc), 3));
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), borrower, usdc, weth, repaid, seized);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 1);
        _execute(_plan(Plans.legs(_venusLeg(healthy, vUsdc, vWeth), _venusLeg(borrower, vUsdc, vWeth)), 2 * LOAN));
        assertEq(_treasury(usdc), profit);
        _assertCleanVenus();
    }

    /// @dev One unit above the close factor is refused by the same code.
    function test_tooMuchRepayIsSkipped() public {
        address borrower = _openVenusWeth();
        _sink(1800);
        uint256 limit = _closable(vUsdc, borrower);
        Plan memory plan = _plan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth, limit + 1)), LOAN);
        _expectNothingLanded(plan, _failed(0, _errorCode(address(vUsdc), 3)));
        _execute(_plan(Plans.legs(_venusLeg(borrower, vUsdc, vWeth, limit)), LOAN));
        _assertCleanVenus();
    }

    /// @dev What is seized cannot be redeemed, as all WETH is lent out: the repayment is undone with it.
    function test_aLegThatCannotRedeemIsUndoneWhole() public {
        address borrower = _openVenusWeth();
        address other = _openVenus(vUsdt, 20_000e6, vUsdc, 15_000e6);
        address whale = makeAddr("whale");
        _supplyVenus(whale, vUsdc, 100_000_000e6);
        _borrowVenus(whale, vWeth, vWeth.getCash() - 1e18);
        _setPrice(weth, 1800);
        feeds[usdt].set(0.9e8);
        uint256 repaid = _closable(vUsdc, other);
        uint256 seized = _seizedVenus(repaid, vUsdc, vUsdt);
        uint256 tokens = vWeth.balanceOf(borrower);
        // TOKEN_INSUFFICIENT_CASH
        _expectSkipped(address(vUsdc), borrower, 0, _errorCode(address(vWeth), 14));
        _expectLiquidated(Protocol.CompoundV2, address(vUsdc), other, usdc, usdt, repaid, seized);
        Leg[] memory legs = Plans.legs(_venusLeg(borrower, vUsdc, vWeth), _venusLeg(other, vUsdc, vUsdt));
        Round memory round =
            _free(usdc, 2 * LOAN, legs, Plans.swaps(Plans.sale(_pool(usdt, usdc, 100), usdt, usdc, Plans.ALL, 0)));
        _execute(Plans.plan(_venusTokens(), Plans.rounds(round)));
        assertEq(vUsdc.borrowBalanceStored(borrower), 15_000e6, "nothing repaid");
        assertEq(vWeth.balanceOf(borrower), tokens, "nothing seized");
        _assertCleanVenus();
    }

    /// @dev The leg's frame is our own door, and only ours.
    function test_strangersCannotRunALeg() public {
        Leg memory leg = _venusLeg(address(1), vUsdc, vWeth);
        vm.expectRevert(
            abi.encodeWithSelector(ILiquidator.UnexpectedCallback.selector, OPERATOR, ILegFrame.runLeg.selector)
        );
        vm.prank(OPERATOR);
        ILegFrame(address(liquidator)).runLeg(Packing.pack(leg, _venusTokens()), usdc, weth, 1);
    }
}
