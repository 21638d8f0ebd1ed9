// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { LibCall } from "solady/utils/LibCall.sol";
import { FixedPointMathLib } from "solady/utils/FixedPointMathLib.sol";
import { Calls } from "../Calls.sol";
import { ILiquidator, Protocol } from "../interfaces/ILiquidator.sol";
import { IMarginModule, IMarginOracle } from "../interfaces/external/IDex223.sol";
import { Money } from "../Money.sol";
import { LegAt, wordAt } from "../Packed.sol";

/// @title Dex223
/// @notice One leg on Dex223 margin: freeze a position, or confirm its liquidation at least a second later and take the
/// reward. `Leg.market` is the module, `Leg.borrower` the position's id as an address, `Leg.collateral` what the reward ends
/// up as here, 0 for the native coin. `Leg.extra` is packed:
///
/// | part | bytes |
/// |---|---|
/// | always | 1 to confirm, 0 to freeze 1, most gas the module may burn, as a poisoned position burns all it gets, 0 for no limit 4 |
/// | where the reward does not come as `Leg.collateral`, or there are pre-sales | `reward` 20, `converter` 20 |
/// | each pre-sale | `assetId` 2, `whitelistId1` 2, `whitelistId2` 2, `amount` 16, `feeTier` 3, `minOut` 16 |
///
/// `reward` is what the module pays in: 0 for the native coin, which is wrapped where the leg's collateral is WETH; an ERC-20;
/// or an ERC-223, which `converter`, if not 0, turns into its ERC-20 form, the leg's collateral.
///
/// A pre-sale sells out of the position before it is confirmed, where the module's own sale would fail, into the base asset
/// only: `amount` units of the asset number `assetId` of the position and `whitelistId1` of the order's token list, where the
/// base asset is number `whitelistId2`, in the pool of `feeTier`, for at least `minOut` units of base, raised to
/// {LEAST_BPS} of what the order's oracle says.
library Dex223 {
    /// @notice A pre-sale brings at least this share of the oracle's value, bps.
    uint256 internal constant LEAST_BPS = 9500;
    uint256 private constant BPS = 10_000;
    /// @dev The parts of `Leg.extra`, bytes.
    uint256 private constant ALWAYS = 5;
    uint256 private constant FORM = 40;
    uint256 private constant PRE_SALE = 41;

    /// @notice Whether the leg is one call to the module: a freeze, or a confirmation whose reward comes as the leg's collateral.
    function isOneCall(LegAt leg) internal pure returns (bool) {
        return leg.extra().length == ALWAYS;
    }

    /// @notice Freezes or confirms. Where that is one call, a module that reverts has changed nothing. It may also succeed and
    /// do the other of the two: a late confirmation freezes anew and says nothing. That is {ILiquidator.NotLanded}, and for
    /// whoever calls this to undo.
    /// @param debtToken The round's, for the event.
    /// @param collateral The leg's.
    /// @param payee Whom the module pays a reward in the native coin; all else is paid to this contract.
    /// @return ok Whether the position is frozen now and by us, or liquidated.
    /// @return reason Why not.
    /// @return seized Units of the leg's collateral that arrived; 0 for a freeze.
    function liquidate(LegAt leg, address debtToken, address collateral, address payee)
        internal
        returns (bool ok, bytes memory reason, uint256 seized)
    {
        if (_head(leg) >> 248 == 0) {
            (ok, reason) = _freeze(leg);
            return (ok, reason, 0);
        }
        address reward = isOneCall(leg) ? collateral : _addressAt(leg, ALWAYS);
        if (reward != address(0)) payee = address(this);
        uint256 before = Money.balanceOf(reward, payee);
        if (!isOneCall(leg)) _preSell(leg);
        (ok, reason) = _call(leg, payee);
        if (!ok) return (false, reason, 0);
        seized = Money.balanceOf(reward, payee) - before;
        // A reward has arrived, or there is none to pay and the position says so itself: it is dearer to ask.
        if (seized == 0 && !_isClosed(leg)) return (false, _notLanded(leg), 0);
        if (reward != collateral) seized = _convert(leg, reward, seized, collateral);
        emit ILiquidator.Liquidated(Protocol.Dex223, leg.market(), leg.borrower(), debtToken, collateral, 0, seized);
    }

    /// @notice The same with all that `Leg.extra` may hold, in a frame of its own: reverts unless it lands.
    function liquidateInFrame(LegAt leg, address debtToken, address collateral) internal {
        uint256 length = leg.extra().length;
        if (length != ALWAYS && (length < ALWAYS + FORM || (length - ALWAYS - FORM) % PRE_SALE != 0)) {
            revert ILiquidator.BadEncoding();
        }
        (bool ok, bytes memory reason,) = liquidate(leg, debtToken, collateral, address(this));
        if (!ok) LibCall.bubbleUpRevert(reason);
    }

    function _freeze(LegAt leg) private returns (bool ok, bytes memory reason) {
        (ok, reason) = _call(leg, address(this));
        if (!ok) return (false, reason);
        if (!_isFrozen(leg)) return (false, _notLanded(leg));
        emit ILiquidator.Frozen(leg.market(), uint160(leg.borrower()));
    }

    /// @return converted Units of `collateral`; of `reward` where nothing turns it into that.
    function _convert(LegAt leg, address reward, uint256 amount, address collateral)
        private
        returns (uint256 converted)
    {
        address converter = _addressAt(leg, ALWAYS + 20);
        if (reward == address(0)) Money.wrap(collateral, amount);
        if (reward == address(0) || converter == address(0)) return amount;
        uint256 before = Money.here(collateral);
        // An ERC-223 that is sent to its converter comes back as the ERC-20.
        Money.send(reward, converter, amount);
        return Money.here(collateral) - before;
    }

    function _preSell(LegAt leg) private {
        uint256 legEnd = leg.end();
        for (uint256 at = _extraAt(leg) + ALWAYS + FORM; at < legEnd; at += PRE_SALE) {
            _sell(leg.market(), uint160(leg.borrower()), wordAt(at), wordAt(at + 25) >> 128);
        }
    }

    /// @param sale A pre-sale up to `feeTier`.
    function _sell(address module, uint256 id, uint256 sale, uint256 minOut) private {
        // forge-lint: disable-start(unsafe-typecast) -- each takes its own bits of the word
        (address base, uint256 least) = _least(module, id, sale >> 240, uint128(sale >> 80));
        IMarginModule(module)
            .marginSwap(
                id,
                sale >> 240,
                uint16(sale >> 224),
                uint16(sale >> 208),
                uint128(sale >> 80),
                base,
                uint24(sale >> 56),
                FixedPointMathLib.max(minOut, least),
                0
            );
        // forge-lint: disable-end(unsafe-typecast)
    }

    /// @return base The asset to sell into.
    /// @return least The least units of it for `amount`, rounded up.
    function _least(address module, uint256 id, uint256 assetId, uint256 amount)
        private
        view
        returns (address base, uint256 least)
    {
        uint256 order = IMarginModule(module).positions(id);
        uint256 told = _ask(module, IMarginModule.orders.selector, order, 10);
        base = address(uint160(_wordOf(told, 6)));
        address oracle = address(uint160(_wordOf(told, 9)));
        // Behind an offset and a length.
        told = _ask(module, IMarginModule.getPositionAssets.selector, id, assetId + 3);
        if (told == 0) revert ILiquidator.NotLanded(module, id);
        uint256 worth = IMarginOracle(oracle).getAmountOut(base, address(uint160(_wordOf(told, assetId + 2))), amount);
        least = FixedPointMathLib.fullMulDivUp(worth, LEAST_BPS, BPS);
    }

    // ---- the module ----

    function _call(LegAt leg, address payee) private returns (bool ok, bytes memory reason) {
        bytes4 selector = IMarginModule.liquidate.selector;
        address module = leg.market();
        address id = leg.borrower();
        uint256 gasLimit = uint32(_head(leg) >> 216);
        assembly ("memory-safe") {
            let at := mload(0x40)
            mstore(at, selector)
            mstore(add(at, 0x04), id)
            mstore(add(at, 0x24), payee)
            if iszero(gasLimit) { gasLimit := gas() }
            ok := call(gasLimit, module, 0, at, 0x44, 0, 0)
        }
        if (!ok) reason = Calls.lastReason();
    }

    function _isFrozen(LegAt leg) private view returns (bool) {
        uint256 told = _ask(leg.market(), IMarginModule.positions.selector, uint160(leg.borrower()), 9);
        // forge-lint: disable-next-line(block-timestamp) -- the module stores this very value
        return _wordOf(told, 7) == block.timestamp && _wordOf(told, 8) == uint160(address(this));
    }

    function _isClosed(LegAt leg) private view returns (bool) {
        uint256 told = _ask(leg.market(), IMarginModule.positions.selector, uint160(leg.borrower()), 9);
        return told != 0 && _wordOf(told, 6) == 0;
    }

    /// @dev By hand: decoding all that a position or an order tells costs more than asking.
    /// @return told Where in memory the first `words` of the answer stand until something else is put there; 0 for none.
    function _ask(address module, bytes4 selector, uint256 id, uint256 words) private view returns (uint256 told) {
        assembly ("memory-safe") {
            let at := mload(0x40)
            let size := shl(5, words)
            mstore(at, selector)
            mstore(add(at, 0x04), id)
            if staticcall(gas(), module, at, 0x24, at, size) {
                if iszero(lt(returndatasize(), size)) { told := at }
            }
        }
    }

    /// @return word Number `i` of them, from 0; 0 where nothing was told.
    function _wordOf(uint256 told, uint256 i) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            if told { word := mload(add(told, shl(5, i))) }
        }
    }

    function _notLanded(LegAt leg) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.NotLanded.selector, leg.market(), uint160(leg.borrower()));
    }

    // ---- Leg.extra ----

    function _extraAt(LegAt leg) private pure returns (uint256 at) {
        bytes calldata extra = leg.extra();
        assembly ("memory-safe") {
            at := extra.offset
        }
    }

    function _head(LegAt leg) private pure returns (uint256) {
        return wordAt(_extraAt(leg));
    }

    function _addressAt(LegAt leg, uint256 offset) private pure returns (address) {
        return address(uint160(wordAt(_extraAt(leg) + offset) >> 96));
    }
}
