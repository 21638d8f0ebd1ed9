// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ILiquidator } from "../interfaces/ILiquidator.sol";
import { RoundAt, TokensAt } from "../Packed.sol";
import { Binding } from "./Binding.sol";

/// @title RoundTrip
/// @notice What every funding source shares: it is asked with the round's bytes, and its callback runs the round they
/// encode.
abstract contract RoundTrip {
    /// @dev Selector of {ILiquidator.UnlistedToken}, as assembly takes no other.
    uint256 private constant UNLISTED_TOKEN = 0x59edfbf6;

    /// @dev Legs, then swaps. `whole`: one failing leg fails the round.
    /// @param lender Who may pull `owed` units of the debt token when this returns; 0 for nobody.
    /// @return landed Legs that landed.
    /// @return skipped Legs that did not.
    function _run(RoundAt round, bool whole, address lender, uint256 owed)
        internal
        virtual
        returns (uint256 landed, uint256 skipped);

    /// @dev What every loan's callback does between receiving `received` units and owing them back with `fee` on top.
    /// @param lender Who pulls it back, and may when this returns; 0 if it is sent.
    /// @return owed Both, units of the round's debt token.
    function _runLent(RoundAt round, uint256 received, uint256 fee, address lender) internal returns (uint256 owed) {
        uint256 amount = round.amount();
        if (received != amount) revert ILiquidator.ShortFunding(received, amount);
        if (fee > round.maxPay()) revert ILiquidator.PayAboveMax(fee, round.maxPay());
        owed = received + fee;
        (uint256 landed, uint256 skipped) = _run(round, false, lender, owed);
        Binding.leave(Binding.tallyOf(landed, skipped, fee));
    }

    /// @dev The bytes of the round that begins at `start`; it ends where its last part does. One walk over it makes sure of
    /// two things, on which a stolen operator key would break:
    /// - every part of it stands in them: what stood outside would not be bound, and whoever calls back could put other legs
    ///   and swaps there. Parts follow one another, so it is enough that the last ends before the plan does
    ///   ({ILiquidator.BadEncoding});
    /// - every token it names is listed: money leaves only in tokens that are swept before and settled after
    ///   ({ILiquidator.UnlistedToken}).
    function _encoded(TokensAt tokens, TokensAt past, uint256 start, uint256 end)
        internal
        pure
        returns (bytes calldata slice)
    {
        assembly ("memory-safe") {
            // Reverts unless the 20 bytes at `at` are one of the (token, price) from `first` to `last`.
            function listed(at, first, last) {
                let token := shr(96, calldataload(at))
                for { } lt(first, last) { first := add(first, 36) } {
                    if eq(shr(96, calldataload(first)), token) { leave }
                }
                mstore(0x00, UNLISTED_TOKEN)
                mstore(0x20, token)
                revert(0x1c, 0x24)
            }
            // See {Packed} for the numbers.
            let head := calldataload(start)
            listed(add(start, 25), tokens, past) // debtToken
            let at := add(add(start, 77), and(shr(216, head), 0xffff))
            for { let left := byte(1, head) } left { left := sub(left, 1) } {
                listed(add(at, 43), tokens, past) // collateral
                at := add(add(at, 79), and(shr(232, calldataload(at)), 0xffff))
            }
            for { let left := byte(2, head) } left { left := sub(left, 1) } {
                listed(add(at, 23), tokens, past) // tokenIn
                listed(add(at, 43), tokens, past) // tokenOut
                at := add(add(at, 95), and(shr(232, calldataload(at)), 0xffff))
            }
            slice.offset := start
            slice.length := sub(at, start)
        }
        if (start + slice.length > end) revert ILiquidator.BadEncoding();
    }

    /// @dev The reverse of {_encoded}.
    function _decoded(bytes calldata data) internal pure returns (RoundAt round) {
        assembly ("memory-safe") {
            round := data.offset
        }
    }
}
