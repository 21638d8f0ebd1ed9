// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { IBalancerV3Vault } from "../interfaces/external/IBalancer.sol";
import { RoundAt } from "../Packed.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title BalancerV3
/// @notice What Balancer's v3 Vault hands out while unlocked; no fee.
abstract contract BalancerV3 is RoundTrip {
    function _askBalancerV3(RoundAt round, bytes memory encoded) internal returns (uint256, bytes memory) {
        address vault = round.source();
        return Binding.callBound(
            vault,
            Binding.keyOfMemory(vault, this.balancerV3Unlocked.selector, encoded),
            abi.encodeCall(IBalancerV3Vault.unlock, (abi.encodeCall(this.balancerV3Unlocked, (encoded))))
        );
    }

    /// @notice Called by the Vault while it is unlocked for us: it calls its caller with the calldata it was given.
    /// @param encoded The round.
    function balancerV3Unlocked(bytes calldata encoded) external {
        Binding.enter(encoded);
        RoundAt round = _decoded(encoded);
        address token = round.debtToken();
        IBalancerV3Vault vault = IBalancerV3Vault(msg.sender);
        vault.sendTo(token, address(this), round.amount());
        uint256 owed = _runLent(round, round.amount(), 0, address(0));
        Money.send(token, msg.sender, owed);
        uint256 credit = vault.settle(token, owed);
        if (credit != owed) revert ILiquidator.ShortFunding(credit, owed);
    }
}
