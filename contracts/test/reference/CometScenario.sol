// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { CometAsset, CometConfig } from "../../../test-fork/lab/contracts/reference/CometTypes.sol";
import { IFeed, IMintable } from "../ILab.sol";
import { CometDeployer } from "./CometDeployer.sol";
import { IComet } from "./IComet.sol";

interface ISpend {
    function approve(address spender, uint256 amount) external;
}

/// @title CometScenario
/// @notice A long random life of a Comet, the same for every implementation: who does what follows from a seed and from
/// what the market answered. After every call it keeps the outcome, the logs and every view.
abstract contract CometScenario is CometDeployer {
    using SafeCastLib for *;

    /// @dev What one call did. `returned`: data or revert reason. `logs`, `views`: hashes of all of them.
    struct Step {
        bytes call;
        address from;
        bool landed;
        bytes returned;
        bytes32 logs;
        bytes32 views;
    }

    uint256 private constant START = 1_900_000_000;
    uint8 private constant ASSETS = 18;

    address private immutable GOVERNOR = makeAddr("governor");
    IComet internal comet;
    address[6] private _actors;
    address private _base;
    address[ASSETS] private _assets;
    IFeed[ASSETS] private _feeds;
    IFeed private _baseFeed;
    uint256 private _random;

    /// @dev Runs `count` calls on a fresh market at the given artifact's.
    function _live(uint256 seed, uint256 count) internal returns (Step[] memory steps) {
        vm.warp(START);
        vm.fee(0);
        _random = seed;
        _openMarket();
        steps = new Step[](count);
        for (uint256 i; i < count; ++i) {
            if (_chance(3)) vm.warp(vm.getBlockTimestamp() + _below(_chance(2) ? 60 : 10 days));
            if (_chance(3)) _movePrice();
            steps[i] = this.step();
        }
    }

    function _digest(Step[] memory steps) internal pure returns (bytes32) {
        return keccak256(abi.encode(steps));
    }

    // ---- the market ----

    /// @dev Eighteen collaterals, so that both bit fields of an account are used; the touched ones are 0, 1, 15, 16, 17.
    function _openMarket() private {
        _base = _newToken("BASE", 6);
        _baseFeed = _newFeed("BASE / USD", 1e8);
        CometConfig memory config = _cometConfig(_base, address(_baseFeed));
        config.targetReserves = uint104(_below(400_000e6));
        config.baseMinForRewards = uint104(1 + _below(200_000e6));
        config.storeFrontPriceFactor = uint64(_below(1e18 + 1));
        config.assets = new CometAsset[](ASSETS);
        for (uint8 i; i < ASSETS; ++i) {
            uint8 decimals = [18, 8, 6][i % 3];
            _assets[i] = _newToken(string.concat("COLL", vm.toString(i)), decimals);
            _feeds[i] = _newFeed("COLL / USD", int256(1e8 * (1 + _below(5000))));
            uint256 liquidate = 0.5e18 + _below(0.49e18);
            config.assets[i] = _cometAsset(
                _assets[i],
                address(_feeds[i]),
                decimals,
                (liquidate - 1e14 - _below(0.2e18)).toUint64(),
                liquidate.toUint64(),
                (liquidate + _below(1e18 - liquidate)).toUint64(),
                uint128((20 + _below(2000)) * 10 ** decimals)
            );
        }
        comet = _deployComet(config);
        for (uint256 a; a < _actors.length; ++a) {
            _actors[a] = makeAddr(string.concat("actor ", vm.toString(a)));
            _equip(_actors[a], _base, 1e12);
            for (uint8 i; i < ASSETS; ++i) {
                _equip(_actors[a], _assets[i], 1e24);
            }
        }
        vm.prank(_actors[0]);
        comet.supply(_base, 400_000e6);
    }

    function _equip(address actor, address token, uint256 amount) private {
        IMintable(token).mint(actor, amount);
        vm.prank(actor);
        ISpend(token).approve(address(comet), type(uint256).max);
    }

    function _movePrice() private {
        (IFeed feed) = _chance(8) ? _baseFeed : _feeds[_assetIndex()];
        int256 price = feed.latestAnswer();
        if (price <= 0) price = int256(1e8 * (1 + _below(3000)));
        else if (_chance(40)) price = -int256(_below(2));
        else if (address(feed) == address(_baseFeed)) price = int256(0.97e8 + _below(0.06e8));
        else price = price * int256(60 + _below(75)) / 100 + 1;
        feed.set(price);
    }

    // ---- calls ----

    /// @dev External, so that its memory is freed: a life is long.
    function step() external returns (Step memory done) {
        done.from = _actor();
        uint256 kind = _below(100);
        if (kind < 4) done.from = GOVERNOR;
        done.call = kind < 4
            ? _governing()
            : kind < 30 ? _supplying() : kind < 55 ? _withdrawing() : kind < 68 ? _moving() : _liquidating(kind);
        vm.recordLogs();
        vm.prank(done.from);
        (done.landed, done.returned) = address(comet).call(done.call);
        done.logs = keccak256(abi.encode(vm.getRecordedLogs()));
        done.views = _views();
    }

    function _governing() private returns (bytes memory) {
        if (_chance(3)) return abi.encodeCall(IComet.withdrawReserves, (_actor(), _below(20_000e6)));
        if (_chance(6)) return abi.encodeCall(IComet.approveThis, (_actor(), _token(), _below(1e6)));
        bool some = _chance(3);
        return abi.encodeCall(
            IComet.pause,
            (some && _chance(2), some && _chance(2), some && _chance(2), some && _chance(2), some && _chance(2))
        );
    }

    function _supplying() private returns (bytes memory) {
        address token = _token();
        uint256 amount = _amount(token);
        if (_chance(6)) return abi.encodeCall(IComet.supplyTo, (_actor(), token, amount));
        if (_chance(6)) return abi.encodeCall(IComet.supplyFrom, (_actor(), _actor(), token, amount));
        return abi.encodeCall(IComet.supply, (token, amount));
    }

    function _withdrawing() private returns (bytes memory) {
        address token = _chance(3) ? _token() : _base;
        uint256 amount = _amount(token);
        if (_chance(6)) return abi.encodeCall(IComet.withdrawTo, (_actor(), token, amount));
        if (_chance(6)) return abi.encodeCall(IComet.withdrawFrom, (_actor(), _actor(), token, amount));
        return abi.encodeCall(IComet.withdraw, (token, amount));
    }

    function _moving() private returns (bytes memory) {
        address token = _token();
        uint256 amount = _amount(token);
        uint256 kind = _below(8);
        if (kind == 0) return abi.encodeCall(IComet.allow, (_actor(), !_chance(4)));
        if (kind == 1) return abi.encodeCall(IComet.approve, (_actor(), [0, type(uint256).max, 1][_below(3)]));
        if (kind == 2) return abi.encodeCall(IComet.transferFrom, (_actor(), _actor(), amount));
        if (kind == 3) return abi.encodeCall(IComet.transferAssetFrom, (_actor(), _actor(), token, amount));
        if (kind == 4) return abi.encodeCall(IComet.transferAsset, (_actor(), token, amount));
        return abi.encodeCall(IComet.transfer, (_actor(), _amount(_base)));
    }

    function _liquidating(uint256 kind) private returns (bytes memory) {
        if (kind < 71) return abi.encodeCall(IComet.accrueAccount, (_actor()));
        if (kind > 84) {
            address asset = _chance(20) ? _base : _inStock();
            uint256 paid = _chance(2) ? _below(3000e6) : _amount(_base);
            return abi.encodeCall(IComet.buyCollateral, (asset, _chance(3) ? _amount(asset) : 0, paid, _actor()));
        }
        address[] memory accounts = new address[](_chance(6) ? _below(3) : 1);
        for (uint256 i; i < accounts.length; ++i) {
            accounts[i] = _underwater();
        }
        return abi.encodeCall(IComet.absorb, (_actor(), accounts));
    }

    /// @dev An account that the view calls liquidatable where there is one, except at times.
    function _underwater() private returns (address account) {
        account = _actor();
        if (_chance(8)) return account;
        for (uint256 i; i < _actors.length; ++i) {
            (bool ok, bytes memory answer) =
                address(comet).staticcall(abi.encodeCall(IComet.isLiquidatable, (_actors[i])));
            if (ok && abi.decode(answer, (bool))) account = _actors[i];
        }
    }

    /// @dev A collateral that is for sale where there is one, except at times.
    function _inStock() private returns (address asset) {
        asset = _assets[_assetIndex()];
        if (_chance(8)) return asset;
        for (uint8 i; i < ASSETS; i += _touchedStep(i)) {
            if (comet.getCollateralReserves(_assets[i]) > 0) asset = _assets[i];
        }
    }

    // ---- everything that can be read ----

    function _views() private view returns (bytes32 digest) {
        digest = _read(digest, abi.encodeCall(IComet.totalsBasic, ()));
        digest = _read(digest, abi.encodeCall(IComet.totalSupply, ()));
        digest = _read(digest, abi.encodeCall(IComet.totalBorrow, ()));
        digest = _read(digest, abi.encodeCall(IComet.getReserves, ()));
        digest = _read(digest, abi.encodeCall(IComet.getUtilization, ()));
        digest = _read(digest, abi.encodeCall(IComet.getSupplyRate, (comet.getUtilization())));
        digest = _read(digest, abi.encodeCall(IComet.getBorrowRate, (comet.getUtilization())));
        for (uint256 a; a < _actors.length; ++a) {
            address account = _actors[a];
            digest = _read(digest, abi.encodeCall(IComet.userBasic, (account)));
            digest = _read(digest, abi.encodeCall(IComet.balanceOf, (account)));
            digest = _read(digest, abi.encodeCall(IComet.borrowBalanceOf, (account)));
            digest = _read(digest, abi.encodeCall(IComet.isLiquidatable, (account)));
            digest = _read(digest, abi.encodeCall(IComet.isBorrowCollateralized, (account)));
            digest = _read(digest, abi.encodeCall(IComet.liquidatorPoints, (account)));
            digest = _read(digest, abi.encodeCall(IComet.hasPermission, (account, _actors[(a + 1) % 6])));
            digest = _read(digest, abi.encodeCall(IComet.allowance, (account, _actors[(a + 2) % 6])));
            for (uint8 i; i < ASSETS; i += _touchedStep(i)) {
                digest = _read(digest, abi.encodeCall(IComet.userCollateral, (account, _assets[i])));
            }
        }
        for (uint8 i; i < ASSETS; i += _touchedStep(i)) {
            digest = _read(digest, abi.encodeCall(IComet.getAssetInfo, (i)));
            digest = _read(digest, abi.encodeCall(IComet.totalsCollateral, (_assets[i])));
            digest = _read(digest, abi.encodeCall(IComet.getCollateralReserves, (_assets[i])));
            digest = _read(digest, abi.encodeCall(IComet.quoteCollateral, (_assets[i], 1_234_567_891)));
        }
    }

    function _read(bytes32 digest, bytes memory data) private view returns (bytes32) {
        (bool ok, bytes memory returned) = address(comet).staticcall(data);
        return keccak256(abi.encode(digest, ok, returned));
    }

    // ---- chance ----

    function _below(uint256 bound) private returns (uint256) {
        _random = uint256(keccak256(abi.encode(_random)));
        return _random % bound;
    }

    function _chance(uint256 oneIn) private returns (bool) {
        return _below(oneIn) == 0;
    }

    function _actor() private returns (address) {
        return _actors[_below(_actors.length)];
    }

    /// @dev From 0 to 1, from 1 to 15, then one by one.
    function _touchedStep(uint8 i) private pure returns (uint8) {
        return i == 1 ? 14 : 1;
    }

    function _assetIndex() private returns (uint8) {
        return [0, 1, 15, 16, 17][_below(5)];
    }

    function _token() private returns (address) {
        if (_chance(60)) return address(_baseFeed);
        return _chance(2) ? _base : _assets[_assetIndex()];
    }

    /// @dev Zero, everything, or any order of magnitude up to a few tens of thousands of USD.
    function _amount(address token) private returns (uint256) {
        uint256 kind = _below(24);
        if (kind == 0) return type(uint256).max;
        if (kind == 1) return 0;
        if (kind == 2) return 1 + _below(3);
        uint256 unit = 1e6;
        uint256 usd = _below(kind < 12 ? 60_000 : 3000);
        for (uint8 i; i < ASSETS; i += _touchedStep(i)) {
            if (_assets[i] != token) continue;
            unit = 10 ** [18, 8, 6][i % 3];
            int256 price = _feeds[i].latestAnswer();
            return price <= 0 ? unit : usd * 1e8 * unit / price.toUint256();
        }
        return usd * unit + _below(unit);
    }
}
