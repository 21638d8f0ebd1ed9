// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Plan, Round } from "../../interfaces/ILiquidator.sol";
import { VenusFixture } from "../legs/VenusFixture.sol";
import { Plans } from "../Plans.sol";
import { BareCompound } from "./BareOther.sol";
import { Measured } from "./Measured.sol";

/// @notice `pnpm bench:gas`: a flash swap into Venus 0.4.1, 7,500 USDC of 15,000 against 10 WETH.
/// forge-config: default.isolate = true
contract CompoundV2GasBench is VenusFixture, Measured {
    uint256 private constant REPAID = 7500e6;

    BareCompound private bare;
    address private borrower;

    function setUp() public override {
        super.setUp();
        _useVenus(".venus");
        address first = _openVenusWeth();
        borrower = _openVenusWeth();
        _sink(1800);
        bytes memory args = abi.encode(vUsdc, vWeth, _pool(weth, usdc, 500), weth, usdc, TREASURY);
        bare = BareCompound(vm.deployCode("BareOther.sol:BareCompound", args));
        _warm(_flashSwap(first));
    }

    function _flashSwap(address who) private view returns (Plan memory) {
        Round memory round = Plans.flashSwap(
            _pool(weth, usdc, 500), usdc, REPAID, 5e18, Plans.legs(_venusLeg(who, vUsdc, vWeth, REPAID))
        );
        return Plans.plan(_wethUsdc(), Plans.rounds(round));
    }

    function test_flashSwap() public {
        _measure("gas.compound-v2.flash-swap", _flashSwap(borrower));
    }

    function test_flashSwapFloor() public {
        bare.flashSwap(REPAID, borrower);
        _measuredFloor("gas.compound-v2.flash-swap", weth);
    }
}
