// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Plan, Round } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { CometLegs } from "../legs/CometLegs.sol";
import { Plans } from "../Plans.sol";
import { BareCompound } from "./BareOther.sol";
import { Measured } from "./Measured.sol";

/// @notice `pnpm bench:gas`: a flash swap into a Comet, an account absorbed and its 10 WETH bought.
/// forge-config: default.isolate = true
contract CompoundV3GasBench is CometLegs, Measured {
    /// @dev What 10 WETH at 1,700 USD cost there.
    uint256 private constant PAID = 16_575e6;

    BareCompound private bare;
    address private borrower;

    function setUp() public override(CometLegs, Lab) {
        super.setUp();
        address[] memory borrowers = _openUnderwaterComet(2);
        borrower = borrowers[1];
        bytes memory args = abi.encode(comet, comet, _pool(weth, usdc, FEE), weth, usdc, TREASURY);
        bare = BareCompound(vm.deployCode("BareOther.sol:BareCompound", args));
        _warm(_flashSwap(borrowers[0]));
    }

    function _flashSwap(address who) private view returns (Plan memory) {
        Round memory round = Plans.flashSwap(
            _pool(weth, usdc, FEE), usdc, PAID, 10e18, Plans.legs(_cometLeg(who, new address[](0), weth, PAID))
        );
        return Plans.plan(_wethUsdc(), Plans.rounds(round));
    }

    function test_flashSwap() public {
        _measure("gas.compound-v3.flash-swap", _flashSwap(borrower));
    }

    function test_flashSwapFloor() public {
        bare.flashSwap(PAID, borrower);
        _measuredFloor("gas.compound-v3.flash-swap", weth);
    }
}
