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
    uint256 private constant UNLISTED_TOKEN = 0x2efee0ce;

    /// @dev Legs, then swaps.
    /// @param only The number of every leg's collateral, where one failing leg fails the round; 0 where each may fail alone.
    /// @param lender Who may pull `owed` units of the debt token when this returns; 0 for nobody.
    /// @return landed Legs that landed.
    /// @return skipped Legs that did not.
    function _run(RoundAt round, uint256 only, address lender, uint256 owed)
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
        (uint256 landed, uint256 skipped) = _run(round, 0, lender, owed);
        Binding.leave(Binding.tallyOf(landed, skipped, fee));
    }

    /// @dev What a source is handed for the round at `round`, and must hand back: the number of the plan's tokens in a byte, the
    /// tokens with their prices, a byte that says {PackedRound.touched}, the round. It ends where its last part does. One walk
    /// over it makes sure of two things, on which a stolen operator key would break:
    /// - every part of it stands in them: what stood outside would not be bound, and whoever calls back could put other legs
    ///   and swaps there. Parts follow one another, so it is enough that the last ends before the plan does
    ///   ({ILiquidator.BadEncoding});
    /// - every token it names is listed: money leaves only in tokens that are swept before and settled after
    ///   ({ILiquidator.UnlistedToken}).
    /// @return encoded What is handed out, with {Binding.ROOM} in front.
    /// @return roundEnd Where the round ends.
    function _encoded(TokensAt first, RoundAt round, bool touched)
        internal
        pure
        returns (bytes memory encoded, uint256 roundEnd)
    {
        uint256 room = Binding.ROOM;
        assembly ("memory-safe") {
            function unlisted(nth) {
                mstore(0x00, UNLISTED_TOKEN)
                mstore(0x20, nth)
                revert(0x1c, 0x24)
            }
            // See {Packed} for the numbers. The plan's head has the number of tokens in its byte 30.
            let count := byte(30, calldataload(sub(first, 32)))
            let head := calldataload(round)
            let nth := byte(25, head) // debtToken
            if iszero(lt(sub(nth, 1), count)) { unlisted(nth) }
            roundEnd := add(add(round, 58), and(shr(216, head), 0xffff))
            for { let left := byte(1, head) } left { left := sub(left, 1) } {
                let leg := calldataload(roundEnd)
                nth := byte(23, leg) // collateral
                if iszero(lt(sub(nth, 1), count)) { unlisted(nth) }
                roundEnd := add(add(roundEnd, 60), and(shr(232, leg), 0xffff))
            }
            for { let left := byte(2, head) } left { left := sub(left, 1) } {
                let swap := calldataload(roundEnd)
                nth := byte(23, swap) // tokenIn
                if iszero(lt(sub(nth, 1), count)) { unlisted(nth) }
                nth := byte(24, swap) // tokenOut
                if iszero(lt(sub(nth, 1), count)) { unlisted(nth) }
                roundEnd := add(add(roundEnd, 57), and(shr(232, swap), 0xffff))
            }
            // Nothing is copied that ends behind the plan.
            if iszero(gt(roundEnd, calldatasize())) {
                encoded := add(mload(0x40), room)
                let size := sub(roundEnd, round)
                let at := add(encoded, 0x20)
                mstore8(at, count)
                count := mul(count, 36)
                mstore(encoded, add(add(count, 2), size))
                at := add(at, 1)
                calldatacopy(at, first, count)
                at := add(at, count)
                mstore8(at, touched)
                at := add(at, 1)
                calldatacopy(at, round, size)
                mstore(0x40, and(add(add(at, size), 0x1f), not(0x1f)))
            }
        }
        if (roundEnd > msg.data.length) revert ILiquidator.BadEncoding();
    }

    /// @dev The round that {_encoded} handed out.
    function _decoded(bytes calldata data) internal pure returns (RoundAt round) {
        assembly ("memory-safe") {
            round := add(add(data.offset, 2), mul(byte(0, calldataload(data.offset)), 36))
        }
    }
}
