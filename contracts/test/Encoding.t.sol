// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { console } from "forge-std/console.sol";
import { Funding, ILiquidator, Leg, Plan, Round } from "../interfaces/ILiquidator.sol";
import { Coin } from "./hostile/Coin.sol";
import { Fault } from "./hostile/Pool.sol";
import { Packing } from "./Packing.sol";
import { Plans } from "./Plans.sol";
import { Stage } from "./Stage.sol";

/// @notice Plans in an encoding of the operator's own making. A round is handed to its pool as bytes; if any part of it
/// stood outside of those bytes, the pool could supply that part, and with it tokens that the plan does not list.
contract EncodingTest is Stage {
    /// @dev Where the numbers of legs and of swaps stand in a round, and where a leg has the length of its `extra`.
    uint256 private constant LEGS = 1;
    uint256 private constant SWAPS = 2;
    uint256 private constant EXTRA = 1;
    uint256 private constant ROUND_HEAD = 58;
    /// @dev Where a leg has the number of its collateral.
    uint256 private constant COLLATERAL = 23;

    Coin private atRest;

    function setUp() public override {
        super.setUp();
        atRest = new Coin();
        atRest.mint(address(liquidator), 1000e18);
    }

    /// @dev A plan of one round, as bytes of the operator's choice.
    function _around(bytes memory round) private view returns (bytes memory plan) {
        plan = bytes.concat(Plans.packed(Plans.plan(_tokens(), Plans.rounds())), round);
        plan[31] = bytes1(uint8(1)); // rounds
    }

    function _packed(Round memory round) private view returns (bytes memory) {
        return Packing.pack(round, _tokens());
    }

    function _expectBadEncoding(bytes memory plan) private {
        vm.expectRevert(ILiquidator.BadEncoding.selector);
        vm.prank(OPERATOR);
        Plans.execute(liquidator, plan);
    }

    function _expectUnlisted(bytes memory plan, uint256 number) private {
        vm.expectRevert(abi.encodeWithSelector(ILiquidator.UnlistedToken.selector, number));
        vm.prank(OPERATOR);
        Plans.execute(liquidator, plan);
    }

    /// @dev Executes a plan that is refused as soon as a byte of it is changed, and leaves the chain as it was.
    function _lands(bytes memory plan) private {
        uint256 state = vm.snapshotState();
        vm.prank(OPERATOR);
        assertGt(Plans.execute(liquidator, plan), 0, "value of the plan unchanged");
        assertEq(market.debts(BORROWER), 0, "debt repaid");
        vm.revertToState(state);
    }

    /// @dev The plan names a swap and ends before it. The pool hands back the bytes it was given, and behind them a sale of a
    /// token that the plan does not list.
    function test_partsOutsideOfTheBoundBytesAreRefused() public {
        bytes memory torn = _packed(_flashSwap());
        _lands(_around(torn));
        torn[SWAPS] = bytes1(uint8(1));
        Round memory theft = _flashSwap();
        theft.swaps = Plans.swaps(Plans.sale(address(venue), address(atRest), address(debt), type(uint256).max, 0));
        bytes memory whole = _packed(theft);
        bytes memory missing = new bytes(whole.length - torn.length);
        for (uint256 i; i < missing.length; ++i) {
            missing[i] = whole[torn.length + i];
        }
        pool.misbehave(Fault.TrailingCalldata, missing);
        venue.misbehave(Fault.KeepsAllowance, ""); // takes what it is paid, in whatever token
        vm.prank(OPERATOR);
        (bool ok, bytes memory answer) = address(liquidator).call(Plans.call(_around(torn)));
        assertEq(atRest.balanceOf(address(liquidator)), 1000e18, "stolen from what lies at rest");
        assertFalse(ok, "a torn plan went through");
        assertEq(answer, abi.encodeWithSelector(ILiquidator.UnlistedToken.selector, 0));
    }

    /// @dev One byte short: the last part's `extra` would end behind the plan.
    function test_extraBeyondThePlanIsRefused() public {
        bytes memory round = _packed(_flashSwap());
        _lands(_around(round));
        round[ROUND_HEAD + EXTRA + 1] = bytes1(uint8(1));
        _expectBadEncoding(_around(round));
    }

    function test_fundingThatIsNone() public {
        bytes memory round = _packed(_flashSwap());
        _lands(_around(round));
        round[0] = bytes1(uint8(type(Funding).max) + 1);
        _expectBadEncoding(_around(round));
    }

    /// @dev A leg more than there is, in the zeros behind calldata: no token has its collateral's number.
    function test_legBeyondThePlanIsRefused() public {
        bytes memory round = _packed(_flashSwap());
        _lands(_around(round));
        round[LEGS] = bytes1(uint8(2));
        _expectUnlisted(_around(round), 0);
    }

    /// @dev Tokens are numbered from 1 to as many as there are: what stands before them or behind is no token.
    function test_numbersOfNoToken() public {
        bytes memory round = _packed(_flashSwap());
        _lands(_around(round));
        uint8[3] memory numbers = [0, 3, 255];
        for (uint256 i; i < numbers.length; ++i) {
            round[ROUND_HEAD + COLLATERAL] = bytes1(numbers[i]);
            _expectUnlisted(_around(round), numbers[i]);
        }
    }

    /// @dev There is one encoding of a plan: nothing stands behind its last round.
    function test_appendedBytesAreRefused() public {
        bytes memory packed = Plans.packed(_plan(_flashSwap()));
        _lands(packed);
        _expectBadEncoding(bytes.concat(packed, hex"00"));
    }

    function test_roundBeyondThePlanIsRefused() public {
        bytes memory packed = Plans.packed(_plan(_flashSwap()));
        _lands(packed);
        packed[31] = bytes1(uint8(2));
        _expectUnlisted(packed, 0);
    }

    /// @dev Cutting a plan anywhere never lands a part of it; uncut it lands. Which error it is depends on the part that ends
    /// early: less than the first word are no arguments, and that reverts without data; behind it zeros stand where a part is
    /// missing, which is no token's number, or the parts that are there end behind the plan.
    function test_cutAnywhere() public {
        bytes memory packed = Plans.packed(_plan(_loan()));
        uint256 length = packed.length;
        uint256[3] memory refused;
        for (uint256 at; at < length; ++at) {
            assembly ("memory-safe") {
                mstore(packed, at)
            }
            vm.prank(OPERATOR);
            (bool ok, bytes memory answer) = address(liquidator).call(Plans.call(packed));
            assertFalse(ok, "half a plan went through");
            ++refused[_whichOf(answer)];
        }
        _assertClean();
        assembly ("memory-safe") {
            mstore(packed, length)
        }
        _lands(packed);
        assertEq(refused[0], 32, "cuts in the first word");
        assertEq(refused[0] + refused[1] + refused[2], length, "cuts");
        assertGt(refused[1] * refused[2], 0, "an error that no cut met");
        console.log("%d cuts: no token's number %d, another length %d", length, refused[1], refused[2]);
    }

    function _whichOf(bytes memory answer) private pure returns (uint256) {
        if (answer.length == 0) return 0;
        bytes memory unlisted = abi.encodeWithSelector(ILiquidator.UnlistedToken.selector, 0);
        if (keccak256(answer) == keccak256(unlisted)) return 1;
        assertEq(answer, abi.encodeWithSelector(ILiquidator.BadEncoding.selector), "error");
        return 2;
    }

    /// @dev The layout, to the byte: what another encoder has to write.
    function test_layout() public pure {
        Plan memory plan = Plans.plan(
            Plans.tokens(address(0x11), 7, address(0x22), 8),
            Plans.rounds(
                Plans.flashSwap(address(0x33), address(0x22), 5, type(uint256).max, Plans.legs(_someLeg())),
                Plans.unfunded(
                    address(0x22),
                    0,
                    Plans.legs(),
                    Plans.swaps(Plans.sale(address(0x66), address(0x11), address(0x22), 9, 6))
                )
            )
        );
        (plan.validUntil, plan.floor, plan.tip, plan.weth) = (1000, 2, 3, address(0x22));
        plan.rounds[0].extra = hex"abcd";
        plan.rounds[0].legs[0].extra = hex"ef";
        plan.rounds[1].swaps[0].extra = hex"77";
        bytes memory head = hex"00000003e8" hex"000000000000000000000002" hex"000000000000000000000003" hex"01" hex"02"
            hex"02";
        bytes memory tokens = abi.encodePacked(address(0x11), uint128(7), address(0x22), uint128(8));
        bytes memory first =
            abi.encodePacked(hex"010100" hex"0002", address(0x33), hex"01", uint128(5), type(uint128).max, hex"abcd");
        bytes memory leg =
            abi.encodePacked(hex"00" hex"0001", address(0x44), hex"02", address(0x55), type(uint128).max, hex"ef");
        bytes memory second = abi.encodePacked(hex"000001" hex"0000", address(0), hex"01", uint128(0), uint128(0));
        bytes memory swap =
            abi.encodePacked(hex"00" hex"0001", address(0x66), hex"02" hex"01", uint128(9), uint128(6), hex"77");
        assertEq(Plans.packed(plan), bytes.concat(head, tokens, first, leg, second, swap));
    }

    function _someLeg() private pure returns (Leg memory) {
        return Plans.leg(address(0x44), address(0x55), address(0x11));
    }
}
