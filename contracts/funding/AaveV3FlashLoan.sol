// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Money } from "../Money.sol";
import { ILiquidator } from "../interfaces/ILiquidator.sol";
import {
    IAaveV3FlashLoanReceiver,
    IAaveV3FlashLoanSimpleReceiver,
    IAaveV3Pool
} from "../interfaces/external/IAaveV3Pool.sol";
import { RoundAt, TokensAt } from "../Packed.sol";
import { Binding } from "./Binding.sol";
import { RoundTrip } from "./RoundTrip.sol";

/// @title AaveV3FlashLoan
/// @notice Aave v3's `flashLoanSimple` and `flashLoan`: lend for a premium, which the latter waives for those with the
/// flash borrower role, and pull both back afterwards.
abstract contract AaveV3FlashLoan is RoundTrip, IAaveV3FlashLoanSimpleReceiver, IAaveV3FlashLoanReceiver {
    function _askAaveV3Simple(RoundAt round, TokensAt tokensEnd, bytes memory encoded)
        internal
        returns (uint256 tally, bytes memory reason)
    {
        address token = round.debtTokenOf(tokensEnd).token();
        bytes4 selector = IAaveV3Pool.flashLoanSimple.selector;
        uint256 amount = round.amount();
        bytes memory payload;
        assembly ("memory-safe") {
            // By hand, in the room before it.
            payload := sub(encoded, 0xc4)
            mstore(payload, add(mload(encoded), 0xc4))
            mstore(sub(encoded, 0xa4), selector)
            mstore(sub(encoded, 0xa0), address())
            mstore(sub(encoded, 0x80), token)
            mstore(sub(encoded, 0x60), amount)
            mstore(sub(encoded, 0x40), 0xa0)
            mstore(sub(encoded, 0x20), 0) // referral code
        }
        return
            _askAaveV3(
                round.source(), token, encoded, IAaveV3FlashLoanSimpleReceiver.executeOperation.selector, payload
            );
    }

    function _askAaveV3Many(RoundAt round, TokensAt tokensEnd, bytes memory encoded)
        internal
        returns (uint256 tally, bytes memory reason)
    {
        address[] memory assets = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (assets[0], amounts[0]) = (round.debtTokenOf(tokensEnd).token(), round.amount());
        bytes memory payload = abi.encodeCall(
            IAaveV3Pool.flashLoan, (address(this), assets, amounts, new uint256[](1), address(this), encoded, 0)
        );
        return
            _askAaveV3(round.source(), assets[0], encoded, IAaveV3FlashLoanReceiver.executeOperation.selector, payload);
    }

    function _askAaveV3(address lender, address token, bytes memory encoded, bytes4 selector, bytes memory payload)
        private
        returns (uint256 tally, bytes memory reason)
    {
        (tally, reason) = Binding.callBound(lender, Binding.keyOfMemory(lender, selector, encoded), payload);
        // A lender that does not take its money back must not keep the right to.
        if (tally != 0) Money.disallow(token, lender);
    }

    /// @inheritdoc IAaveV3FlashLoanSimpleReceiver
    function executeOperation(address, uint256 amount, uint256 premium, address initiator, bytes calldata params)
        external
        returns (bool)
    {
        return _lentByAaveV3(amount, premium, initiator, params);
    }

    /// @inheritdoc IAaveV3FlashLoanReceiver
    function executeOperation(
        address[] calldata,
        uint256[] calldata amounts,
        uint256[] calldata premiums,
        address initiator,
        bytes calldata params
    ) external returns (bool) {
        return _lentByAaveV3(amounts[0], premiums[0], initiator, params);
    }

    function _lentByAaveV3(uint256 amount, uint256 premium, address initiator, bytes calldata params)
        private
        returns (bool)
    {
        Binding.enter(params);
        if (initiator != address(this)) revert ILiquidator.WrongInitiator(initiator);
        _runLent(_decoded(params), amount, premium, msg.sender);
        return true;
    }
}
