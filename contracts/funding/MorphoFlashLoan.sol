// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { IMorpho, IMorphoFlashLoanCallback } from "../interfaces/external/IMorpho.sol";
import { RoundAt, TokensAt } from "../Packed.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title MorphoFlashLoan
/// @notice A loan of Morpho Blue: whatever it holds of the token, without a fee, pulled back afterwards.
abstract contract MorphoFlashLoan is RoundTrip, IMorphoFlashLoanCallback {
    function _askMorpho(RoundAt round, TokensAt tokensEnd, bytes memory encoded)
        internal
        returns (uint256 tally, bytes memory reason)
    {
        address lender = round.source();
        address token = round.debtTokenOf(tokensEnd).token();
        (tally, reason) = Binding.callBound(
            lender,
            Binding.keyOfMemory(lender, IMorphoFlashLoanCallback.onMorphoFlashLoan.selector, encoded),
            abi.encodeCall(IMorpho.flashLoan, (token, round.amount(), encoded))
        );
        // A lender that does not take its money back must not keep the right to.
        if (tally != 0) Money.disallow(token, lender);
    }

    /// @inheritdoc IMorphoFlashLoanCallback
    function onMorphoFlashLoan(uint256 assets, bytes calldata data) external {
        Binding.enter(data);
        _runLent(_decoded(data), assets, 0, msg.sender);
    }
}
