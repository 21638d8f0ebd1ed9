// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator, Plan, Profit } from "../interfaces/ILiquidator.sol";
import { Lab } from "./Lab.sol";
import { Plans } from "./Plans.sol";

/// @notice A block producer that takes no money.
contract Ascetic {
    error NoThanks();

    receive() external payable {
        revert NoThanks();
    }
}

/// @notice A "WETH" that never pays out.
contract FalseWeth {
    mapping(address account => uint256) public balanceOf;

    constructor(address holder) {
        balanceOf[holder] = 0;
    }

    function transfer(address, uint256) external pure returns (bool) {
        return true;
    }

    function withdraw(uint256) external { }

    function swap(address recipient, bool, int256, uint160, bytes calldata data) external returns (int256, int256) {
        balanceOf[recipient] += 1000 ether;
        (bool ok,) = recipient.call(abi.encodeWithSignature("uniswapV3SwapCallback(int256,int256,bytes)", 0, 0, data));
        require(ok);
        return (0, 0);
    }
}

/// @notice The tip to `block.coinbase`: out of WETH profit, within the owner's cap, the last call out.
contract TipTest is Lab {
    uint24 private constant FEE = 500;
    /// @dev What Aave says an account owes that just borrowed 15,000: debt is rounded up.
    uint256 private constant DEBT = 15_000e6 + 1;
    address private immutable COINBASE = makeAddr("coinbase");

    uint256 private profit;
    uint256 private cap;
    address private borrower;

    function setUp() public override {
        super.setUp();
        borrower = _openWethUsdc();
        _setPrice(weth, 1700);
        profit = _wethSeizedFor(DEBT) - _quoteIn(weth, usdc, FEE, DEBT);
        cap = profit * 9000 / 10_000;
        vm.prank(OWNER);
        liquidator.setTipCap(9000);
        vm.coinbase(COINBASE);
    }

    function _tipped(uint256 tip, uint256 floor) private view returns (Plan memory plan) {
        plan = Plans.plan(
            _wethUsdc(),
            Plans.rounds(
                Plans.flashSwap(_pool(weth, usdc, FEE), usdc, DEBT, type(uint256).max, Plans.legs(_leg(borrower, weth)))
            )
        );
        (plan.tip, plan.floor, plan.weth) = (tip, floor, weth);
    }

    function test_paidWithinTheCap() public {
        Profit[] memory profits = new Profit[](1);
        profits[0] = Profit(weth, profit - cap);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, profit - cap, Plans.tally(0, cap, 1, 0), profits);
        assertEq(_execute(_tipped(cap, profit - cap)), profit - cap, "value net of the tip");
        assertEq(COINBASE.balance, cap, "tip");
        assertEq(_treasury(weth), profit - cap, "treasury");
        assertEq(address(liquidator).balance, 0, "native left");
        _assertClean();
    }

    /// @dev Where the owner lets all of it go, nothing is left to send and no profit is named.
    function test_allOfTheProfit() public {
        vm.prank(OWNER);
        liquidator.setTipCap(10_000);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.PlanExecuted(OPERATOR, 0, Plans.tally(0, profit, 1, 0), new Profit[](0));
        assertEq(_execute(_tipped(profit, 0)), 0, "value net of the tip");
        assertEq(COINBASE.balance, profit, "tip");
        assertEq(_treasury(weth), 0, "treasury");
        _assertClean();
    }

    function test_floorIsNetOfTheTip() public {
        Plan memory plan = _tipped(cap, profit - cap + 1);
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.BelowFloor.selector, profit - cap, profit - cap + 1));
        _execute(plan);
    }

    function test_aboveTheCap() public {
        Plan memory plan = _tipped(cap + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.TipAboveCap.selector, cap + 1, cap));
        _execute(plan);
    }

    function test_noCapNoTip() public {
        vm.prank(OWNER);
        liquidator.setTipCap(0);
        Plan memory plan = _tipped(1, 0);
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.TipAboveCap.selector, 1, 0));
        _execute(plan);
    }

    /// @dev WETH at rest is swept before, so it raises no cap.
    function test_whatLaysAtRestRaisesNoCap() public {
        _give(weth, address(liquidator), 100e18);
        Plan memory plan = _tipped(cap + 1, 0);
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.TipAboveCap.selector, cap + 1, cap));
        _execute(plan);
        _execute(_tipped(cap, 0));
        assertEq(_treasury(weth), 100e18 + profit - cap, "treasury");
        assertEq(COINBASE.balance, cap, "tip");
    }

    function test_refusedTipIsTheTreasurys() public {
        address ascetic = address(new Ascetic());
        vm.coinbase(ascetic);
        assertEq(_execute(_tipped(cap, 0)), profit - cap, "value net of the tip all the same");
        assertEq(ascetic.balance, 0, "tip");
        assertEq(_treasury(weth), profit, "treasury has both");
        assertEq(address(liquidator).balance, 0, "native left");
        _assertClean();
    }

    /// @dev Native coins at rest stay, whatever contract a plan calls WETH and whatever that one says it holds.
    function test_falseWethPaysNoTip() public {
        vm.deal(address(liquidator), 5 ether);
        FalseWeth fake = new FalseWeth(address(liquidator));
        Plan memory hostile = _tipped(5 ether, 0);
        hostile.weth = address(fake);
        hostile.tokens = Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, address(fake), 0);
        hostile.rounds = Plans.rounds(
            hostile.rounds[0],
            Plans.unfunded(usdc, 0, Plans.legs(), Plans.swaps(Plans.sale(address(fake), usdc, address(fake), 1, 0)))
        );
        hostile.rounds[0].amount = DEBT + 1; // one unit of debt token left, to have something to sell
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.NoWeth.selector, address(fake)));
        _execute(hostile);
        assertEq(address(liquidator).balance, 5 ether, "native at rest");
    }
}
