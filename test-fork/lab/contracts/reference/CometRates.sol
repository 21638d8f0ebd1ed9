// Plimsoll's own reference contract of Compound v3 (Comet), part 4: interest and balances over time. Compared call by call with
// compound-finance/comet d5a30b0a (CometWithExtendedAssetList, CometExtAssetList, AssetList) on random lives of a market.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { CometStorage } from "./CometStorage.sol";
import { CometConfig } from "./CometTypes.sol";

interface IBalance {
    function balanceOf(address account) external view returns (uint256);
}

/// @title Accrual, rates, balances and reserves.
abstract contract CometRates is CometStorage {
    constructor(CometConfig memory config) CometStorage(config) { }

    // ---- rates ----

    /// @notice Borrowed over supplied at the stored indices, 1e18, floor.
    function getUtilization() public view returns (uint256) {
        uint256 supplied = _scaleUp(_totals.totalSupplyBase, _totals.baseSupplyIndex);
        uint256 borrowed = _scaleUp(_totals.totalBorrowBase, _totals.baseBorrowIndex);
        return supplied == 0 ? 0 : borrowed * FACTOR / supplied;
    }

    /// @notice What suppliers earn per second at `utilization`, 1e18.
    function getSupplyRate(uint256 utilization) public view returns (uint64) {
        return _rate(
            utilization,
            supplyKink,
            supplyPerSecondInterestRateSlopeLow,
            supplyPerSecondInterestRateSlopeHigh,
            supplyPerSecondInterestRateBase
        );
    }

    /// @notice What borrowers pay per second at `utilization`, 1e18.
    function getBorrowRate(uint256 utilization) public view returns (uint64) {
        return _rate(
            utilization,
            borrowKink,
            borrowPerSecondInterestRateSlopeLow,
            borrowPerSecondInterestRateSlopeHigh,
            borrowPerSecondInterestRateBase
        );
    }

    function _rate(uint256 utilization, uint256 kink, uint256 low, uint256 high, uint256 base)
        private
        pure
        returns (uint64)
    {
        if (utilization <= kink) return _u64(base + _mulFactor(low, utilization));
        return _u64(base + _mulFactor(low, kink) + _mulFactor(high, utilization - kink));
    }

    // ---- accrual ----

    /// @dev Linear from the last accrual to now, so the path of accruals matters. Each step floors.
    function _accruedIndices() internal view returns (uint64 supplyIndex, uint64 borrowIndex) {
        (supplyIndex, borrowIndex) = (_totals.baseSupplyIndex, _totals.baseBorrowIndex);
        uint256 elapsed = _now() - _totals.lastAccrualTime;
        if (elapsed == 0) return (supplyIndex, borrowIndex);
        uint256 utilization = getUtilization();
        supplyIndex += _u64(_mulFactor(supplyIndex, getSupplyRate(utilization) * elapsed));
        borrowIndex += _u64(_mulFactor(borrowIndex, getBorrowRate(utilization) * elapsed));
    }

    /// @dev Emits nothing.
    function _accrue() internal {
        uint40 time = _now();
        uint256 elapsed = time - _totals.lastAccrualTime;
        if (elapsed == 0) return;
        (_totals.baseSupplyIndex, _totals.baseBorrowIndex) = _accruedIndices();
        if (_totals.totalSupplyBase >= baseMinForRewards) {
            _totals.trackingSupplyIndex += _u64(baseTrackingSupplySpeed * elapsed * baseScale / _totals.totalSupplyBase);
        }
        if (_totals.totalBorrowBase >= baseMinForRewards) {
            _totals.trackingBorrowIndex += _u64(baseTrackingBorrowSpeed * elapsed * baseScale / _totals.totalBorrowBase);
        }
        _totals.lastAccrualTime = time;
    }

    /// @notice Brings the indices and the account's rewards up to now.
    function accrueAccount(address account) external {
        _accrue();
        _setPrincipal(account, userBasic[account].principal);
    }

    /// @dev Books the rewards earned so far (1e6, floor), then the new principal.
    function _setPrincipal(address account, int104 principal) internal {
        UserBasic storage user = userBasic[account];
        int104 old = user.principal;
        uint256 index = old >= 0 ? _totals.trackingSupplyIndex : _totals.trackingBorrowIndex;
        uint256 earned = _magnitude(old) * (index - user.baseTrackingIndex) / trackingIndexScale;
        user.baseTrackingAccrued += _u64(earned / (baseScale / TRACKING_ACCRUAL_SCALE));
        user.principal = principal;
        user.baseTrackingIndex = principal >= 0 ? _totals.trackingSupplyIndex : _totals.trackingBorrowIndex;
    }

    function _magnitude(int104 principal) private pure returns (uint256) {
        return uint104(principal >= 0 ? principal : -principal);
    }

    // ---- balances ----

    /// @dev Base units at the stored indices, negative when owed.
    function _storedBalance(address account) internal view returns (int256) {
        return _presentValue(userBasic[account].principal, _totals.baseSupplyIndex, _totals.baseBorrowIndex);
    }

    /// @dev The principal of `balance` base units at the stored indices.
    function _storedPrincipal(int256 balance) internal view returns (int104) {
        return _principalValue(balance, _totals.baseSupplyIndex, _totals.baseBorrowIndex);
    }

    /// @dev Base units of a supplied principal at the stored index: what the Transfer events carry.
    function _storedSupply(uint104 principal) internal view returns (uint256) {
        return _scaleUp(principal, _totals.baseSupplyIndex);
    }

    /// @notice Base units supplied by `account`, accrued to now.
    function balanceOf(address account) public view returns (uint256) {
        (uint64 supplyIndex,) = _accruedIndices();
        int104 principal = userBasic[account].principal;
        return principal > 0 ? _scaleUp(uint104(principal), supplyIndex) : 0;
    }

    /// @notice Base units owed by `account`, accrued to now.
    function borrowBalanceOf(address account) public view returns (uint256) {
        (, uint64 borrowIndex) = _accruedIndices();
        int104 principal = userBasic[account].principal;
        return principal < 0 ? _scaleUp(uint104(-principal), borrowIndex) : 0;
    }

    /// @notice Base units supplied by all, accrued to now.
    function totalSupply() external view returns (uint256) {
        (uint64 supplyIndex,) = _accruedIndices();
        return _scaleUp(_totals.totalSupplyBase, supplyIndex);
    }

    /// @notice Base units owed by all, accrued to now.
    function totalBorrow() external view returns (uint256) {
        (, uint64 borrowIndex) = _accruedIndices();
        return _scaleUp(_totals.totalBorrowBase, borrowIndex);
    }

    // ---- reserves ----

    /// @notice Base units here and owed, less what is supplied, accrued to now; negative when the market is short.
    function getReserves() public view returns (int256) {
        (uint64 supplyIndex, uint64 borrowIndex) = _accruedIndices();
        int256 here = _i256(IBalance(baseToken).balanceOf(address(this)));
        return here - _i256(_scaleUp(_totals.totalSupplyBase, supplyIndex))
            + _i256(_scaleUp(_totals.totalBorrowBase, borrowIndex));
    }

    /// @notice Units of `asset` here that no account owns: what is for sale.
    function getCollateralReserves(address asset) public view returns (uint256) {
        return IBalance(asset).balanceOf(address(this)) - totalsCollateral[asset].totalSupplyAsset;
    }
}
