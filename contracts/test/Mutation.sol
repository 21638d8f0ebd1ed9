// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

/// @title Mutation
/// @notice Changes a call a little: a packed plan has no words, so a byte, an amount, or one address for another.
library Mutation {
    uint256 private constant SELECTOR = 4;

    /// @param at Where, as far as that is for the seed to say.
    /// @param seed What, and which of the three.
    /// @param inPlay Addresses that stand in the call, or might.
    function mutate(bytes memory data, uint256 at, uint256 seed, address[8] memory inPlay) internal pure {
        uint256 word = seed >> 16;
        if (seed % 3 == 0) _write(data, at, 1, word);
        else if (seed % 3 == 1) _write(data, at, 16, seed & 0x100 == 0 ? word % 1024 : word);
        else _replace(data, inPlay[at % 8], inPlay[word % 8]);
    }

    /// @dev The last `size` bytes of `word`, anywhere behind the selector.
    function _write(bytes memory data, uint256 at, uint256 size, uint256 word) private pure {
        at = SELECTOR + at % (data.length - SELECTOR - size + 1);
        for (uint256 i; i < size; ++i) {
            // forge-lint: disable-next-line(unsafe-typecast) -- the byte that is meant
            data[at + i] = bytes1(uint8(word >> 8 * (size - 1 - i)));
        }
    }

    function _replace(bytes memory data, address from, address to) private pure {
        for (uint256 at = SELECTOR; at + 20 <= data.length; ++at) {
            assembly ("memory-safe") {
                let place := add(add(data, 0x20), at)
                let word := mload(place)
                if eq(shr(96, word), from) { mstore(place, or(shl(96, to), shr(160, shl(160, word)))) }
            }
        }
    }
}
