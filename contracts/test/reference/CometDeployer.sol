// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Test } from "forge-std/Test.sol";
import { CometAsset, CometConfig, RateCurve } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { IFeed } from "../ILab.sol";
import { IComet } from "./IComet.sol";

/// @title CometDeployer
/// @notice Deploys the Comet that the suites run on.
/// @dev `COMET_ARTIFACT`: path, inside this folder, of the artifact to run them on; by default the reference contract as
/// `pnpm lab` builds it. Any other artifact's constructor must take the same {CometConfig} and leave a market that is
/// initialised and answers {IComet}: for a published build, a proxy that deploys it with its extension.
abstract contract CometDeployer is Test {
    function _deployComet(CometConfig memory config) internal returns (IComet) {
        return IComet(deployCode(_cometArtifact(), abi.encode(config)));
    }

    function _cometArtifact() internal view virtual returns (string memory path) {
        path = vm.envOr("COMET_ARTIFACT", string("out-lab/Comet.sol/Comet.json"));
        require(vm.exists(path), "no Comet artifact: run `pnpm lab` or set COMET_ARTIFACT");
    }

    /// @dev A token of the lab of its own, minted by anybody.
    function _newToken(string memory symbol, uint8 decimals) internal returns (address token) {
        token = deployCode("out-lab/Token.sol/Token.json", abi.encode(symbol, symbol, decimals));
        vm.label(token, symbol);
    }

    /// @dev A feed of the lab of its own. `answer`: USD, 8 decimals.
    function _newFeed(string memory symbol, int256 answer) internal returns (IFeed) {
        return IFeed(deployCode("out-lab/PriceFeed.sol/PriceFeed.json", abi.encode(symbol, answer)));
    }

    /// @dev A market like the large ones: kink at 85 %, half of the penalty as discount. No assets yet.
    function _cometConfig(address base, address feed) internal returns (CometConfig memory config) {
        config.name = "Compound USDC";
        config.symbol = "cUSDCv3";
        config.governor = makeAddr("governor");
        config.pauseGuardian = makeAddr("guardian");
        config.baseToken = base;
        config.baseFeed = feed;
        config.supplyCurve = RateCurve(0.85e18, 0.048e18, 1.6e18, 0);
        config.borrowCurve = RateCurve(0.85e18, 0.053e18, 1.8e18, 0.015e18);
        config.storeFrontPriceFactor = 0.5e18;
        config.trackingIndexScale = 1e15;
        config.baseTrackingSupplySpeed = 0.000402083333e15;
        config.baseTrackingBorrowSpeed = 0.000402083333e15;
        config.baseMinForRewards = 1_000_000e6;
        config.baseBorrowMin = 100e6;
        config.targetReserves = 5_000_000e6;
    }

    function _cometAsset(
        address asset,
        address feed,
        uint8 decimals,
        uint64 borrowFactor,
        uint64 liquidateFactor,
        uint64 liquidationFactor,
        uint128 cap
    ) internal pure returns (CometAsset memory) {
        return CometAsset(asset, feed, decimals, borrowFactor, liquidateFactor, liquidationFactor, cap);
    }
}
