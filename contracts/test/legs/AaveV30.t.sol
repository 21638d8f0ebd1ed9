// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { Funding, ILiquidator, Leg, Plan, Protocol, Round } from "../../interfaces/ILiquidator.sol";
import { IPool } from "../ILab.sol";
import { Plans } from "../Plans.sol";
import { LegTest } from "./LegTest.sol";

interface IDataProvider {
    function getReserveTokensAddresses(address asset) external view returns (address, address, address variableDebt);
}

/// @notice Legs on Aave v3.0 as published: strings for errors, a close factor of 50 % of each reserve's debt, 9 bps.
contract AaveV30Test is LegTest {
    uint24 private constant FEE = 500;

    address private pool;

    function setUp() public override {
        super.setUp();
        aave = _at(".aaveV30.pool");
        pool = _pool(weth, usdc, FEE);
    }

    function _owed(address borrower, address token) private view returns (uint256) {
        (,, address debt) = IDataProvider(_at(".aaveV30.dataProvider")).getReserveTokensAddresses(token);
        return IERC20(debt).balanceOf(borrower);
    }

    /// @dev Half, as v3.0 rounds: up.
    function _half(uint256 debt) private pure returns (uint256) {
        return (debt * 5000 + 5000) / 10_000;
    }

    /// @dev 9 bps, rounded half up.
    function _premium(uint256 amount) private pure returns (uint256) {
        return (amount * 9 + 5000) / 10_000;
    }

    /// @dev At 1,780 USD health is 0.985 and half may be repaid, at 1,700 it is 0.94 and all may.
    function _flashSwap(uint256 usd) private returns (address borrower, uint256 repaid, uint256 owed) {
        borrower = _openWethUsdc();
        _setPrice(weth, usd);
        owed = _owed(borrower, usdc);
        repaid = usd > 1706 ? _half(owed) : owed;
        uint256 seized = _wethSeizedFor(repaid);
        uint256 pay = _quoteIn(weth, usdc, FEE, repaid);
        _expectLiquidated(Protocol.AaveV3, aave, borrower, usdc, weth, repaid, seized);
        _expectExecuted(weth, seized - pay, WETH_PRICE, 0, 1, 0);
        Round memory round = Plans.flashSwap(pool, usdc, repaid, pay, Plans.legs(_leg(borrower, weth)));
        assertEq(_execute(Plans.plan(_wethUsdc(), Plans.rounds(round))), seized - pay);
        assertEq(_treasury(weth), seized - pay);
        assertEq(_treasury(usdc), 0);
        _assertCleanOf(aave);
    }

    function test_flashSwapOfHalf() public {
        (address borrower, uint256 repaid, uint256 owed) = _flashSwap(1780);
        assertApproxEqAbs(_owed(borrower, usdc), owed - repaid, 1, "the other half");
    }

    function test_flashSwapOfAll() public {
        (address borrower,,) = _flashSwap(1700);
        assertEq(_owed(borrower, usdc), 0);
    }

    /// @dev The same loan from `flashLoanSimple` and from `flashLoan`.
    function _loan(Funding funding) private {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 owed = _owed(borrower, usdc);
        uint256 fee = _premium(owed);
        uint256 seized = _wethSeizedFor(owed);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        _expectLiquidated(Protocol.AaveV3, aave, borrower, usdc, weth, owed, seized);
        _expectExecuted(usdc, out - owed - fee, USD6_PRICE, fee, 1, 0);
        Round memory round = Plans.loan(aave, usdc, owed, Plans.legs(_leg(borrower, weth)), _sellAll(weth, usdc));
        (round.funding, round.maxPay) = (funding, fee);
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        assertEq(_treasury(usdc), out - owed - fee);
        _assertCleanOf(aave);
    }

    function test_flashLoanSimple() public {
        _loan(Funding.AaveV3Simple);
    }

    function test_flashLoan() public {
        _loan(Funding.AaveV3);
    }

    /// @dev Two debts: "max" is half of the one that is repaid, where later versions count both together.
    function test_theCloseFactorIsPerReserve() public {
        address borrower = _open(weth, 10e18, usdc, 10_000e6);
        vm.prank(borrower);
        IPool(aave).borrow(usdt, 5000e6, 2, 0, borrower);
        _setPrice(weth, 1780);
        uint256 repaid = _half(_owed(borrower, usdt));
        uint256 seized = _seizedFor(repaid, usdt, weth, 1e18, 1e6, 10_500, 1000);
        uint256 pay = _quoteIn(weth, usdt, FEE, repaid);
        _expectLiquidated(Protocol.AaveV3, aave, borrower, usdt, weth, repaid, seized);
        Round memory round =
            Plans.flashSwap(_pool(weth, usdt, FEE), usdt, repaid, pay, Plans.legs(_leg(borrower, weth)));
        _execute(Plans.plan(Plans.tokens(weth, WETH_PRICE, usdt, USD6_PRICE), Plans.rounds(round)));
        assertEq(_treasury(weth), seized - pay);
        assertEq(_treasury(usdt), 0, "all of the loan is used");
        _assertCleanOf(aave);
    }

    function test_aHealthyAccountIsSkippedWithTheStringAsReason() public {
        address healthy = _open(weth, 100e18, usdc, 15_000e6);
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 owed = _owed(borrower, usdc);
        uint256 fee = _premium(2 * owed);
        uint256 out = _quoteOut(weth, usdc, FEE, _wethSeizedFor(owed));
        _expectSkipped(aave, healthy, 0, _text("45"));
        _expectExecuted(usdc, out - owed - fee, USD6_PRICE, fee, 1, 1);
        Leg[] memory legs = Plans.legs(_leg(healthy, weth), _leg(borrower, weth));
        Round memory round = Plans.loan(aave, usdc, 2 * owed, legs, _sellAll(weth, usdc));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(round)));
        _assertCleanOf(aave);
    }

    function test_aFlashSwapOfAHealthyAccountIsSkippedWhole() public {
        address borrower = _openWethUsdc();
        Plan memory plan = Plans.plan(
            _wethUsdc(), Plans.rounds(Plans.flashSwap(pool, usdc, 1e6, Plans.ALL, Plans.legs(_leg(borrower, weth))))
        );
        _expectNothingLanded(plan, _failed(0, _text("45")));
    }

    /// @dev A premium above the round's bound: the round is not run.
    function test_thePremiumIsBounded() public {
        address borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        uint256 owed = _owed(borrower, usdc);
        Round memory round = Plans.loan(aave, usdc, owed, Plans.legs(_leg(borrower, weth)), _sellAll(weth, usdc));
        round.maxPay = _premium(owed) - 1;
        _expectNothingLanded(
            Plans.plan(_wethUsdc(), Plans.rounds(round)),
            abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, _premium(owed), _premium(owed) - 1)
        );
    }
}
