// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IERC4626 } from "@openzeppelin/contracts/interfaces/IERC4626.sol";
import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { SafeTransferLib } from "solady/utils/SafeTransferLib.sol";
import { Funding, ILiquidator, Plan, Round, Swap, Venue } from "../../interfaces/ILiquidator.sol";
import { PoolKey } from "../../interfaces/external/IUniswapV4.sol";
import { Lender, Wrong } from "../funding/Lender.sol";
import { Market } from "../hostile/Market.sol";
import { Fault, Pool } from "../hostile/Pool.sol";
import { Plans } from "../Plans.sol";
import { Markets } from "./Markets.sol";
import { FakeManager, FakeWeth } from "./Swindle.sol";

/// @notice An operator gone bad: venues and tokens that claim more than was sold, while other tokens and native coins,
/// which the plan does not list, lie here.
contract HostileVenuesTest is Markets {
    using SafeTransferLib for address;

    uint256 private constant AT_REST = 5e18;
    uint256 private constant LENT = 1e18;
    /// @dev What the fake market pays for it.
    uint256 private constant SOLD = 1.05e18;
    int128 private constant SOLD_DELTA = 1.05e18;
    int128 private constant AT_REST_DELTA = 5e18;

    FakeWeth private _fake;
    FakeWeth private _other;
    FakeManager private _manager;
    Lender private _lender;
    address private _market;
    uint256 private _sharesAtRest;

    function setUp() public override {
        super.setUp();
        (_fake, _other, _manager) = (new FakeWeth(), new FakeWeth(), new FakeManager());
        vm.deal(address(liquidator), AT_REST);
        _give(weth, address(liquidator), AT_REST);
        _give(weth, address(this), AT_REST);
        weth.safeApprove(shares, AT_REST);
        _sharesAtRest = IERC4626(shares).deposit(AT_REST, address(liquidator));

        // A lender that makes gifts and a market that pays a worthless token: a plan of theirs needs no more to land.
        _lender = new Lender(IERC20(usdc));
        _lender.misbehave(Wrong.KeepsAllowance, "");
        _give(usdc, address(_lender), LENT);
        Market market = new Market();
        market.owe(OWNER, LENT);
        _fake.mint(address(market), 100e18);
        _market = address(market);
    }

    function _plan(Swap memory swap, address alsoListed) private view returns (Plan memory) {
        Round memory round = Round({
            funding: Funding.Morpho,
            source: address(_lender),
            debtToken: usdc,
            amount: LENT,
            maxPay: 0,
            extra: "",
            legs: Plans.legs(Plans.leg(_market, OWNER, address(_fake), LENT)),
            swaps: Plans.swaps(swap)
        });
        return Plans.plan(Plans.tokens(address(_fake), 0, usdc, 0, alsoListed, 0), Plans.rounds(round));
    }

    function _onV4(address currency0, address currency1, address tokenOut) private view returns (Swap memory) {
        bytes memory extra = abi.encode(PoolKey(currency0, currency1, 3000, 60, address(0)), "");
        return Swap(Venue.UniswapV4, address(_manager), address(_fake), tokenOut, Plans.ALL, 0, extra);
    }

    function _assertAtRest() private view {
        assertEq(address(liquidator).balance, AT_REST, "native coins at rest");
        assertEq(IERC20(weth).balanceOf(address(liquidator)), AT_REST, "WETH at rest");
        assertEq(IERC20(shares).balanceOf(address(liquidator)), _sharesAtRest, "shares at rest");
    }

    function _expectRefused(Swap memory swap, address alsoListed, bytes memory reason) private {
        _expectNothingLanded(_plan(swap, alsoListed), reason);
        _assertAtRest();
    }

    // ---- managers ----

    /// @dev Asked to sell fakes in a pool of USDC and real WETH, we pay in fakes.
    function test_v4PoolOfAnotherToken() public {
        _manager.claim(0, -SOLD_DELTA);
        _execute(_plan(_onV4(usdc, weth, usdc), usdc));
        _assertAtRest();
        assertEq(IERC20(weth).balanceOf(address(_manager)), 0, "WETH at the manager");
        assertEq(_fake.balanceOf(address(_manager)), SOLD, "fakes at the manager");
    }

    /// @dev A manager says it paid native coins and did not: those that lie here are not wrapped in their place.
    function test_v4PaysNoCoins() public {
        _manager.claim(AT_REST_DELTA, -SOLD_DELTA);
        _execute(_plan(_onV4(address(0), address(_fake), address(_other)), address(_other)));
        _assertAtRest();
        assertEq(address(_other).balance, 0, "coins in the fake WETH");
    }

    function test_v4FakeWethIn() public {
        _manager.claim(-SOLD_DELTA, 0);
        _expectRefused(_onV4(address(0), usdc, usdc), usdc, _noWeth());
    }

    function test_v4ClaimsMoreThanSold() public {
        bytes memory reason = abi.encodeWithSelector(ILiquidator.PayAboveMax.selector, SOLD + 1, SOLD);
        _manager.claim(-SOLD_DELTA - 1, 0);
        _expectRefused(_onV4(address(_fake), usdc, usdc), usdc, reason);
        _manager.claim(0, -SOLD_DELTA - 1);
        _expectRefused(_onV4(usdc, address(_fake), usdc), usdc, reason);
    }

    /// @dev A hook that takes more than the pool gives leaves us owing on both sides.
    function test_v4OwedOnBothSides() public {
        _manager.claim(-SOLD_DELTA, -1);
        _expectRefused(_onV4(address(_fake), usdc, usdc), usdc, abi.encodeWithSelector(SafeCastLib.Overflow.selector));
    }

    function test_v4PaysLess() public {
        _manager.claim(-SOLD_DELTA, 7);
        Swap memory swap = _onV4(address(_fake), usdc, usdc);
        swap.minOut = 7;
        _expectRefused(swap, usdc, abi.encodeWithSelector(ILiquidator.OutBelowMin.selector, 0, 7));
    }

    function test_v4DoesNotCallBack() public {
        _manager.turnSilent();
        bytes memory reason = abi.encodeWithSelector(ILiquidator.NoCallback.selector, address(_manager));
        _expectRefused(_onV4(address(_fake), usdc, usdc), usdc, reason);
    }

    // ---- tokens ----

    function _noWeth() private view returns (bytes memory) {
        return abi.encodeWithSelector(ILiquidator.NoWeth.selector, address(_fake));
    }

    function test_fakeWethUnwrapped() public {
        Swap memory swap = Swap(Venue.Weth, address(_fake), address(_fake), address(0), Plans.ALL, 0, "");
        _expectRefused(swap, address(0), _noWeth());
    }

    /// @dev The fake has no `redeem`; the vault that the plan points to is not asked for the shares that lie here.
    function test_redeemOfSharesAtRest() public {
        _expectRefused(Swap(Venue.Erc4626, shares, address(_fake), usdc, SOLD, 0, ""), usdc, "");
    }

    /// @dev A first pool that takes the fakes and pays no WETH: the second is asked to sell what came, nothing.
    function test_v3FirstPoolPaysNothing() public {
        Pool first = new Pool(address(_fake), weth);
        first.misbehave(Fault.NoPayout, "");
        bytes memory extra = _hop(weth, _pool(weth, usdc, 500));
        Swap memory swap = Swap(Venue.UniswapV3, address(first), address(_fake), usdc, Plans.ALL, 0, extra);
        _expectRefused(swap, usdc, abi.encodeWithSignature("Error(string)", "AS"));
    }

    // ---- native coins that are listed ----

    /// @dev They go to the treasury first and are no profit.
    function test_coinsAtRestAreSwept() public {
        (address borrower, uint256 seized) = _underwater();
        uint256 out = _quote(Shop.V4Native, seized);
        Round memory round = Round({
            funding: Funding.Morpho,
            source: _at(".morpho.morpho"),
            debtToken: usdc,
            amount: REPAID,
            maxPay: 0,
            extra: "",
            legs: Plans.legs(Plans.leg(aave, borrower, weth, REPAID)),
            swaps: _sale(Shop.V4Native, Plans.ALL, out)
        });
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(address(0), AT_REST);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(weth, AT_REST);
        assertEq(_execute(Plans.plan(_listed(), Plans.rounds(round))), _worth(out - REPAID), "value");
        assertEq(TREASURY.balance, AT_REST, "coins at the treasury");
        assertEq(_treasury(weth), AT_REST, "WETH at the treasury");
        assertEq(_treasury(usdc), out - REPAID, "profit");
        assertEq(address(liquidator).balance, 0, "native coins left");
        _assertClean();
    }

    function test_ownerRescuesCoins() public {
        vm.prank(OWNER);
        vm.expectEmit(address(liquidator));
        emit ILiquidator.Rescued(address(0), 2e18);
        liquidator.rescue(address(0), 2e18);
        assertEq(TREASURY.balance, 2e18, "treasury");
        assertEq(address(liquidator).balance, AT_REST - 2e18, "left");
    }
}
