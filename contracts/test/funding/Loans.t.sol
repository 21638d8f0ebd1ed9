// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20Errors } from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { ILiquidator, Plan, Profit, Round } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IDataProvider } from "./ILenders.sol";
import { Lenders } from "./Lenders.sol";

/// @notice What every funding source has in common when a round does not go as planned: it is skipped, with its reason.
contract LoansTest is Lenders {
    uint256 private constant TOO_MUCH = 1e30;

    function _plan(Round memory round) private view returns (Plan memory) {
        return Plans.plan(_listed(), Plans.rounds(round));
    }

    function _payAboveMax(uint256 pay) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, pay, pay - 1);
    }

    // ---- dearer than the round allows ----

    function test_costAboveMaxPay() public {
        (address borrower, uint256 seized) = _underwater();
        uint256 before = vm.snapshotState();
        uint256 charged;
        for (uint256 i; i < SOURCES; ++i) {
            Source source = Source(i);
            uint256 cost = _isSwap(source) ? _cost(source) : _fee(source, REPAID);
            if (cost == 0) continue;
            Round memory round = _round(source, borrower, _isSwap(source) ? Plans.swaps() : _sale(Shop.V2, seized, 0));
            round.maxPay = cost - 1;
            _expectNothingLanded(_plan(round), _payAboveMax(cost));
            round.maxPay = cost;
            _execute(_plan(round));
            ++charged;
            uint256 count = charged;
            vm.revertToState(before);
            charged = count;
        }
        assertEq(charged, 9, "sources that cost something: three flash swaps, one flash, one vault, four Aaves");
    }

    // ---- somebody was faster ----

    function test_staleLeg() public {
        (address borrower, uint256 seized) = _underwater();
        _setPrice(weth, 2000);
        for (uint256 i; i < SOURCES; ++i) {
            Round memory round =
                _round(Source(i), borrower, _isSwap(Source(i)) ? Plans.swaps() : _sale(Shop.V2, seized, 0));
            _expectNothingLanded(_plan(round), abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, _healthy()));
        }
    }

    /// @dev Before an honest round of another source: that one lands, nothing of the first is left.
    function test_skippedBeforeAnHonestRound() public {
        (address stale, uint256 seized) = _underwater();
        _setPrice(weth, 2000);
        (address borrower,) = _underwater();
        uint256 before = vm.snapshotState();
        for (uint256 i; i < SOURCES; ++i) {
            Source source = Source(i);
            Round memory first = _round(source, stale, _isSwap(source) ? Plans.swaps() : _sale(Shop.V2, seized, 1e12));
            first.legs[0].borrower = OWNER;
            first.legs[0].repay = REPAID + i;
            uint256 out = _quote(Shop.Pancake, seized);
            Round memory last = _round(Source.Morpho, borrower, _sale(Shop.Pancake, seized, out));
            bytes memory reason = abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, _healthy());
            vm.expectEmit(address(liquidator));
            emit ILiquidator.RoundSkipped(0, first.source, reason);
            Profit[] memory profits = new Profit[](1);
            profits[0] = Profit(usdc, out - REPAID);
            vm.expectEmit(address(liquidator));
            emit ILiquidator.PlanExecuted(OPERATOR, _worth(out - REPAID), Plans.tally(0, 0, 1, 1), profits);
            _execute(Plans.plan(_listed(), Plans.rounds(first, last)));
            _assertClean();
            _assertNoAllowance(first.source);
            vm.revertToState(before);
        }
    }

    /// @dev A loan round goes on without the leg, and pays the fee once for both.
    function test_oneLegOfTwo() public {
        (address borrower, uint256 seized) = _underwater();
        uint256 before = vm.snapshotState();
        for (uint256 i = uint256(Source.V3Flash); i < SOURCES; ++i) {
            Source source = Source(i);
            uint256 out = _quote(Shop.V2, seized);
            uint256 fee = _fee(source, 2 * REPAID);
            Round memory round = _round(source, borrower, _sale(Shop.V2, seized, out));
            round.amount = 2 * REPAID;
            round.maxPay = fee;
            round.legs = Plans.legs(Plans.leg(aave, OWNER, weth, REPAID), round.legs[0]);
            vm.expectEmit(address(liquidator));
            emit ILiquidator.LegSkipped(aave, OWNER, 0, _healthy());
            Profit[] memory profits = new Profit[](1);
            profits[0] = Profit(usdc, out - REPAID - fee);
            vm.expectEmit(address(liquidator));
            emit ILiquidator.PlanExecuted(
                OPERATOR, _worth(profits[0].amount), Plans.tally(_worth(fee), 0, 1, 1), profits
            );
            _execute(_plan(round));
            _assertClean();
            _assertNoAllowance(round.source);
            vm.revertToState(before);
        }
    }

    function _healthy() private pure returns (bytes memory) {
        return abi.encodeWithSignature("HealthFactorNotBelowThreshold()");
    }

    // ---- more than the source has ----

    function test_notEnoughLiquidity() public {
        (address borrower, uint256 seized) = _underwater();
        for (uint256 i; i < SOURCES; ++i) {
            Source source = Source(i);
            Round memory round = _round(source, borrower, _isSwap(source) ? Plans.swaps() : _sale(Shop.V2, seized, 0));
            round.amount = TOO_MUCH;
            round.maxPay = type(uint256).max;
            _expectNothingLanded(_plan(round), _kept(_shortage(source)));
        }
    }

    /// @dev What each source says when it has less than it is asked for.
    function _shortage(Source source) private returns (bytes memory) {
        if (_isSwap(source)) {
            // A pool gives all that it has, down to the last price.
            address tokenIn = source == Source.Swap ? weth : wbtc;
            uint256 all = _quoteOut(tokenIn, usdc, 3000, 1e40);
            return abi.encodeWithSelector(ILiquidator.ShortFunding.selector, all, TOO_MUCH);
        }
        if (source == Source.V3Flash) return _error("TF");
        if (source == Source.V4) {
            return abi.encodeWithSignature(
                "WrappedError(address,bytes4,bytes,bytes)",
                usdc,
                IERC20.transfer.selector,
                _balanceError(manager),
                abi.encodeWithSignature("ERC20TransferFailed()")
            );
        }
        if (source <= Source.BalancerV2WithFee) return _error("BAL#528");
        if (source == Source.BalancerV3) return abi.encodeWithSignature("Panic(uint256)", 0x11);
        if (source == Source.Morpho) return _error("transfer reverted");
        if (source == Source.AaveSimple || source == Source.Aave) return abi.encodeWithSignature("InvalidAmount()");
        (address aToken,,) = IDataProvider(_at(".aaveV30.dataProvider")).getReserveTokensAddresses(usdc);
        return _balanceError(aToken);
    }

    function _error(string memory text) private pure returns (bytes memory) {
        return abi.encodeWithSignature("Error(string)", text);
    }

    function _balanceError(address lender) private view returns (bytes memory) {
        return abi.encodeWithSelector(
            IERC20Errors.ERC20InsufficientBalance.selector, lender, IERC20(usdc).balanceOf(lender), TOO_MUCH
        );
    }

    /// @dev What a round keeps of a reason: its first 256 bytes.
    function _kept(bytes memory reason) private pure returns (bytes memory) {
        if (reason.length > 256) {
            assembly ("memory-safe") {
                mstore(reason, 256)
            }
        }
        return reason;
    }
}
