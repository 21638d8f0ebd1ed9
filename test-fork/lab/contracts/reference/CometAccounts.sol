// Plimsoll's own reference contract of Compound v3 (Comet), part 5: what accounts do. Compared call by call with
// compound-finance/comet d5a30b0a (CometWithExtendedAssetList, CometExtAssetList, AssetList) on random lives of a market.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CometRates, IBalance } from "./CometRates.sol";
import { CometConfig } from "./CometTypes.sol";

/// @dev Declared without return values, so that tokens which return nothing work too.
interface IPlainToken {
    function transfer(address to, uint256 amount) external;
    function transferFrom(address from, address to, uint256 amount) external;
}

/// @title Supplying, withdrawing, borrowing, transferring, and whether an account's collateral covers its debt.
abstract contract CometAccounts is CometRates {
    uint8 internal constant PAUSE_SUPPLY = 0;
    uint8 internal constant PAUSE_TRANSFER = 1;
    uint8 internal constant PAUSE_WITHDRAW = 2;

    bool private transient _entered;

    constructor(CometConfig memory config) CometRates(config) { }

    modifier nonReentrant() {
        if (_entered) revert ReentrantCallBlocked();
        _entered = true;
        _;
        _entered = false;
    }

    // ---- health ----

    /// @notice Whether the collateral covers the debt by the borrow factors, at the stored indices.
    function isBorrowCollateralized(address account) public view returns (bool) {
        return userBasic[account].principal >= 0 || _liquidity(account, false) >= 0;
    }

    /// @notice Whether the collateral no longer covers the debt by the liquidation factors, at the stored indices.
    function isLiquidatable(address account) public view returns (bool) {
        return userBasic[account].principal < 0 && _liquidity(account, true) < 0;
    }

    /// @dev USD (8 decimals): minus the debt, plus the weighted collaterals in order until the debt is covered. A feed
    /// after that point is not read.
    function _liquidity(address account, bool liquidation) private view returns (int256 liquidity) {
        UserBasic memory user = userBasic[account];
        liquidity = _signedValue(_storedBalance(account), getPrice(baseTokenPriceFeed), uint64(baseScale));
        for (uint8 i; i < _assets.length; ++i) {
            if (!_holds(user, i)) continue;
            if (liquidity >= 0) return liquidity;
            AssetInfo memory info = _assets[i];
            uint256 value = _value(userCollateral[account][info.asset].balance, getPrice(info.priceFeed), info.scale);
            uint256 factor = liquidation ? info.liquidateCollateralFactor : info.borrowCollateralFactor;
            liquidity += _i256(_mulFactor(value, factor));
        }
    }

    function _requireBorrowable(address account, int256 balance) private view {
        if (balance >= 0) return;
        if (uint256(-balance) < baseBorrowMin) revert BorrowTooSmall();
        if (!isBorrowCollateralized(account)) revert NotCollateralized();
    }

    function hasPermission(address owner, address manager) public view returns (bool) {
        return owner == manager || isAllowed[owner][manager];
    }

    function _requirePermission(address owner) private view {
        if (!hasPermission(owner, msg.sender)) revert Unauthorized();
    }

    function _requireRunning(uint8 flag) internal view {
        if (_isPaused(flag)) revert Paused();
    }

    function _isPaused(uint8 flag) internal view returns (bool) {
        return _totals.pauseFlags & (uint8(1) << flag) != 0;
    }

    // ---- supply ----

    function supply(address asset, uint256 amount) external {
        _supply(msg.sender, msg.sender, asset, amount);
    }

    function supplyTo(address dst, address asset, uint256 amount) external {
        _supply(msg.sender, dst, asset, amount);
    }

    function supplyFrom(address from, address dst, address asset, uint256 amount) external {
        _supply(from, dst, asset, amount);
    }

    /// @dev `amount`: the maximum means the whole debt of `dst`, for the base token.
    function _supply(address from, address dst, address asset, uint256 amount) private nonReentrant {
        _requireRunning(PAUSE_SUPPLY);
        _requirePermission(from);
        if (asset != baseToken) return _supplyCollateral(from, dst, asset, _u128(amount));
        if (amount == type(uint256).max) amount = borrowBalanceOf(dst);

        amount = _take(asset, from, amount);
        _accrue();
        uint104 supplied = _credit(dst, amount);
        emit Supply(from, dst, amount);
        if (supplied > 0) emit Transfer(address(0), dst, _storedSupply(supplied));
    }

    function _supplyCollateral(address from, address dst, address asset, uint128 amount) private {
        amount = _u128(_take(asset, from, amount));
        AssetInfo memory info = getAssetInfoByAddress(asset);
        TotalsCollateral storage totals = totalsCollateral[asset];
        totals.totalSupplyAsset += amount;
        if (totals.totalSupplyAsset > info.supplyCap) revert SupplyCapExceeded();
        _setCollateral(dst, info, userCollateral[dst][asset].balance + amount);
        emit SupplyCollateral(from, dst, asset, amount);
    }

    // ---- withdraw and borrow ----

    function withdraw(address asset, uint256 amount) external {
        _withdraw(msg.sender, msg.sender, asset, amount);
    }

    function withdrawTo(address to, address asset, uint256 amount) external {
        _withdraw(msg.sender, to, asset, amount);
    }

    function withdrawFrom(address src, address to, address asset, uint256 amount) external {
        _withdraw(src, to, asset, amount);
    }

    /// @dev `amount`: the maximum means all that `src` has supplied, for the base token.
    function _withdraw(address src, address to, address asset, uint256 amount) private nonReentrant {
        _requireRunning(PAUSE_WITHDRAW);
        _requirePermission(src);
        if (asset != baseToken) return _withdrawCollateral(src, to, asset, _u128(amount));
        if (amount == type(uint256).max) amount = balanceOf(src);

        _accrue();
        (uint104 withdrawn, int256 balance) = _debit(src, amount);
        _requireBorrowable(src, balance);
        _give(asset, to, amount);
        emit Withdraw(src, to, amount);
        if (withdrawn > 0) emit Transfer(src, address(0), _storedSupply(withdrawn));
    }

    function _withdrawCollateral(address src, address to, address asset, uint128 amount) private {
        uint128 left = userCollateral[src][asset].balance - amount;
        totalsCollateral[asset].totalSupplyAsset -= amount;
        _setCollateral(src, getAssetInfoByAddress(asset), left);
        if (!isBorrowCollateralized(src)) revert NotCollateralized();
        _give(asset, to, amount);
        emit WithdrawCollateral(src, to, asset, amount);
    }

    // ---- transfer ----

    function transfer(address dst, uint256 amount) external returns (bool) {
        _transfer(msg.sender, dst, baseToken, amount);
        return true;
    }

    function transferFrom(address src, address dst, uint256 amount) external returns (bool) {
        _transfer(src, dst, baseToken, amount);
        return true;
    }

    function transferAsset(address dst, address asset, uint256 amount) external {
        _transfer(msg.sender, dst, asset, amount);
    }

    function transferAssetFrom(address src, address dst, address asset, uint256 amount) external {
        _transfer(src, dst, asset, amount);
    }

    /// @dev Between two borrowers it emits nothing: events tell only of the supplied part of a balance.
    function _transfer(address src, address dst, address asset, uint256 amount) private nonReentrant {
        _requireRunning(PAUSE_TRANSFER);
        _requirePermission(src);
        if (src == dst) revert NoSelfTransfer();
        if (asset != baseToken) return _transferCollateral(src, dst, asset, _u128(amount));
        if (amount == type(uint256).max) amount = balanceOf(src);

        _accrue();
        (uint104 withdrawn, int256 balance) = _debit(src, amount);
        uint104 supplied = _credit(dst, amount);
        _requireBorrowable(src, balance);
        if (withdrawn > 0) emit Transfer(src, address(0), _storedSupply(withdrawn));
        if (supplied > 0) emit Transfer(address(0), dst, _storedSupply(supplied));
    }

    function _transferCollateral(address src, address dst, address asset, uint128 amount) private {
        uint128 left = userCollateral[src][asset].balance - amount;
        AssetInfo memory info = getAssetInfoByAddress(asset);
        _setCollateral(src, info, left);
        _setCollateral(dst, info, userCollateral[dst][asset].balance + amount);
        if (!isBorrowCollateralized(src)) revert NotCollateralized();
        emit TransferCollateral(src, dst, asset, amount);
    }

    // ---- bookkeeping ----

    /// @dev Adds base units to an account at the stored indices: debt first, then supply.
    function _credit(address account, uint256 amount) private returns (uint104 supplied) {
        int104 old = userBasic[account].principal;
        int104 principal = _storedPrincipal(_storedBalance(account) + _i256(amount));
        uint104 repaid;
        (repaid, supplied) = _repaidAndSupplied(old, principal);
        _totals.totalBorrowBase -= repaid;
        _totals.totalSupplyBase += supplied;
        _setPrincipal(account, principal);
    }

    /// @dev Takes base units from an account at the stored indices: supply first, then debt.
    function _debit(address account, uint256 amount) private returns (uint104 withdrawn, int256 balance) {
        int104 old = userBasic[account].principal;
        balance = _storedBalance(account) - _i256(amount);
        int104 principal = _storedPrincipal(balance);
        uint104 borrowed;
        (withdrawn, borrowed) = _withdrawnAndBorrowed(old, principal);
        _totals.totalSupplyBase -= withdrawn;
        _totals.totalBorrowBase += borrowed;
        _setPrincipal(account, principal);
    }

    /// @dev Sets a collateral balance and the account's bit for it.
    function _setCollateral(address account, AssetInfo memory info, uint128 balance) private {
        userCollateral[account][info.asset].balance = balance;
        UserBasic storage user = userBasic[account];
        if (info.offset < 16) {
            uint16 bit = uint16(1) << info.offset;
            user.assetsIn = balance > 0 ? user.assetsIn | bit : user.assetsIn & ~bit;
        } else {
            uint8 bit = uint8(1) << (info.offset - 16);
            user._reserved = balance > 0 ? user._reserved | bit : user._reserved & ~bit;
        }
    }

    // ---- tokens ----

    /// @dev Returns what really arrived.
    function _take(address token, address from, uint256 amount) internal returns (uint256) {
        uint256 before = IBalance(token).balanceOf(address(this));
        IPlainToken(token).transferFrom(from, address(this), amount);
        if (!_lastCallSucceeded()) revert TransferInFailed();
        return IBalance(token).balanceOf(address(this)) - before;
    }

    function _give(address token, address to, uint256 amount) internal {
        IPlainToken(token).transfer(to, amount);
        if (!_lastCallSucceeded()) revert TransferOutFailed();
    }

    /// @dev A token that returned nothing succeeded; one that returned a word succeeded if it is not zero.
    function _lastCallSucceeded() private pure returns (bool success) {
        assembly ("memory-safe") {
            switch returndatasize()
            case 0 { success := 1 }
            case 32 {
                returndatacopy(0, 0, 32)
                success := iszero(iszero(mload(0)))
            }
            default { revert(0, 0) }
        }
    }
}
