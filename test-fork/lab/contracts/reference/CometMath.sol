// Plimsoll's own reference contract of Compound v3 (Comet), part 2: its arithmetic. Compared call by call with
// compound-finance/comet d5a30b0a (CometWithExtendedAssetList, CometExtAssetList, AssetList) on random lives of a market.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ICometTypes } from "./CometTypes.sol";

/// @title Comet's fixed-point arithmetic: every division rounds toward zero unless it says otherwise.
abstract contract CometMath is ICometTypes {
    uint64 internal constant FACTOR = 1e18;
    uint64 internal constant INDEX_SCALE = 1e15;
    uint64 internal constant TRACKING_ACCRUAL_SCALE = 1e6;

    // ---- narrowing ----

    function _u64(uint256 x) internal pure returns (uint64) {
        if (x > type(uint64).max) revert InvalidUInt64();
        return uint64(x);
    }

    function _u104(uint256 x) internal pure returns (uint104) {
        if (x > type(uint104).max) revert InvalidUInt104();
        return uint104(x);
    }

    function _u128(uint256 x) internal pure returns (uint128) {
        if (x > type(uint128).max) revert InvalidUInt128();
        return uint128(x);
    }

    function _i104(uint104 x) internal pure returns (int104) {
        if (x > uint104(type(int104).max)) revert InvalidInt104();
        return int104(x);
    }

    function _i256(uint256 x) internal pure returns (int256) {
        if (x > uint256(type(int256).max)) revert InvalidInt256();
        return int256(x);
    }

    function _positive(int256 x) internal pure returns (uint256) {
        if (x < 0) revert NegativeNumber();
        return uint256(x);
    }

    // ---- prices and factors ----

    /// @dev `n * factor / 1e18`, floor.
    function _mulFactor(uint256 n, uint256 factor) internal pure returns (uint256) {
        return n * factor / FACTOR;
    }

    /// @dev USD (8 decimals) of `n` units at `price`, floor.
    function _value(uint256 n, uint256 price, uint64 scale) internal pure returns (uint256) {
        return n * price / scale;
    }

    /// @dev USD (8 decimals) of a signed balance; the magnitude is floored.
    function _signedValue(int256 n, uint256 price, uint64 scale) internal pure returns (int256) {
        return n * _i256(price) / int256(uint256(scale));
    }

    // ---- principal and present value ----

    /// @dev Base units of a principal at the given indices. The magnitude is floored on both sides of zero.
    function _presentValue(int104 principal, uint64 supplyIndex, uint64 borrowIndex) internal pure returns (int256) {
        if (principal >= 0) return _i256(_scaleUp(uint104(principal), supplyIndex));
        return -_i256(_scaleUp(uint104(-principal), borrowIndex));
    }

    /// @dev `principal * index / 1e15`, floor.
    function _scaleUp(uint104 principal, uint64 index) internal pure returns (uint256) {
        return uint256(principal) * index / INDEX_SCALE;
    }

    /// @dev The principal of a signed balance: what is supplied is floored, what is owed rounded up, both against the account.
    function _principalValue(int256 balance, uint64 supplyIndex, uint64 borrowIndex) internal pure returns (int104) {
        if (balance >= 0) return _i104(_u104(uint256(balance) * INDEX_SCALE / supplyIndex));
        return -_i104(_u104((uint256(-balance) * INDEX_SCALE + borrowIndex - 1) / borrowIndex));
    }

    // ---- what a change of principal does to the totals ----

    /// @dev A principal that grew: how much of it paid a debt back and how much is new supply.
    function _repaidAndSupplied(int104 from, int104 to) internal pure returns (uint104 repaid, uint104 supplied) {
        if (to < from) return (0, 0);
        if (to <= 0) return (uint104(to - from), 0);
        if (from >= 0) return (0, uint104(to - from));
        return (uint104(-from), uint104(to));
    }

    /// @dev A principal that shrank: how much of it left supply and how much is new debt.
    function _withdrawnAndBorrowed(int104 from, int104 to) internal pure returns (uint104 withdrawn, uint104 borrowed) {
        if (to > from) return (0, 0);
        if (to >= 0) return (uint104(from - to), 0);
        if (from <= 0) return (0, uint104(from - to));
        return (uint104(from), uint104(-to));
    }

    // ---- which collaterals an account has ----

    /// @dev Bits 0 to 15 lie in `assetsIn`, 16 to 23 in `_reserved`.
    function _holds(UserBasic memory user, uint8 offset) internal pure returns (bool) {
        if (offset < 16) return user.assetsIn & (uint16(1) << offset) != 0;
        return user._reserved & (uint8(1) << (offset - 16)) != 0;
    }
}
