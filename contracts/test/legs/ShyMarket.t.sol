// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { Leg, Protocol } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IVToken, VenusFixture } from "./VenusFixture.sol";

/// @notice A market of the Compound v2 kind that takes half of what it is allowed, for all the collateral it has.
contract ShyMarket {
    using SafeTransferLib for address;

    address private immutable DEBT;
    address private immutable COLLATERAL;
    mapping(address account => uint256) public balanceOf;

    constructor(address debt, address collateral) {
        (DEBT, COLLATERAL) = (debt, collateral);
    }

    function liquidateBorrow(address, uint256 repay, address) external returns (uint256) {
        DEBT.safeTransferFrom(msg.sender, address(this), repay / 2);
        balanceOf[msg.sender] += 1;
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
}
