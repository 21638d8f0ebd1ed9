// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Leg, Protocol } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IVToken, VenusFixture } from "./VenusFixture.sol";

/// @notice A market of the Compound v2 kind that takes half of what it is allowed, for all the collateral it has. It takes
/// nothing for the account 2, and gives nothing for the account 3.
contract ShyMarket {
    using SafeTransferLib for address;

    address private immutable DEBT;
    address private immutable COLLATERAL;
    mapping(address account => uint256) public balanceOf;

    constructor(address debt, address collateral) {
        (DEBT, COLLATERAL) = (debt, collateral);
    }

    function liquidateBorrow(address borrower, uint256 repay, address) external returns (uint256) {
        if (borrower != address(2)) DEBT.safeTransferFrom(msg.sender, address(this), repay / 2);
        if (borrower != address(3)) balanceOf[msg.sender] += 1;
        return 0;
    }

    function redeem(uint256 tokens) external returns (uint256) {
        balanceOf[msg.sender] -= tokens;
        COLLATERAL.safeTransferAll(msg.sender);
        return 0;
    }
}

/// @notice What a Compound v2 market does not pull it may not pull later, and what left is measured.
contract ShyMarketTest is VenusFixture {
    function test_noAllowanceIsLeftToAMarketThatPullsLess() public {
        IVToken market = IVToken(address(new ShyMarket(usdc, weth)));
        _give(weth, address(market), 1e18);
        uint256 profit = _quoteOut(weth, usdc, 500, 1e18) - 500e6;
        Leg[] memory legs = Plans.legs(_venusLeg(address(1), market, market, 1000e6));
        legs[0].collateral = weth;
        _expectLiquidated(Protocol.CompoundV2, address(market), address(1), usdc, weth, 500e6, 1e18);
        _expectExecuted(usdc, profit, USD6_PRICE, 0, 1, 0);
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(_free(usdc, 1000e6, legs, _sellAll(weth, usdc)))));
        _assertCleanOf(address(market));
    }

    function test_nothingTakenOrNothingGivenIsNoLiquidation() public {
        IVToken market = IVToken(address(new ShyMarket(usdc, weth)));
        _give(weth, address(market), 1e18);
        bytes memory nothing = abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, market);
        for (uint160 account = 2; account < 4; ++account) {
            Leg[] memory legs = Plans.legs(_venusLeg(address(account), market, market, 1000e6));
            legs[0].collateral = weth;
            _expectNothingLanded(
                Plans.plan(_wethUsdc(), Plans.rounds(_free(usdc, 1000e6, legs, _sellAll(weth, usdc)))),
                abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, nothing)
            );
        }
    }
}
