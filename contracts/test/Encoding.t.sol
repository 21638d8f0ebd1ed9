// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Funding, ILiquidator, Plan, Round } from "../interfaces/ILiquidator.sol";
import { Coin } from "./hostile/Coin.sol";
import { Fault } from "./hostile/Pool.sol";
import { Plans } from "./Plans.sol";
import { Stage } from "./Stage.sol";

/// @notice Plans in an encoding of the operator's own making. A round is handed to its pool as bytes; if any part of it
/// stood outside of those bytes, the pool could supply that part, and with it tokens that the plan does not list.
contract EncodingTest is Stage {
    uint256 private constant WORD = 32;
    /// @dev Where a round stands: selector, plan offset, six words of plan, then `tokens` (1 + 2 * 2), `rounds` (1 + 2).
    uint256 private constant PLAN = 4 + WORD;
    uint256 private constant HEAD = 8 * WORD;

    Coin private atRest;

    function setUp() public override {
        super.setUp();
        atRest = new Coin();
        atRest.mint(address(liquidator), 1000e18);
    }

    /// @dev Two rounds, the tail of the first behind the second, so that only the head of the first is bound.
    /// @return data Calldata of `execute`.
    /// @return gap How far the first round's tail is from where it would be.
    function _torn() private view returns (bytes memory data, uint256 gap) {
        bytes memory first = Plans.encoded(_flashSwap());
        bytes memory second = Plans.encoded(_loan());
        gap = second.length;
        for (uint256 member = 5; member < 8; ++member) {
            _write(first, member * WORD, _word(first, member * WORD) + gap);
        }
        Plan memory frame = Plans.plan(_tokens(), Plans.rounds());
        data = abi.encodeCall(ILiquidator.execute, (frame));
        _write(data, data.length - WORD, 2); // rounds
        data = bytes.concat(
            data,
            abi.encode(2 * WORD, 2 * WORD + HEAD),
            _slice(first, 0, HEAD),
            second,
            _slice(first, HEAD, first.length)
        );
    }

    function _slice(bytes memory data, uint256 from, uint256 to) private pure returns (bytes memory slice) {
        slice = new bytes(to - from);
        for (uint256 i; i < slice.length; ++i) {
            slice[i] = data[from + i];
        }
    }

    function _word(bytes memory data, uint256 at) private pure returns (uint256 word) {
        assembly ("memory-safe") {
            word := mload(add(add(data, 0x20), at))
        }
    }

    function _write(bytes memory data, uint256 at, uint256 word) private pure {
        assembly ("memory-safe") {
            mstore(add(add(data, 0x20), at), word)
        }
    }

    /// @dev The pool hands back the head it was given, and behind it a sale of a token that the plan does not list.
    function test_partsOutsideOfTheBoundBytesAreRefused() public {
        Round memory theft = _flashSwap();
        theft.swaps = Plans.swaps(Plans.sale(address(venue), address(atRest), address(debt), type(uint256).max, 0));
        bytes memory whole = Plans.encoded(theft);
        (bytes memory plan, uint256 gap) = _torn();
        pool.misbehave(Fault.TrailingCalldata, bytes.concat(new bytes(gap), _slice(whole, HEAD, whole.length)));
        venue.misbehave(Fault.KeepsAllowance, ""); // takes what it is paid, in whatever token
        vm.prank(OPERATOR);
        (bool ok, bytes memory answer) = address(liquidator).call(plan);
        assertEq(atRest.balanceOf(address(liquidator)), 1000e18, "stolen from what lies at rest");
        assertFalse(ok, "a torn plan went through");
        assertEq(answer, abi.encodePacked(ILiquidator.BadEncoding.selector));
    }

    /// @dev Legs before the round: an offset below zero. In the callback the pool's own arguments stand there.
    function test_partsBeforeTheRoundAreRefused() public {
        bytes memory data = abi.encodeCall(ILiquidator.execute, (_plan(_flashSwap())));
        uint256 rounds = PLAN + _word(data, PLAN + 5 * WORD) + WORD;
        uint256 round = rounds + _word(data, rounds);
        // Points `swaps` at the zero word of `tip`, six words into the plan: no swaps, as execute sees it.
        _write(data, round + 7 * WORD, type(uint256).max - (round - PLAN - 2 * WORD) + 1);
        vm.expectRevert(ILiquidator.BadEncoding.selector);
        _send(data);
    }

    /// @dev The last round reaches to the end of calldata, and what an operator appends there is part of it.
    function test_appendedBytesChangeNothing() public {
        bytes memory data = bytes.concat(abi.encodeCall(ILiquidator.execute, (_plan(_flashSwap()))), hex"c0ffee");
        _send(data);
        assertEq(coll.balanceOf(TREASURY), SEIZED - PAY, "profit");
        _assertClean();
    }

    /// @dev Cutting any plan anywhere never lands a part of it.
    function testFuzz_cutAnywhere(uint256 at) public {
        bytes memory data = abi.encodeCall(ILiquidator.execute, (_plan(_loan())));
        uint256 length = data.length;
        at = bound(at, 4, length - 1);
        assembly ("memory-safe") {
            mstore(data, at)
        }
        vm.prank(OPERATOR);
        (bool ok,) = address(liquidator).call(data);
        // All that can be missing without harm is the zero word that ends the encoding: the length of an empty `extra`.
        if (at < length - WORD) assertFalse(ok, "half a plan went through");
        _assertClean();
    }

    function _send(bytes memory data) private {
        vm.prank(OPERATOR);
        (bool ok, bytes memory answer) = address(liquidator).call(data);
        if (ok) return;
        assembly ("memory-safe") {
            revert(add(answer, 0x20), mload(answer))
        }
    }
}
