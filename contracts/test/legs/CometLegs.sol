// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Plan, Protocol, Round, Swap } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";
import { CometFixture } from "../reference/CometFixture.sol";
import { LegTest } from "./LegTest.sol";

/// @title CometLegs
/// @notice Legs and rounds on the fixture's Comet.
abstract contract CometLegs is LegTest, CometFixture {
    uint24 internal constant FEE = 500;

    function setUp() public virtual override(Lab, CometFixture) {
        super.setUp();
    }

    function _cometLeg(address first, address[] memory more, address asset, uint256 repay)
        internal
        view
        returns (Leg memory)
    {
        bytes memory extra = more.length == 0 ? bytes("") : abi.encode(more);
        return Leg(Protocol.CompoundV3, address(comet), first, asset, repay, extra);
    }

    function _cometLeg(address first, address asset) internal view returns (Leg memory) {
        return _cometLeg(first, new address[](0), asset, Plans.ALL);
    }

    /// @dev Many accounts: the first stands in the leg, the rest in its `extra`.
    function _batch(address[] memory accounts) internal view returns (Leg memory) {
        address[] memory more = new address[](accounts.length - 1);
        for (uint256 i; i < more.length; ++i) {
            more[i] = accounts[i + 1];
        }
        return _cometLeg(accounts[0], more, weth, Plans.ALL);
    }

    function _cometRound(uint256 amount, Leg[] memory legs) internal view returns (Round memory) {
        Swap[] memory swaps = new Swap[](2);
        swaps[0] = Plans.sale(_pool(weth, usdc, FEE), weth, usdc, Plans.ALL, 0);
        swaps[1] = Plans.sale(_pool(wbtc, usdc, 3000), wbtc, usdc, Plans.ALL, 0);
        return _free(usdc, amount, legs, swaps);
    }

    function _cometPlan(uint256 amount, Leg[] memory legs) internal view returns (Plan memory) {
        uint256 wbtcPrice = uint256(feeds[wbtc].latestAnswer()) * 1e20 / 2000;
        return Plans.plan(
            Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, wbtc, wbtcPrice), Plans.rounds(_cometRound(amount, legs))
        );
    }

    /// @dev What a leg buys, as the Comet says once `accounts` are absorbed; the chain is left as it was.
    function _bought(address[] memory accounts, address asset) internal returns (uint256 pay, uint256 amount) {
        uint256 state = vm.snapshotState();
        if (accounts.length != 0) comet.absorb(address(this), accounts);
        pay = _maxBase(asset);
        amount = comet.quoteCollateral(asset, pay);
        vm.revertToState(state);
    }

    function _list(address a) internal pure returns (address[] memory list) {
        list = new address[](1);
        list[0] = a;
    }

    function _list(address a, address b, address c) internal pure returns (address[] memory list) {
        list = new address[](3);
        (list[0], list[1], list[2]) = (a, b, c);
    }

    function _assertCleanComet() internal view {
        _assertCleanOf(address(comet));
    }
}
