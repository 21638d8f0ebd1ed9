// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { Round } from "../interfaces/ILiquidator.sol";
import { IMorpho, IMorphoFlashLoanCallback } from "../interfaces/external/IMorpho.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title MorphoFlashLoan
/// @notice A loan of Morpho Blue: whatever it holds of the token, without a fee, pulled back afterwards.
abstract contract MorphoFlashLoan is RoundTrip, IMorphoFlashLoanCallback {
    function _askMorpho(Round calldata round, bytes calldata encoded) internal returns (bool ok, bytes memory reason) {
        (ok, reason) = Binding.callBound(
            round.source,
            IMorphoFlashLoanCallback.onMorphoFlashLoan.selector,
            keccak256(encoded),
            abi.encodeCall(IMorpho.flashLoan, (round.debtToken, round.amount, encoded))
        );
        // A lender that does not take its money back must not keep the right to.
        if (ok) Money.disallow(round.debtToken, round.source);
    }

    /// @inheritdoc IMorphoFlashLoanCallback
    function onMorphoFlashLoan(uint256 assets, bytes calldata data) external {
        Binding.enter(data);
        Round calldata round = _decoded(data);
        Money.allow(round.debtToken, msg.sender, _runLent(round, assets, 0));
    }
}
