// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Leg, Plan, PricedToken, Round, Swap } from "../interfaces/ILiquidator.sol";

/// @title Packing
/// @notice Plans as {ILiquidator.execute} takes them, written from its layout and not from the contract's reading of it.
library Packing {
    /// @notice A whole plan. `validUntil` and `floor` are cut to the largest there is room for.
    function pack(Plan memory plan) internal pure returns (bytes memory data) {
        uint256 validUntil = plan.validUntil < type(uint40).max ? plan.validUntil : type(uint40).max;
        uint256 floor = plan.floor < type(uint96).max ? plan.floor : type(uint96).max;
        data = abi.encodePacked(
            _bytes(validUntil, 5),
            _bytes(floor, 12),
            _bytes(plan.tip, 12),
            _bytes(plan.tip == 0 ? 0 : _number(plan.tokens, plan.weth), 1),
            _bytes(plan.tokens.length, 1),
            _bytes(plan.rounds.length, 1)
        );
        data = bytes.concat(data, pack(plan.tokens));
        for (uint256 i; i < plan.rounds.length; ++i) {
            data = bytes.concat(data, pack(plan.rounds[i], plan.tokens));
        }
    }

    /// @notice The bytes a funding source is handed for a round, and must hand back.
    /// @param touched Whether a round landed before.
    function handed(Round memory round, PricedToken[] memory tokens, bool touched)
        internal
        pure
        returns (bytes memory)
    {
        return bytes.concat(_bytes(tokens.length, 1), pack(tokens), _bytes(touched ? 1 : 0, 1), pack(round, tokens));
    }

    /// @notice The tokens.
    function pack(PricedToken[] memory tokens) internal pure returns (bytes memory data) {
        for (uint256 i; i < tokens.length; ++i) {
            data = abi.encodePacked(data, tokens[i].token, _bytes(tokens[i].price, 16));
        }
    }

    /// @notice A round of a plan with `tokens`.
    function pack(Round memory round, PricedToken[] memory tokens) internal pure returns (bytes memory data) {
        data = abi.encodePacked(
            uint8(round.funding),
            _bytes(round.legs.length, 1),
            _bytes(round.swaps.length, 1),
            _bytes(round.extra.length, 2),
            round.source,
            _bytes(_number(tokens, round.debtToken), 1),
            _bytes(round.amount, 16),
            _amount(round.maxPay)
        );
        data = bytes.concat(data, round.extra);
        for (uint256 i; i < round.legs.length; ++i) {
            data = bytes.concat(data, pack(round.legs[i], tokens));
        }
        for (uint256 i; i < round.swaps.length; ++i) {
            data = bytes.concat(data, pack(round.swaps[i], tokens));
        }
    }

    /// @notice A leg.
    function pack(Leg memory leg, PricedToken[] memory tokens) internal pure returns (bytes memory) {
        return abi.encodePacked(
            uint8(leg.protocol),
            _bytes(leg.extra.length, 2),
            leg.market,
            _bytes(_number(tokens, leg.collateral), 1),
            leg.borrower,
            _amount(leg.repay),
            leg.extra
        );
    }

    /// @notice A swap.
    function pack(Swap memory swap, PricedToken[] memory tokens) internal pure returns (bytes memory) {
        return abi.encodePacked(
            uint8(swap.venue),
            _bytes(swap.extra.length, 2),
            swap.pool,
            _bytes(_number(tokens, swap.tokenIn), 1),
            _bytes(_number(tokens, swap.tokenOut), 1),
            _amount(swap.amountIn),
            _bytes(swap.minOut, 16),
            swap.extra
        );
    }

    /// @dev The last is 1; a token that is not listed has no number, which is 0.
    function _number(PricedToken[] memory tokens, address token) private pure returns (uint256) {
        for (uint256 i; i < tokens.length; ++i) {
            if (tokens[i].token == token) return tokens.length - i;
        }
        return 0;
    }

    function _amount(uint256 value) private pure returns (bytes memory) {
        return _bytes(value == type(uint256).max ? type(uint128).max : value, 16);
    }

    /// @dev The last `size` bytes of `value`, before which there must be nothing.
    function _bytes(uint256 value, uint256 size) private pure returns (bytes memory data) {
        require(value >> (8 * size) == 0, "does not fit a packed plan");
        data = new bytes(size);
        for (uint256 i = size; i != 0; --i) {
            // forge-lint: disable-next-line(unsafe-typecast) -- the last byte is what is asked for
            data[i - 1] = bytes1(uint8(value));
            value >>= 8;
        }
    }
}
