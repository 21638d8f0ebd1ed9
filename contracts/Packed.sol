// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Funding, ILiquidator, Protocol, Venue } from "./interfaces/ILiquidator.sol";

/// @notice Where a packed plan, or a part of one, stands in calldata. See {ILiquidator.execute} for the layout.
type PlanAt is uint256;

type TokensAt is uint256;

type RoundAt is uint256;

type LegAt is uint256;

type SwapAt is uint256;

using PackedPlan for PlanAt global;
using PackedTokens for TokensAt global;
using PackedRound for RoundAt global;
using PackedLeg for LegAt global;
using PackedSwap for SwapAt global;

/// @dev One word of calldata: every packed field is read out of one, behind the end of calldata zeros follow.
function wordAt(uint256 at) pure returns (uint256 word) {
    assembly ("memory-safe") {
        word := calldataload(at)
    }
}

/// @dev The bytes behind a part's head, as long as the 16 bits at `lengthAt` of its first word say.
function extraOf(uint256 at, uint256 head, uint256 lengthAt) pure returns (bytes calldata extra) {
    assembly ("memory-safe") {
        extra.offset := add(at, head)
        extra.length := and(shr(lengthAt, calldataload(at)), 0xffff)
    }
}

/// @dev The last 20 bytes. What stands before them is taken off here: assembly sees what a conversion leaves there.
function addressOf(uint256 word) pure returns (address) {
    // forge-lint: disable-next-line(unsafe-typecast) -- masked
    return address(uint160(word & type(uint160).max));
}

/// @dev Amounts take 16 bytes; the largest stands for all there is.
function amountOf(uint256 word) pure returns (uint256 amount) {
    amount = word >> 128;
    if (amount == type(uint128).max) amount = type(uint256).max;
}

/// @title PackedPlan
/// @notice The head of a plan: one word.
library PackedPlan {
    function validUntil(PlanAt plan) internal pure returns (uint256) {
        return wordAt(PlanAt.unwrap(plan)) >> 216;
    }

    function floor(PlanAt plan) internal pure returns (uint256) {
        return (wordAt(PlanAt.unwrap(plan)) >> 120) & type(uint96).max;
    }

    function tip(PlanAt plan) internal pure returns (uint256) {
        return (wordAt(PlanAt.unwrap(plan)) >> 24) & type(uint96).max;
    }

    function tokens(PlanAt plan) internal pure returns (TokensAt) {
        return TokensAt.wrap(PlanAt.unwrap(plan) + 32);
    }

    /// @notice Where the tokens end and the rounds begin.
    function tokensEnd(PlanAt plan) internal pure returns (TokensAt) {
        unchecked {
            return
                TokensAt.wrap(
                    PlanAt.unwrap(plan) + 32 + ((wordAt(PlanAt.unwrap(plan)) >> 8) & 0xff) * PackedTokens.SIZE
                );
        }
    }

    function rounds(PlanAt plan) internal pure returns (uint256) {
        return wordAt(PlanAt.unwrap(plan)) & 0xff;
    }

    /// @notice What a tip is taken out of: the plan's token of that number, the tokens ending at `end`.
    function weth(PlanAt plan, TokensAt end) internal pure returns (address) {
        uint256 number = (wordAt(PlanAt.unwrap(plan)) >> 16) & 0xff;
        if (number == 0 || number > (wordAt(PlanAt.unwrap(plan)) >> 8) & 0xff) revert ILiquidator.BadEncoding();
        return end.numbered(number).token();
    }
}

/// @title PackedTokens
/// @notice A token of a plan and its price, 36 bytes; the next follows. A token's number counts from where they end: the last
/// is 1. So whoever knows where a round begins that stands behind them can read its tokens.
library PackedTokens {
    uint256 internal constant SIZE = 36;

    /// @notice The token of a number that was found to be one, `tokensEnd` being where the tokens end.
    function numbered(TokensAt tokensEnd, uint256 number) internal pure returns (TokensAt) {
        unchecked {
            return TokensAt.wrap(TokensAt.unwrap(tokensEnd) - number * SIZE);
        }
    }

    /// @notice The first round, `tokensEnd` being where a plan's tokens end.
    function behind(TokensAt tokensEnd) internal pure returns (RoundAt) {
        return RoundAt.wrap(TokensAt.unwrap(tokensEnd));
    }

    function next(TokensAt at) internal pure returns (TokensAt) {
        unchecked {
            return TokensAt.wrap(TokensAt.unwrap(at) + SIZE);
        }
    }

    function token(TokensAt at) internal pure returns (address) {
        return address(uint160(wordAt(TokensAt.unwrap(at)) >> 96));
    }

    function price(TokensAt at) internal pure returns (uint256) {
        unchecked {
            return wordAt(TokensAt.unwrap(at) + 20) >> 128;
        }
    }
}

