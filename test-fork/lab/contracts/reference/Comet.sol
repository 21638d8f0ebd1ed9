// Plimsoll's own reference contract of Compound v3 (Comet), part 6: absorbing, selling collateral, governing. Compared call by call with
// compound-finance/comet d5a30b0a (CometWithExtendedAssetList, CometExtAssetList, AssetList) on random lives of a market.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CometAccounts } from "./CometAccounts.sol";
import { CometConfig } from "./CometTypes.sol";

interface IApprove {
    function approve(address spender, uint256 amount) external returns (bool);
}

/// @title Comet for the lab: one base token to borrow, up to 24 collaterals.
/// @notice Functions, events, errors and roundings are those of the published market. Not here: `allowBySig`, the extension
/// delegate (its views are in this contract) and proxies; the constructor takes a configuration of our own and initialises.
contract Comet is CometAccounts {
    uint8 private constant PAUSE_ABSORB = 3;
    uint8 private constant PAUSE_BUY = 4;

    constructor(CometConfig memory config) CometAccounts(config) { }

    // ---- absorb ----

    /// @notice Takes over all collateral and all debt of underwater accounts. One healthy account reverts the batch.
    /// @param absorber Who gets the points; nothing is paid.
    function absorb(address absorber, address[] calldata accounts) external {
        _requireRunning(PAUSE_ABSORB);
        uint256 startGas = gasleft();
        _accrue();
        for (uint256 i; i < accounts.length; ++i) {
            _absorb(absorber, accounts[i]);
        }
        uint256 gasUsed = startGas - gasleft();
        LiquidatorPoints storage points = liquidatorPoints[absorber];
        ++points.numAbsorbs;
        points.numAbsorbed += _u64(accounts.length);
        points.approxSpend += _u128(gasUsed * block.basefee);
    }

    function _absorb(address absorber, address account) private {
        if (!isLiquidatable(account)) revert NotLiquidatable();
        int104 oldPrincipal = userBasic[account].principal;
        int256 oldBalance = _storedBalance(account);
        uint256 basePrice = getPrice(baseTokenPriceFeed);

        uint256 seizedBase = _seize(absorber, account) * baseScale / basePrice;
        int256 balance = oldBalance + _i256(seizedBase);
        if (balance < 0) balance = 0;
        int104 principal = _storedPrincipal(balance);
        _setPrincipal(account, principal);
        userBasic[account].assetsIn = 0;
        userBasic[account]._reserved = 0;

        (uint104 repaid, uint104 supplied) = _repaidAndSupplied(oldPrincipal, principal);
        _totals.totalSupplyBase += supplied;
        _totals.totalBorrowBase -= repaid;

        uint256 paidOut = _positive(balance - oldBalance);
        emit AbsorbDebt(absorber, account, paidOut, _value(paidOut, basePrice, uint64(baseScale)));
        if (principal > 0) emit Transfer(address(0), account, _storedSupply(uint104(principal)));
    }

    /// @dev Moves every collateral of the account to the reserves. Returns its USD value (8 decimals) after the liquidation
    /// factors, each floored.
    function _seize(address absorber, address account) private returns (uint256 value) {
        UserBasic memory user = userBasic[account];
        for (uint8 i; i < _assets.length; ++i) {
            if (!_holds(user, i)) continue;
            AssetInfo memory info = _assets[i];
            uint128 amount = userCollateral[account][info.asset].balance;
            userCollateral[account][info.asset].balance = 0;
            totalsCollateral[info.asset].totalSupplyAsset -= amount;
            uint256 usd = _value(amount, getPrice(info.priceFeed), info.scale);
            value += _mulFactor(usd, info.liquidationFactor);
            emit AbsorbCollateral(absorber, account, info.asset, amount, usd);
        }
    }

    // ---- selling what was absorbed ----

    /// @notice Units of `asset` that `baseAmount` buys: the discount is the store front's share of the penalty. Floors.
    function quoteCollateral(address asset, uint256 baseAmount) public view returns (uint256) {
        AssetInfo memory info = getAssetInfoByAddress(asset);
        uint256 price = getPrice(info.priceFeed);
        uint256 discount = _mulFactor(storeFrontPriceFactor, FACTOR - info.liquidationFactor);
        uint256 discounted = _mulFactor(price, FACTOR - discount);
        return getPrice(baseTokenPriceFeed) * baseAmount * info.scale / discounted / baseScale;
    }

    /// @notice Buys absorbed collateral while the reserves are under their target.
    /// @param minAmount The least units of `asset` to accept.
    /// @param baseAmount Base units to pay.
    function buyCollateral(address asset, uint256 minAmount, uint256 baseAmount, address recipient)
        external
        nonReentrant
    {
        _requireRunning(PAUSE_BUY);
        int256 reserves = getReserves();
        if (reserves >= 0 && uint256(reserves) >= targetReserves) revert NotForSale();
        baseAmount = _take(baseToken, msg.sender, baseAmount);
        uint256 amount = quoteCollateral(asset, baseAmount);
        if (amount < minAmount) revert TooMuchSlippage();
        if (amount > getCollateralReserves(asset)) revert InsufficientReserves();
        _give(asset, recipient, _u128(amount));
        emit BuyCollateral(msg.sender, asset, baseAmount, amount);
    }

    // ---- governing ----

    function pause(bool supplyPaused, bool transferPaused, bool withdrawPaused, bool absorbPaused, bool buyPaused)
        external
    {
        if (msg.sender != governor && msg.sender != pauseGuardian) revert Unauthorized();
        _totals.pauseFlags = _flag(supplyPaused, PAUSE_SUPPLY) | _flag(transferPaused, PAUSE_TRANSFER)
            | _flag(withdrawPaused, PAUSE_WITHDRAW) | _flag(absorbPaused, PAUSE_ABSORB) | _flag(buyPaused, PAUSE_BUY);
        emit PauseAction(supplyPaused, transferPaused, withdrawPaused, absorbPaused, buyPaused);
    }

    function _flag(bool set, uint8 position) private pure returns (uint8) {
        return set ? uint8(1) << position : 0;
    }

    function isSupplyPaused() external view returns (bool) {
        return _isPaused(PAUSE_SUPPLY);
    }

    function isTransferPaused() external view returns (bool) {
        return _isPaused(PAUSE_TRANSFER);
    }

    function isWithdrawPaused() external view returns (bool) {
        return _isPaused(PAUSE_WITHDRAW);
    }

    function isAbsorbPaused() external view returns (bool) {
        return _isPaused(PAUSE_ABSORB);
    }

    function isBuyPaused() external view returns (bool) {
        return _isPaused(PAUSE_BUY);
    }

    /// @notice The governor takes base units out of the reserves.
    function withdrawReserves(address to, uint256 amount) external {
        if (msg.sender != governor) revert Unauthorized();
        int256 reserves = getReserves();
        if (reserves < 0 || amount > uint256(reserves)) revert InsufficientReserves();
        _give(baseToken, to, amount);
        emit WithdrawReserves(to, amount);
    }

    /// @notice The governor lets `manager` spend a token held here.
    function approveThis(address manager, address asset, uint256 amount) external {
        if (msg.sender != governor) revert Unauthorized();
        IApprove(asset).approve(manager, amount);
    }

    // ---- permissions ----

    /// @notice Lets `manager` act for the caller in everything, or no longer.
    function allow(address manager, bool allowed) external {
        _allow(manager, allowed);
    }

    /// @notice ERC-20's approve, all or nothing.
    function approve(address spender, uint256 amount) external returns (bool) {
        if (amount != 0 && amount != type(uint256).max) revert BadAmount();
        _allow(spender, amount != 0);
        return true;
    }

    function _allow(address manager, bool allowed) private {
        isAllowed[msg.sender][manager] = allowed;
        emit Approval(msg.sender, manager, allowed ? type(uint256).max : 0);
    }

    function allowance(address owner, address spender) external view returns (uint256) {
        return hasPermission(owner, spender) ? type(uint256).max : 0;
    }
}
