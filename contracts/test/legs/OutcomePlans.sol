// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Funding, Leg, ILiquidator, PricedToken, Protocol, Round, Swap, Venue } from "../../interfaces/ILiquidator.sol";
import { Lab } from "../Lab.sol";
import { Plans } from "../Plans.sol";
import { CometLegs } from "./CometLegs.sol";
import { Dex223Legs } from "./Dex223Legs.sol";

interface IAddressesProvider {
    function getPoolConfigurator() external view returns (address);
}

interface IConfigurator {
    function setReservePause(address asset, bool paused) external;
}

/// @title OutcomePlans
/// @notice Plans at random, of which it is known before they are sent what becomes of each leg and why.
abstract contract OutcomePlans is CometLegs, Dex223Legs {
    /// @dev What a leg meets. The first two and the two that are named after it land.
    enum Kind {
        AaveLands,
        CometLands,
        AaveHealthy,
        AavePaused,
        CometEmpty,
        FreezeLands,
        ConfirmLands,
        NeverFrozen,
        Solvent
    }

    /// @dev A leg and what becomes of it if its round stays.
    struct LegScript {
        Kind kind;
        Leg leg;
        bool lands;
        bytes reason;
        uint256 repaid;
        uint256 seized;
    }

    /// @dev `reason`: why the round is skipped, if it does not land. `reached`: legs until then, whose events are undone with it.
    struct RoundScript {
        Round round;
        LegScript[] legs;
        bool lands;
        bytes reason;
        uint256 reached;
    }

    /// @dev The state of the draw. Each account and position is used once in a plan: `used` is how many are.
    struct Dice {
        uint256 seed;
        uint256 used;
    }

    /// @dev As many as a plan has legs at most.
    uint256 private constant MOST_LEGS = 25;
    uint256 private constant AAVE_REPAY = 3000e6;
    uint256 private constant COMET_REPAY = 1000e6;
    uint256 private constant UNWRAPPED = 1e15;

    address internal lender;
    address internal pool;
    uint256 private _aaveSeized;
    uint256 private _cometBought;
    address[] private _sunkAccounts;
    address[] private _cometAccounts;
    address private _healthy;
    address private _paused;
    uint256[] private _toFreeze;
    uint256[] private _toConfirm;
    uint256 private _neverFrozen;
    uint256 private _solvent;

    function setUp() public virtual override(CometLegs, Dex223Legs) {
        super.setUp();
        (lender, pool) = (_at(".morpho.morpho"), _pool(weth, usdc, FEE));
        _openPositions();
        _openAccounts();
        _aaveSeized = _wethSeizedFor(AAVE_REPAY);
        _cometBought = comet.quoteCollateral(weth, COMET_REPAY);
    }

    /// @dev Interest sinks all but the last; half of them are frozen by us.
    function _openPositions() private {
        Leg[] memory freezes = new Leg[](MOST_LEGS);
        for (uint256 i; i < MOST_LEGS; ++i) {
            _toFreeze.push(_openInBase(moduleV1));
            _toConfirm.push(_openInBase(moduleV1));
            freezes[i] = _freezeLeg(moduleV1, _toConfirm[i]);
        }
        _neverFrozen = _openInBase(moduleV1);
        skip(76 days);
        _solvent = _openInBase(moduleV1);
        _execute(_dexPlan(freezes));
        skip(12);
    }

    /// @dev Half of the Comet's accounts are absorbed by a rival, so that there is enough for sale for every leg.
    function _openAccounts() private {
        for (uint256 i; i < MOST_LEGS; ++i) {
            _sunkAccounts.push(_openWethUsdc());
        }
        _healthy = _open(weth, 100e18, usdc, 15_000e6);
        _paused = _open(wbtc, 1e8, usdc, 10_000e6);
        _cometAccounts = _openUnderwaterComet(6);
        for (uint256 i; i < 3; ++i) {
            vm.prank(RIVAL);
            comet.absorb(RIVAL, _list(_cometAccounts[i]));
        }
        address configurator = IAddressesProvider(_at(".aave.addressesProvider")).getPoolConfigurator();
        vm.prank(_at(".aave.aclAdmin"));
        IConfigurator(configurator).setReservePause(wbtc, true);
    }

    function _tokens() internal view returns (PricedToken[] memory tokens) {
        tokens = new PricedToken[](4);
        (tokens[0], tokens[1]) = (PricedToken(weth, WETH_PRICE), PricedToken(usdc, USD6_PRICE));
        (tokens[2], tokens[3]) = (PricedToken(wbtc, 0), PricedToken(address(0), WETH_PRICE));
    }

    function _draw(Dice memory dice, uint256 below) internal pure returns (uint256) {
        dice.seed = uint256(keccak256(abi.encode(dice.seed)));
        return dice.seed % below;
    }

    // ---- rounds ----

    /// @dev One to five legs on a flash swap, a loan with a fee, one without, or no money at all; one in six ends in a sale that
    /// asks for too much, after its legs.
    function _drawRound(Dice memory dice) internal view returns (RoundScript memory script) {
        uint256 form = _draw(dice, 4);
        script.legs = new LegScript[](1 + _draw(dice, 5));
        Leg[] memory legs = new Leg[](script.legs.length);
        uint256 amount;
        uint256 arrived;
        for (uint256 i; i < legs.length; ++i) {
            script.legs[i] = _drawLeg(dice, form);
            legs[i] = script.legs[i].leg;
            if (form != 3) amount += legs[i].repay;
            arrived += script.legs[i].seized;
        }
        if (form == 0) {
            script.round = Plans.flashSwap(pool, usdc, amount, Plans.ALL, legs);
        } else if (form == 1) {
            script.round = Plans.loan(aave, usdc, amount, legs, _sellAll(weth, usdc));
        } else if (form == 2) {
            script.round = Round(Funding.Morpho, lender, usdc, amount, 0, "", legs, _sellAll(weth, usdc));
        } else {
            script.round = Plans.unfunded(weth, 0, legs, Plans.swaps());
        }
        _decide(script, form == 0);
        // Only with WETH of its own: without, it would depend on what rounds before have left.
        if (!script.lands || arrived == 0 || _draw(dice, 6) != 0) return script;
        script.round.swaps = Plans.swaps(_greedySale());
        (script.lands, script.reason) =
        (false, abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, UNWRAPPED, 1e18));
    }

    /// @dev Unwraps a thousandth of an ether and asks a whole one for it.
    function _greedySale() private view returns (Swap memory) {
        return Swap(Venue.Weth, weth, weth, address(0), UNWRAPPED, 1e18, "");
    }

    /// @param all Whether every leg has to land.
    function _decide(RoundScript memory script, bool all) private pure {
        for (; script.reached < script.legs.length; ++script.reached) {
            LegScript memory leg = script.legs[script.reached];
            if (leg.lands) {
                script.lands = true;
                continue;
            }
            script.reason = _failed(script.reached, leg.reason);
            script.lands = script.lands && !all;
            if (all) return;
        }
    }

    // ---- legs ----

    /// @dev A flash swap needs legs of one collateral, and seldom gets one that fails; a round without money has Dex223's.
    function _drawLeg(Dice memory dice, uint256 form) private view returns (LegScript memory) {
        uint256 at = dice.used++;
        uint256 chance = _draw(dice, 10);
        if (form == 3) {
            Kind[10] memory free = [
                Kind.FreezeLands,
                Kind.FreezeLands,
                Kind.FreezeLands,
                Kind.ConfirmLands,
                Kind.ConfirmLands,
                Kind.ConfirmLands,
                Kind.NeverFrozen,
                Kind.NeverFrozen,
                Kind.Solvent,
                Kind.Solvent
            ];
            return _dexScript(free[chance], at);
        }
        if (form == 0) return chance == 9 ? _aaveScript(Kind.AaveHealthy, at) : _funded(chance % 2, at);
        return chance < 6 ? _funded(chance % 2, at) : _failing(chance % 3, at);
    }

    function _funded(uint256 which, uint256 at) private view returns (LegScript memory) {
        return which == 0 ? _aaveScript(Kind.AaveLands, at) : _cometScript(Kind.CometLands, at);
    }

    function _failing(uint256 which, uint256 at) private view returns (LegScript memory) {
        if (which == 0) return _aaveScript(Kind.AaveHealthy, at);
        return which == 1 ? _aaveScript(Kind.AavePaused, at) : _cometScript(Kind.CometEmpty, at);
    }

    function _aaveScript(Kind kind, uint256 at) private view returns (LegScript memory script) {
        script.kind = kind;
        if (kind == Kind.AaveLands) {
            script.leg = Plans.leg(aave, _sunkAccounts[at], weth, AAVE_REPAY);
            (script.lands, script.repaid, script.seized) = (true, AAVE_REPAY, _aaveSeized);
        } else if (kind == Kind.AaveHealthy) {
            script.leg = Plans.leg(aave, _healthy, weth, AAVE_REPAY);
            script.reason = abi.encodeWithSignature("HealthFactorNotBelowThreshold()");
        } else {
            script.leg = Plans.leg(aave, _paused, wbtc, AAVE_REPAY);
            script.reason = abi.encodeWithSignature("ReservePaused()");
        }
    }

    function _cometScript(Kind kind, uint256 at) private view returns (LegScript memory script) {
        script.kind = kind;
        bool lands = kind == Kind.CometLands;
        address account = _cometAccounts[at % _cometAccounts.length];
        script.leg = _cometLeg(account, new address[](0), lands ? weth : wbtc, COMET_REPAY);
        if (lands) (script.lands, script.repaid, script.seized) = (true, COMET_REPAY, _cometBought);
        else script.reason = abi.encodeWithSelector(ILiquidator.NothingRepaid.selector, address(comet));
    }

    function _dexScript(Kind kind, uint256 at) private view returns (LegScript memory script) {
        script.kind = kind;
        if (kind == Kind.FreezeLands) {
            (script.leg, script.lands) = (_freezeLeg(moduleV1, _toFreeze[at]), true);
        } else if (kind == Kind.ConfirmLands) {
            (script.leg, script.lands, script.seized) = (_confirmLeg(moduleV1, _toConfirm[at]), true, REWARD);
        } else if (kind == Kind.NeverFrozen) {
            (script.leg, script.reason) = (_confirmLeg(moduleV1, _neverFrozen), _notLanded(moduleV1, _neverFrozen));
        } else {
            (script.leg, script.reason) = (_freezeLeg(moduleV1, _solvent), _text("Liquidation criteria are not met"));
        }
    }
}
