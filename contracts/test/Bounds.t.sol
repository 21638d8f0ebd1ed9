// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Funding, ILiquidator, Leg, Plan, Protocol, Round, Venue } from "../interfaces/ILiquidator.sol";
import { Lab } from "./Lab.sol";
import { Plans } from "./Plans.sol";

/// @notice What bounds a plan: its rounds' prices, its floor, its time, its tokens.
contract BoundsTest is Lab {
    uint24 private constant FEE = 500;
    /// @dev What Aave says an account owes that just borrowed 15,000: debt is rounded up.
    uint256 private constant DEBT = 15_000e6 + 1;

    address private pool;
    address private borrower;
    uint256 private seized;
    uint256 private pay;

    function setUp() public override {
        super.setUp();
        pool = _pool(weth, usdc, FEE);
        borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        seized = _wethSeizedFor(DEBT);
        pay = _quoteIn(weth, usdc, FEE, DEBT);
    }

    function _flashSwap() private view returns (Round memory) {
        return Plans.flashSwap(pool, usdc, DEBT, pay, Plans.legs(_leg(borrower, weth)));
    }

    function _plan(Round memory round) private view returns (Plan memory) {
        return Plans.plan(_wethUsdc(), Plans.rounds(round));
    }

    // ---- sandwich ----

    /// @dev An attacker sells WETH into the pool first. The round's own bound stops it, and the other round lands; a
    /// plan-wide floor alone would have let the attacker take the one round's profit.
    function test_sandwichedFlashSwapIsSkipped() public {
        address other = _open(wbtc, 1e8, usdc, 40_000e6);
        _setPrice(wbtc, 45_000);
        uint256 otherDebt = _debtOf(other, usdc);
        uint256 otherSeized = _seizedFor(otherDebt, usdc, wbtc, 1e8, 1e6, 10_500, 1000);
        uint256 otherPay = _quoteIn(wbtc, usdc, 3000, otherDebt);
        Round memory second =
            Plans.flashSwap(_pool(wbtc, usdc, 3000), usdc, otherDebt, otherPay, Plans.legs(_leg(other, wbtc)));
        _dump(pool, weth, usdc, 100);
        bytes memory reason =
            abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, _quoteIn(weth, usdc, FEE, DEBT), pay);

        _expectNothingLanded(_plan(_flashSwap()), reason);

        vm.expectEmit(address(liquidator));
        emit ILiquidator.RoundSkipped(0, pool, reason);
        _execute(
            Plans.plan(Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, wbtc, 3e29), Plans.rounds(_flashSwap(), second))
        );
        assertEq(_treasury(weth), 0, "the sandwiched round");
        assertEq(_treasury(wbtc), otherSeized - otherPay, "the other round");
        assertEq(_debtOf(borrower, usdc), DEBT, "the account is left for the next block");
        _assertClean();
    }

    function test_sandwichedSaleIsSkipped() public {
        uint256 minOut = _quoteOut(weth, usdc, FEE, seized);
        Round memory round = Plans.loan(
            aave,
            usdc,
            DEBT,
            Plans.legs(_leg(borrower, weth)),
            Plans.swaps(Plans.sale(pool, weth, usdc, seized, minOut))
        );
        _dump(pool, weth, usdc, 100);
        uint256 out = _quoteOut(weth, usdc, FEE, seized);
        _expectNothingLanded(_plan(round), abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, out, minOut));
        round.swaps[0].minOut = out;
        _execute(_plan(round));
        _assertClean();
    }

    function test_maxPayIsExact() public {
        Round memory round = _flashSwap();
        round.maxPay = pay - 1;
        _expectNothingLanded(_plan(round), abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, pay, pay - 1));
        round.maxPay = pay;
        assertEq(_execute(_plan(round)), seized - pay, "value");
    }

    // ---- floor ----

    function test_floorIsExact() public {
        Plan memory plan = _plan(_flashSwap());
        plan.floor = seized - pay + 1;
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BelowFloor.selector, seized - pay, seized - pay + 1));
        _execute(plan);
        plan.floor = seized - pay;
        assertEq(_execute(plan), seized - pay, "value");
    }

    /// @dev Each token at its own price, each product rounded down.
    function test_floorCountsEveryToken() public {
        Round memory round = _flashSwap();
        round.amount = DEBT + 123_457;
        round.maxPay = type(uint256).max;
        uint256 wethProfit = seized - _quoteIn(weth, usdc, FEE, DEBT + 123_457);
        Plan memory plan = Plans.plan(Plans.tokens(weth, 3e17 + 1, usdc, 7e18 + 3), Plans.rounds(round));
        uint256 value = wethProfit * (3e17 + 1) / 1e18 + uint256(123_457) * (7e18 + 3) / 1e18;
        plan.floor = value;
        assertEq(_execute(plan), value, "value");
        assertEq(_treasury(usdc), 123_457, "debt token");
        assertEq(_treasury(weth), wethProfit, "collateral");
    }

    /// @dev A flash swap at a loss: the pool is owed more than was seized, and nobody else pays.
    function test_lossCannotLand() public {
        _give(weth, TREASURY, 100e18);
        _dump(pool, weth, usdc, 2000);
        Round memory round = _flashSwap();
        round.maxPay = type(uint256).max;
        _expectNothingLanded(_plan(round), abi.encodeWithSignature("TransferFailed()"));
        assertEq(_treasury(weth), 100e18, "treasury");
    }

    // ---- time ----

    function test_validUntil() public {
        Plan memory plan = _plan(_flashSwap());
        plan.validUntil = block.timestamp - 1;
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.Expired.selector, plan.validUntil, block.timestamp));
        _execute(plan);
        plan.validUntil = block.timestamp;
        assertEq(_execute(plan), seized - pay, "the last second counts");
    }

    // ---- shape ----

    /// @dev No number is the one of a token that is not listed, which is written as 0.
    function _expectUnlisted(Plan memory plan) private {
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.UnlistedToken.selector, 0));
        _execute(plan);
    }

    function test_unlistedToken() public {
        Round memory round = _flashSwap();
        _expectUnlisted(Plans.plan(Plans.tokens(weth, 1), Plans.rounds(round)));
        _expectUnlisted(Plans.plan(Plans.tokens(usdc, 1), Plans.rounds(round)));
        round.legs = Plans.legs(_leg(borrower, weth), _leg(borrower, wbtc));
        _expectUnlisted(_plan(round));
        round.legs = Plans.legs(_leg(borrower, weth));
        round.swaps = Plans.swaps(Plans.sale(pool, usdt, weth, 1, 0));
        _expectUnlisted(_plan(round));
        round.swaps = Plans.swaps(Plans.sale(pool, weth, usdt, 1, 0));
        _expectUnlisted(_plan(round));
    }

    function test_tipInUnlistedWeth() public {
        Plan memory plan = _plan(_flashSwap());
        (plan.tip, plan.weth) = (1, wbtc);
        _give(wbtc, address(liquidator), 1e8);
        vm.expectRevert(ILiquidator.BadEncoding.selector);
        _execute(plan);
    }

    function test_notOnePair() public {
        Round memory round = _flashSwap();
        Plan memory plan = Plans.plan(Plans.tokens(weth, 1, usdc, 1, wbtc, 1), Plans.rounds(round));
        Leg[][2] memory wrong = [Plans.legs(), Plans.legs(_leg(borrower, usdc))];
        for (uint256 i; i < wrong.length; ++i) {
            plan.rounds[0].legs = wrong[i];
            vm.expectRevert(ILiquidator.NotOnePair.selector);
            _execute(plan);
        }
        plan.rounds[0].legs = Plans.legs(_leg(borrower, weth), _leg(borrower, wbtc));
        _expectNothingLanded(plan, abi.encodeWithSelector(ILiquidator.NotOnePair.selector));
    }

    function test_emptyPlan() public {
        _expectNothingLanded(Plans.plan(_wethUsdc(), Plans.rounds()), "");
    }
}
