// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IAaveV3FlashLoanSimpleReceiver } from "../interfaces/external/IAaveV3Pool.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { ILiquidator, Leg, Plan, Round, Swap } from "../interfaces/ILiquidator.sol";
import { Coin } from "./hostile/Coin.sol";
import { Market } from "./hostile/Market.sol";
import { Fault, Pool } from "./hostile/Pool.sol";
import { IPool, IPoolState } from "./ILab.sol";
import { Lab } from "./Lab.sol";
import { Mutation } from "./Mutation.sol";
import { Plans } from "./Plans.sol";

/// @title Crowd
/// @notice Everybody around the Liquidator, on the real market: an operator whose key may be stolen, strangers, donors,
/// prices and time. What a call must not do is noted in `broken`, since a reverting action would be forgotten.
abstract contract Crowd is Lab {
    using SafeCastLib for uint256;

    uint24 private constant FEE = 500;

    /// @dev Whose plan it is: good ones, ones for an account that is healthy, a thief's, and a thief's with words of its own.
    enum Kind {
        Honest,
        Stale,
        Hostile,
        Mutated
    }

    uint256 internal constant KINDS = 4;

    /// @dev By kind, plans sent and plans that landed.
    uint256[KINDS] internal sent;
    uint256[KINDS] internal landed;
    string internal broken;

    address internal pool;
    Pool internal hostilePool;
    Market internal hostileMarket;
    Coin internal coin;

    mapping(address token => uint256) private _atTreasury;
    mapping(address token => uint256) private _ours;
    uint160 private _homePrice;

    function setUp() public virtual override {
        super.setUp();
        pool = _pool(weth, usdc, FEE);
        (_homePrice,,,,,,) = IPoolState(pool).slot0();
        hostilePool = new Pool(weth, usdc);
        hostileMarket = new Market();
        coin = new Coin();
        address[2] memory rich = [address(hostilePool), address(hostileMarket)];
        for (uint256 i; i < 2; ++i) {
            _give(weth, rich[i], 1e24);
            _give(usdc, rich[i], 1e18);
            coin.mint(rich[i], 1e30);
        }
        vm.prank(OWNER);
        liquidator.setTipCap(5000);
    }

    function _tokens() internal view returns (address[4] memory) {
        return [weth, usdc, wbtc, address(coin)];
    }

    /// @dev After every action: the treasury has no less, and what lay here is here or there.
    modifier watched() {
        _;
        address[4] memory tokens = _tokens();
        for (uint256 i; i < 4; ++i) {
            uint256 there = _treasury(tokens[i]);
            uint256 ours = there + IERC20(tokens[i]).balanceOf(address(liquidator));
            if (there < _atTreasury[tokens[i]]) broken = "the treasury lost";
            if (ours < _ours[tokens[i]]) broken = "what lay here went elsewhere";
            (_atTreasury[tokens[i]], _ours[tokens[i]]) = (there, ours);
        }
    }

    // ---- operators ----

    function honestFlashSwap(uint256 size) external watched {
        _honest(Plans.rounds(_goodRound(size, 0)));
    }

    function honestLoan(uint256 size) external watched {
        _honest(Plans.rounds(_goodRound(size, 1)));
    }

    /// @dev The account is healthy: alone such a round lands nothing, before a good one it is skipped.
    function stalePlan(uint256 size, bool alone) external watched {
        address healthy = _open(weth, 100e18, usdc, 10_000e6);
        Round memory stale = Plans.flashSwap(pool, usdc, 10_000e6, type(uint256).max, Plans.legs(_leg(healthy, weth)));
        if (alone) _send(Kind.Stale, Plans.plan(_wethUsdc(), Plans.rounds(stale)));
        else _honest(Plans.rounds(stale, _goodRound(size, 0)));
    }

    /// @dev A stolen key: parties of its own at random places of a plan that is good otherwise.
    function hostilePlan(uint256 seed, uint256 size, uint256 debtHere) external watched {
        Round memory good = _goodRound(size, 0);
        Round memory round = _goodRound(size, seed);
        Plan memory plan = Plans.plan(_wethUsdc(), seed & 128 != 0 ? Plans.rounds(round, good) : Plans.rounds(round));
        hostilePool.misbehave(Fault(uint8((seed >> 8) % 15)), abi.encode(weth, debtHere));
        hostileMarket.owe(round.legs[0].borrower, _bound(debtHere, 0, 1e12));
        if (seed & 2 != 0) round.source = address(hostilePool);
        if (seed & 4 != 0) round.legs[0].market = address(hostileMarket);
        if (seed & 8 != 0 && round.swaps.length != 0) round.swaps[0].pool = address(hostilePool);
        if (seed & 16 != 0) {
            round.legs[0].collateral = address(coin);
            plan.tokens = Plans.tokens(weth, WETH_PRICE, usdc, USD6_PRICE, address(coin), 1e18);
        }
        if (seed & 32 != 0) {
            (plan.tip, plan.weth) = (_bound(debtHere, 0, 1e12), seed & 64 != 0 ? weth : address(hostilePool));
        }
        _send(Kind.Hostile, plan);
    }

    /// @dev A stolen key: words of a good plan overwritten.
    function mutatedPlan(uint256 seed, uint256 size, uint256 at, uint256 word) external watched {
        bytes memory data = Plans.call(Plans.plan(_wethUsdc(), Plans.rounds(_goodRound(size, seed))));
        address[8] memory inPlay =
            [aave, pool, weth, usdc, address(hostilePool), address(hostileMarket), wbtc, address(coin)];
        Mutation.mutate(data, at, word, inPlay);
        _send(Kind.Mutated, data);
    }

    // ---- everybody else ----

    /// @dev A stranger tries every door. None may open.
    function stranger(address caller, uint256 door, bytes calldata data) external watched {
        vm.assume(caller != OWNER && caller != OPERATOR && caller != address(liquidator));
        // Nobody sends from the zero address, which is also who may accept an ownership that nobody was offered.
        vm.assume(caller != address(0));
        bytes memory call = _door(door % 10, caller, data);
        uint256[4] memory before = _here();
        vm.prank(caller);
        (bool ok,) = (door % 10 == 9 ? aave : address(liquidator)).call(call);
        if (ok) broken = string.concat("a stranger opened door ", vm.toString(door % 10));
        uint256[4] memory afterwards = _here();
        for (uint256 i; i < 4; ++i) {
            if (before[i] != afterwards[i]) broken = "a stranger moved something";
        }
    }

    function _door(uint256 door, address caller, bytes calldata data) private view returns (bytes memory) {
        if (door == 0) return Plans.call(Plans.plan(_wethUsdc(), Plans.rounds()));
        if (door == 1) return abi.encodeCall(liquidator.runUnfunded, (data));
        if (door == 2) {
            return
                abi.encodeCall(IAaveV3FlashLoanSimpleReceiver.executeOperation, (weth, 1, 0, address(liquidator), data));
        }
        if (door == 3) return abi.encodeCall(liquidator.uniswapV3SwapCallback, (1, -1, abi.encode(weth, 1)));
        if (door == 4) return abi.encodeCall(ILiquidator.setOperator, (caller, true));
        if (door == 5) return abi.encodeCall(ILiquidator.setTreasury, (caller));
        if (door == 6) return abi.encodeCall(ILiquidator.rescue, (weth, 1));
        if (door == 7) return abi.encodeCall(liquidator.transferOwnership, (caller));
        if (door == 8) return abi.encodeCall(liquidator.acceptOwnership, ());
        return abi.encodeCall(IPool.flashLoanSimple, (address(liquidator), usdc, 1e6, data, 0));
    }

    function donate(uint256 which, uint256 amount) external watched {
        amount = _bound(amount, 1, 1e12);
        if (which % 5 == 4) vm.deal(address(liquidator), address(liquidator).balance + amount);
        else if (which % 5 == 3) coin.mint(address(liquidator), amount);
        else _give(_tokens()[which % 5], address(liquidator), amount);
    }

    function movePrice(uint256 usd) external watched {
        _setPrice(weth, _bound(usd, 1500, 2500));
    }

    function movePool(uint256 bps) external watched {
        _dump(pool, weth, usdc, _bound(bps, 10, 1000));
    }

    function pass(uint256 time) external watched {
        skip(_bound(time, 1, 1 hours));
    }

    // ---- how ----

    function _account(uint256 size) private returns (address borrower, uint256 debt) {
        uint256 supplied = _bound(size, 2e18, 100e18);
        _setPrice(weth, 2000);
        borrower = _open(weth, supplied, usdc, supplied * 1500 / 1e12);
        _setPrice(weth, 1700);
        debt = _debtOf(borrower, usdc);
        _bringHome();
    }

    /// @dev Arbitrage: the pool goes back to where the lab opened it.
    function _bringHome() private {
        (uint160 sqrtPrice,,,,,,) = IPoolState(pool).slot0();
        if (sqrtPrice == _homePrice) return;
        bool zeroForOne = sqrtPrice > _homePrice;
        address tokenIn = zeroForOne == weth < usdc ? weth : usdc;
        IPoolState(pool).swap(address(this), zeroForOne, 1e36, _homePrice, abi.encode(tokenIn));
    }

    /// @dev A round that lands as things stand; an odd seed makes it a loan.
    function _goodRound(uint256 size, uint256 seed) private returns (Round memory) {
        (address borrower, uint256 debt) = _account(size);
        Leg[] memory legs = Plans.legs(_leg(borrower, weth));
        if (seed & 1 == 0) return Plans.flashSwap(pool, usdc, debt, type(uint256).max, legs);
        Swap memory sale = Plans.sale(pool, weth, usdc, type(uint256).max, debt);
        return Plans.loan(aave, usdc, debt, legs, Plans.swaps(sale));
    }

    function _honest(Round[] memory rounds) private {
        _send(Kind.Honest, Plans.plan(_wethUsdc(), rounds));
    }

    function _send(Kind kind, Plan memory plan) private {
        bool ok = _send(kind, Plans.call(plan));
        if (!ok) return;
        for (uint256 i; i < plan.tokens.length; ++i) {
            if (IERC20(plan.tokens[i].token).balanceOf(address(liquidator)) != 0) broken = "a plan left a token";
        }
    }

    /// @dev Whatever tokens the plan names: each is at zero afterwards or was not touched.
    function _send(Kind kind, bytes memory data) private returns (bool ok) {
        ++sent[uint256(kind)];
        uint256 native = address(liquidator).balance;
        uint256[4] memory before = _here();
        vm.prank(OPERATOR);
        (ok,) = address(liquidator).call(data);
        if (ok) ++landed[uint256(kind)];
        if (address(liquidator).balance < native) broken = "a plan spent native coins at rest";
        uint256[4] memory afterwards = _here();
        for (uint256 i; i < 4; ++i) {
            if (afterwards[i] != 0 && afterwards[i] != before[i]) broken = "a plan left part of a token";
        }
    }

    function _here() private view returns (uint256[4] memory balances) {
        for (uint256 i; i < 4; ++i) {
            balances[i] = IERC20(_tokens()[i]).balanceOf(address(liquidator));
        }
    }
}
