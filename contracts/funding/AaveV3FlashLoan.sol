// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { ILiquidator, Round } from "../interfaces/ILiquidator.sol";
import { IAaveV3FlashLoanSimpleReceiver, IAaveV3Pool } from "../interfaces/external/IAaveV3Pool.sol";
import { Allowance } from "../protocols/Allowance.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";
import { Tally } from "./Tally.sol";

/// @title AaveV3FlashLoan
/// @notice Aave's `flashLoanSimple`: lends one asset for a premium and pulls both back afterwards.
abstract contract AaveV3FlashLoan is RoundTrip, IAaveV3FlashLoanSimpleReceiver {
    function _askAaveV3Simple(Round calldata round, bytes calldata encoded)
        internal
        returns (bool ok, bytes memory reason)
    {
        bytes memory payload = abi.encodeCall(
            IAaveV3Pool.flashLoanSimple, (address(this), round.debtToken, round.amount, encoded, 0)
        );
        (ok, reason) = Binding.callBound(
            round.source, IAaveV3FlashLoanSimpleReceiver.executeOperation.selector, keccak256(encoded), payload
        );
        // A lender that does not take its money back must not keep the right to.
        if (ok) Allowance.clear(round.debtToken, round.source);
    }

    /// @inheritdoc IAaveV3FlashLoanSimpleReceiver
    function executeOperation(address asset, uint256 amount, uint256 premium, address initiator, bytes calldata params)
        external
        returns (bool)
    {
        Binding.enter(params);
        if (initiator != address(this)) revert ILiquidator.WrongInitiator(initiator);
        Round calldata round = _decoded(params);
        if (asset != round.debtToken || amount != round.amount) revert ILiquidator.ShortFunding(amount, round.amount);

        _run(round, false);
        Tally.addFee(premium);
        SafeTransferLib.safeApprove(asset, msg.sender, amount + premium);
        return true;
    }
}