/// @title PackedRound
/// @notice A round: a head of 58 bytes, then `extra`, the legs and the swaps.
library PackedRound {
    uint256 internal constant HEAD = 58;

    function isFunding(RoundAt round, Funding funding) internal pure returns (bool) {
        return wordAt(RoundAt.unwrap(round)) >> 248 == uint256(funding);
    }

    function legs(RoundAt round) internal pure returns (uint256) {
        return (wordAt(RoundAt.unwrap(round)) >> 240) & 0xff;
    }

    function swaps(RoundAt round) internal pure returns (uint256) {
        return (wordAt(RoundAt.unwrap(round)) >> 232) & 0xff;
    }

    /// @notice Whether there is no funding, one leg and no swap.
    function isOneLeg(RoundAt round) internal pure returns (bool) {
        return wordAt(RoundAt.unwrap(round)) >> 232 == uint256(Funding.None) << 16 | 1 << 8;
    }

    function source(RoundAt round) internal pure returns (address) {
        return addressOf(wordAt(RoundAt.unwrap(round)) >> 56);
    }

    /// @notice The debt token of a round whose plan's tokens end at `tokensEnd`.
    function debtTokenOf(RoundAt round, TokensAt tokensEnd) internal pure returns (TokensAt) {
        return tokensEnd.numbered((wordAt(RoundAt.unwrap(round)) >> 48) & 0xff);
    }

    /// @notice The debt token of a round that was handed back.
    function debtToken(RoundAt round) internal pure returns (address) {
        return round.debtTokenOf(round.tokens()).token();
    }

    /// @notice Of a round that was handed back: where its tokens end. See {RoundTrip} for how they are handed out.
    function tokens(RoundAt round) internal pure returns (TokensAt) {
        unchecked {
            return TokensAt.wrap(RoundAt.unwrap(round) - 1);
        }
    }

    /// @notice Of a round that was handed back: whether one before it may have left something here. Before the first, all that
    /// the plan lists was swept.
    function touched(RoundAt round) internal pure returns (bool) {
        unchecked {
            return wordAt(RoundAt.unwrap(round) - 1) >> 248 != 0;
        }
    }

    function amount(RoundAt round) internal pure returns (uint256) {
        unchecked {
            return wordAt(RoundAt.unwrap(round) + 26) >> 128;
        }
    }

    function maxPay(RoundAt round) internal pure returns (uint256) {
        unchecked {
            return amountOf(wordAt(RoundAt.unwrap(round) + 42));
        }
    }

    function extra(RoundAt round) internal pure returns (bytes calldata) {
        return extraOf(RoundAt.unwrap(round), HEAD, 216);
    }

    /// @notice The first leg, or where it would stand.
    function leg(RoundAt round) internal pure returns (LegAt) {
        unchecked {
            return LegAt.wrap(RoundAt.unwrap(round) + HEAD + ((wordAt(RoundAt.unwrap(round)) >> 216) & 0xffff));
        }
    }
}

/// @title PackedLeg
/// @notice A leg: a head of 60 bytes, then `extra`.
library PackedLeg {
    uint256 internal constant HEAD = 60;

    function isAaveV3(LegAt leg) internal pure returns (bool) {
        return wordAt(LegAt.unwrap(leg)) >> 248 == uint256(Protocol.AaveV3);
    }

    function protocol(LegAt leg) internal pure returns (Protocol) {
        return Protocol(wordAt(LegAt.unwrap(leg)) >> 248);
    }

    function market(LegAt leg) internal pure returns (address) {
        return addressOf(wordAt(LegAt.unwrap(leg)) >> 72);
    }

    function borrower(LegAt leg) internal pure returns (address) {
        unchecked {
            return address(uint160(wordAt(LegAt.unwrap(leg) + 24) >> 96));
        }
    }

    /// @notice The number of the collateral.
    function number(LegAt leg) internal pure returns (uint256) {
        return (wordAt(LegAt.unwrap(leg)) >> 64) & 0xff;
    }

    /// @notice The collateral, the tokens ending at `last`.
    function collateral(LegAt leg, TokensAt last) internal pure returns (address) {
        return last.numbered(leg.number()).token();
    }

    function repay(LegAt leg) internal pure returns (uint256) {
        unchecked {
            return amountOf(wordAt(LegAt.unwrap(leg) + 44));
        }
    }

    function extra(LegAt leg) internal pure returns (bytes calldata) {
        return extraOf(LegAt.unwrap(leg), HEAD, 232);
    }

    /// @notice Where the leg ends and the next, or the first swap, begins.
    function end(LegAt leg) internal pure returns (uint256) {
        unchecked {
            return LegAt.unwrap(leg) + HEAD + ((wordAt(LegAt.unwrap(leg)) >> 232) & 0xffff);
        }
    }
}

/// @title PackedSwap
/// @notice A swap: a head of 57 bytes, then `extra`.
library PackedSwap {
    uint256 internal constant HEAD = 57;

    function venue(SwapAt swap) internal pure returns (Venue) {
        return Venue(wordAt(SwapAt.unwrap(swap)) >> 248);
    }

    function pool(SwapAt swap) internal pure returns (address) {
        return addressOf(wordAt(SwapAt.unwrap(swap)) >> 72);
    }

    /// @notice The token sold, the tokens ending at `tokensEnd`.
    function tokenIn(SwapAt swap, TokensAt tokensEnd) internal pure returns (address) {
        return tokensEnd.numbered((wordAt(SwapAt.unwrap(swap)) >> 64) & 0xff).token();
    }

    /// @notice The token bought, the tokens ending at `tokensEnd`.
    function tokenOut(SwapAt swap, TokensAt tokensEnd) internal pure returns (address) {
        return tokensEnd.numbered((wordAt(SwapAt.unwrap(swap)) >> 56) & 0xff).token();
    }

    function amountIn(SwapAt swap) internal pure returns (uint256) {
        unchecked {
            return amountOf(wordAt(SwapAt.unwrap(swap) + 25));
        }
    }

    function minOut(SwapAt swap) internal pure returns (uint256) {
        unchecked {
            return wordAt(SwapAt.unwrap(swap) + 41) >> 128;
        }
    }

    function extra(SwapAt swap) internal pure returns (bytes calldata) {
        return extraOf(SwapAt.unwrap(swap), HEAD, 232);
    }

    /// @notice Where the swap ends and the next begins.
    function next(SwapAt swap) internal pure returns (SwapAt) {
        unchecked {
            return SwapAt.wrap(SwapAt.unwrap(swap) + HEAD + ((wordAt(SwapAt.unwrap(swap)) >> 232) & 0xffff));
        }
    }
}
