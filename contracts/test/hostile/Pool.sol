// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { SafeCastLib } from "solady/utils/SafeCastLib.sol";
import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IAaveV3FlashLoanSimpleReceiver } from "../../interfaces/external/IAaveV3Pool.sol";
import { IUniswapV3SwapCallback } from "../../interfaces/external/IUniswapV3Pool.sol";
import { Scripted } from "./Scripted.sol";

/// @notice What a {Pool} does wrong.
enum Fault {
    None,
    NoCallback,
    OtherData,
    OtherSelector,
    NoPayout,
    ShortPayout,
    ShortDelta,
    AsksDouble,
    RevertBomb,
    ReturnBomb,
    OtherInitiator,
    OtherAmount,
    KeepsAllowance,
    TrailingCalldata,
    UndoneCallback
}

/// @title Pool
/// @notice A Uniswap v3 pool and an Aave lender in one, honest unless told otherwise: a swap costs 101 for 100, a loan 1
/// in 1,000.
contract Pool is Scripted {
    using SafeCastLib for *;

    Fault private _fault;
    bytes private _other;

    /// @notice Makes it misbehave; `other` is what it calls back with instead, or behind.
    function misbehave(Fault fault, bytes calldata other) external {
        _fault = fault;
        _other = other;
    }

    /// @notice The two tokens in Uniswap's order.
    address public immutable token0;
    /// @notice See {token0}.
    address public immutable token1;

    constructor(address a, address b) {
        (token0, token1) = a < b ? (a, b) : (b, a);
    }

    /// @notice As IUniswapV3Pool has it.
    function swap(address recipient, bool zeroForOne, int256 specified, uint160, bytes calldata data)
        external
        returns (int256, int256)
    {
        _act(false);
        (uint256 pay, uint256 out) = specified < 0
            ? ((-specified).toUint256() * 101 / 100, (-specified).toUint256())
            : (specified.toUint256(), specified.toUint256() * 100 / 101);
        if (_fault == Fault.AsksDouble) pay *= 2;
        if (_fault == Fault.ShortDelta) --out;

        uint256 paidOut = _fault == Fault.NoPayout ? 0 : _fault == Fault.ShortPayout ? out - 1 : out;
        require(IERC20(zeroForOne ? token1 : token0).transfer(recipient, paidOut));

        (int256 delta0, int256 delta1) =
            zeroForOne ? (pay.toInt256(), -out.toInt256()) : (-out.toInt256(), pay.toInt256());
        IERC20 tokenIn = IERC20(zeroForOne ? token0 : token1);
        uint256 before = tokenIn.balanceOf(address(this));
        _call(abi.encodeCall(IUniswapV3SwapCallback.uniswapV3SwapCallback, (delta0, delta1, _sentBack(data))));
        require(_fault != Fault.None || tokenIn.balanceOf(address(this)) == before + pay, "IIA");
        _act(true);
        return (delta0, delta1);
    }

    /// @notice As Aave's Pool has it.
    function flashLoanSimple(address receiver, address asset, uint256 amount, bytes calldata params, uint16) external {
        _act(false);
        uint256 premium = amount / 1000;
        uint256 lent = _fault == Fault.OtherAmount ? amount - 1 : amount;
        require(IERC20(asset).transfer(receiver, _fault == Fault.NoPayout ? 0 : lent));
        address initiator = _fault == Fault.OtherInitiator ? address(this) : msg.sender;
        _call(
            abi.encodeCall(
                IAaveV3FlashLoanSimpleReceiver.executeOperation, (asset, lent, premium, initiator, _sentBack(params))
            )
        );
        if (_fault != Fault.KeepsAllowance) {
            require(IERC20(asset).transferFrom(receiver, address(this), lent + premium));
        }
        _act(true);
    }

    function _sentBack(bytes calldata data) private view returns (bytes memory) {
        if (_fault == Fault.OtherData) return _other;
        return data;
    }

    function _call(bytes memory payload) private {
        if (_fault == Fault.NoCallback) return;
        if (_fault == Fault.OtherSelector) payload = _other;
        if (_fault == Fault.TrailingCalldata) payload = bytes.concat(payload, _other);
        if (_fault == Fault.RevertBomb || _fault == Fault.ReturnBomb) {
            bool fails = _fault == Fault.RevertBomb;
            assembly ("memory-safe") {
                if fails { revert(1000000, 1000000) }
                return(1000000, 1000000)
            }
        }
        if (_fault == Fault.UndoneCallback) {
            try this.undo(msg.sender, payload) { } catch { }
            return;
        }
        _callBack(msg.sender, payload);
    }

    /// @notice Calls back in a frame that is then undone.
    function undo(address target, bytes calldata payload) external {
        _callBack(target, payload);
        revert("undone");
    }
}
