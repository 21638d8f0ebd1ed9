// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Plan, Round } from "../../interfaces/ILiquidator.sol";
import { Lenders } from "../funding/Lenders.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";
import { Markets } from "../venues/Markets.sol";
import { BareLoans } from "./BareOther.sol";
import { Measured } from "./Measured.sol";

/// @notice `pnpm bench:gas`: one Aave liquidation of 5,000 USDC by each kind of loan, all that was seized sold in one pool.
/// forge-config: default.isolate = true
contract FundingGasBench is Lenders, Measured {
    BareLoans private bare;
    address private borrower;

    function setUp() public override(Lab, Markets) {
        super.setUp();
        address first = _openWethUsdc();
        borrower = _openWethUsdc();
        _setPrice(weth, 1769);
        bytes memory args = abi.encode(aave, _source(Source.Morpho), _pool(weth, usdc, 500), weth, usdc, TREASURY);
        bare = BareLoans(vm.deployCode("BareOther.sol:BareLoans", args));
        _warm(_loan(Source.Morpho, first));
    }

    function _loan(Source source, address who) private returns (Plan memory) {
        Round memory round = _round(
            source,
            who,
            Plans.swaps(Plans.sale(_pool(weth, usdc, 500), weth, usdc, Plans.ALL, REPAID + _fee(source, REPAID)))
        );
        return Plans.plan(_wethUsdc(), Plans.rounds(round));
    }

    function _run(string memory name, Source source) private {
        _measure(name, _loan(source, borrower));
    }

    function test_balancerV2() public {
        _run("gas.aave-v3.balancer-v2", Source.BalancerV2);
    }

    function test_balancerV2Floor() public {
        bare.balancerV2(_source(Source.BalancerV2), REPAID, borrower);
        _measuredFloor("gas.aave-v3.balancer-v2", usdc);
    }

    function test_balancerV3() public {
        _run("gas.aave-v3.balancer-v3", Source.BalancerV3);
    }

    function test_balancerV3Floor() public {
        bare.balancerV3(_source(Source.BalancerV3), REPAID, borrower);
        _measuredFloor("gas.aave-v3.balancer-v3", usdc);
    }

    function test_morpho() public {
        _run("gas.aave-v3.morpho", Source.Morpho);
    }

    function test_morphoFloor() public {
        bare.morpho(_source(Source.Morpho), REPAID, borrower);
        _measuredFloor("gas.aave-v3.morpho", usdc);
    }

    function test_uniswapV3Flash() public {
        _run("gas.aave-v3.uniswap-v3-flash", Source.V3Flash);
    }

    function test_uniswapV3FlashFloor() public {
        bare.uniswapV3Flash(_source(Source.V3Flash), usdc < wbtc, REPAID, borrower);
        _measuredFloor("gas.aave-v3.uniswap-v3-flash", usdc);
    }

    function test_uniswapV4() public {
        _run("gas.aave-v3.uniswap-v4", Source.V4);
    }

    function test_uniswapV4Floor() public {
        bare.uniswapV4(_source(Source.V4), REPAID, borrower);
        _measuredFloor("gas.aave-v3.uniswap-v4", usdc);
    }
}
