// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Leg, Plan, Protocol, Swap } from "../../interfaces/ILiquidator.sol";
import { Plans } from "../Plans.sol";
import { IDex223Module } from "../reference/IDex223.sol";
import { Dex223Extra, Dex223Packing, PreSale } from "./Dex223Packing.sol";
import { LegTest } from "./LegTest.sol";

/// @notice A Comet that takes half of what it is allowed, for all the collateral it has.
contract ShyComet {
    using SafeTransferLib for address;

    address private immutable BASE;
    address private immutable COLLATERAL;

    constructor(address base, address collateral) {
        (BASE, COLLATERAL) = (base, collateral);
    }

    function getCollateralReserves(address) external pure returns (uint256) {
        return 1000e6;
    }

    function quoteCollateral(address, uint256 amount) external pure returns (uint256) {
        return amount;
    }

    function buyCollateral(address, uint256, uint256 amount, address to) external {
        BASE.safeTransferFrom(msg.sender, address(this), amount / 2);
        COLLATERAL.safeTransferAll(to);
    }
}

/// @notice A margin module that accepts every call and says of its positions what it was told.
contract ShyModule {
    uint256 private frozenTime;
    address private liquidator;

    function say(uint256 frozenTime_, address liquidator_) external {
        (frozenTime, liquidator) = (frozenTime_, liquidator_);
    }

    function liquidate(uint256, address) external { }

    function positions(uint256) external view returns (IDex223Module.PositionView memory position) {
        (position.open, position.frozenTime, position.liquidator) = (true, frozenTime, liquidator);
    }
}

/// @notice What a Comet does not pull it may not pull later, and a freeze is one only now and by us.
contract ShyOthersTest is LegTest {
    function test_noAllowanceIsLeftToACometThatPullsLess() public {
        address comet = address(new ShyComet(usdc, weth));
        _give(weth, comet, 1e18);
        Leg[] memory legs = Plans.legs(Leg(Protocol.CompoundV3, comet, address(0), weth, 1000e6, ""));
        _execute(Plans.plan(_wethUsdc(), Plans.rounds(_free(usdc, 1000e6, legs, _sellAll(weth, usdc)))));
        _assertCleanOf(comet);
        assertEq(SafeTransferLib.balanceOf(usdc, comet), 500e6, "taken");
    }

    function _frozen(Leg memory leg) private view returns (Plan memory) {
        return Plans.plan(
            Plans.tokens(weth, WETH_PRICE), Plans.rounds(Plans.unfunded(weth, 0, Plans.legs(leg), new Swap[](0)))
        );
    }

    function test_aFreezeIsOneNowAndByUs() public {
        ShyModule module = new ShyModule();
        Dex223Extra memory extra = Dex223Extra(false, 0, address(0), address(0), new PreSale[](0));
        Leg memory leg = Leg(Protocol.Dex223, address(module), address(7), weth, 0, Dex223Packing.pack(extra, weth));
        bytes memory missed = abi.encodeWithSelector(ILiquidator.NotLanded.selector, module, 7);
        bytes memory reason = abi.encodeWithSelector(ILiquidator.LegFailed.selector, 0, missed);

        module.say(vm.getBlockTimestamp() - 1, address(liquidator));
        _expectNothingLanded(_frozen(leg), reason);
        module.say(vm.getBlockTimestamp(), address(this));
        _expectNothingLanded(_frozen(leg), reason);
        module.say(vm.getBlockTimestamp(), address(liquidator));
        _execute(_frozen(leg));
    }
}
