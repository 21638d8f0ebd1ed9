// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { IBalancerV2FlashLoanRecipient, IBalancerV2Vault } from "../interfaces/external/IBalancer.sol";
import { RoundAt, TokensAt } from "../Packed.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title BalancerV2
/// @notice A loan of Balancer's v2 Vault. Its fee is a parameter of the protocol; the round's `maxPay` bounds it.
abstract contract BalancerV2 is RoundTrip, IBalancerV2FlashLoanRecipient {
    function _askBalancerV2(RoundAt round, TokensAt tokensEnd, bytes memory encoded)
        internal
        returns (uint256, bytes memory)
    {
        address[] memory tokens = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (tokens[0], amounts[0]) = (round.debtTokenOf(tokensEnd).token(), round.amount());
        address vault = round.source();
        return Binding.callBound(
            vault,
            Binding.keyOfMemory(vault, IBalancerV2FlashLoanRecipient.receiveFlashLoan.selector, encoded),
            abi.encodeCall(IBalancerV2Vault.flashLoan, (address(this), tokens, amounts, encoded))
        );
    }

    /// @inheritdoc IBalancerV2FlashLoanRecipient
    function receiveFlashLoan(
        address[] calldata,
        uint256[] calldata amounts,
        uint256[] calldata feeAmounts,
        bytes calldata userData
    ) external {
        Binding.enter(userData);
        RoundAt round = _decoded(userData);
        Money.send(round.debtToken(), msg.sender, _runLent(round, amounts[0], feeAmounts[0], address(0)));
    }
}
