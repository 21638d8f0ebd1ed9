// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ICometTypes } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { CometScenario } from "./CometScenario.sol";
import { IComet } from "./IComet.sol";

/// @notice Random lives whose every answer, log and view is known from the published Comet: the digests below are those of
/// compound-finance/comet d5a30b0a (CometWithExtendedAssetList), step for step.
contract CometScenarioTest is CometScenario {
    bytes32 private constant FIRST = 0xd8ad1dfd89532ea032f23314979c1cd59191cad1f89fb68cd715c04f9b83116e;
    bytes32 private constant SECOND = 0xb79548708b099586af266c5bd91a79245595711950bf1565de8e1e40a9f613b9;
    bytes32 private constant THIRD = 0xe8004d1615cc4a3cb59dd82ab5898bea871ba7ce225b4ee4bcb8a30ed37c214f;

    mapping(bytes4 selector => uint256) private _seen;

    function test_FirstLifeIsThatOfThePublishedComet() public {
        Step[] memory steps = _live(10, 250);
        assertEq(_digest(steps), FIRST);
        _count(steps);
        assertGt(_seen[IComet.absorb.selector], 0, "absorbs");
        assertGt(_seen[IComet.buyCollateral.selector], 0, "purchases");
        assertGt(_seen[IComet.transfer.selector], 0, "transfers");
        assertGt(_seen[ICometTypes.NotLiquidatable.selector], 0, "healthy accounts");
        assertGt(_seen[ICometTypes.NotCollateralized.selector], 0, "loans refused");
        assertGt(_seen[ICometTypes.InsufficientReserves.selector], 0, "empty stocks");
    }

    function test_SecondLifeIsThatOfThePublishedComet() public {
        assertEq(_digest(_live(13, 250)), SECOND);
    }

    function test_ThirdLifeIsThatOfThePublishedComet() public {
        assertEq(_digest(_live(16, 250)), THIRD);
    }

    /// @dev Landed calls by their selector, refused ones by their error's.
    function _count(Step[] memory steps) private {
        for (uint256 i; i < steps.length; ++i) {
            ++_seen[bytes4(steps[i].landed ? steps[i].call : steps[i].returned)];
        }
    }
}
