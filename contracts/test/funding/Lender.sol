// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { IAaveV3FlashLoanReceiver, IAaveV3FlashLoanSimpleReceiver } from "../../interfaces/external/IAaveV3Pool.sol";
import { IBalancerV2FlashLoanRecipient } from "../../interfaces/external/IBalancer.sol";
import { IMorphoFlashLoanCallback } from "../../interfaces/external/IMorpho.sol";
import { IUniswapV3FlashCallback } from "../../interfaces/external/IUniswapV3Pool.sol";
import { IUnlockCallback } from "../../interfaces/external/IUniswapV4.sol";
import { Scripted } from "../hostile/Scripted.sol";

/// @notice What a {Lender} does wrong.
enum Wrong {
    Nothing,
    LendsLess,
    SaysLess,
    KeepsAllowance,
    CallsTwice,
    OtherData,
    OtherInitiator,
    CreditsLess,
    NoCallback
}

/// @title Lender
/// @notice Every kind of lender in one, honest unless told otherwise; a loan costs 1 in 1,000 where its kind has a fee.
contract Lender is Scripted {
    Wrong private _wrong;
    bytes private _other;
    IERC20 private immutable TOKEN;

    constructor(IERC20 token) {
        TOKEN = token;
    }

    /// @notice Makes it misbehave; `other` is the data it calls back with instead, or the second time.
    function misbehave(Wrong wrong, bytes calldata other) external {
        (_wrong, _other) = (wrong, other);
    }

    // ---- Morpho ----

    function flashLoan(address, uint256 amount, bytes calldata data) external {
        amount = _lend(amount);
        _callBackTwice(abi.encodeCall(IMorphoFlashLoanCallback.onMorphoFlashLoan, (amount, _sent(data))));
        _pull(amount);
    }

    // ---- Balancer v2 ----

    function flashLoan(address, address[] calldata tokens, uint256[] memory amounts, bytes calldata data) external {
        amounts[0] = _lend(amounts[0]);
        uint256[] memory fees = _one(amounts[0] / 1000);
        _callBackTwice(
            abi.encodeCall(IBalancerV2FlashLoanRecipient.receiveFlashLoan, (tokens, amounts, fees, _sent(data)))
        );
    }

    // ---- Uniswap v3 ----

    function flash(address, uint256 amount0, uint256 amount1, bytes calldata data) external {
        uint256 amount = _lend(amount0 + amount1);
        (uint256 fee0, uint256 fee1) = amount0 == 0 ? (uint256(0), amount / 1000) : (amount / 1000, uint256(0));
        _callBackTwice(abi.encodeCall(IUniswapV3FlashCallback.uniswapV3FlashCallback, (fee0, fee1, _sent(data))));
    }

    // ---- Aave v3 ----

    function flashLoanSimple(address, address asset, uint256 amount, bytes calldata data, uint16) external {
        amount = _lend(amount);
        address initiator = _wrong == Wrong.OtherInitiator ? address(this) : msg.sender;
        _callBackTwice(
            abi.encodeCall(
                IAaveV3FlashLoanSimpleReceiver.executeOperation, (asset, amount, amount / 1000, initiator, _sent(data))
            )
        );
        _pull(amount + amount / 1000);
    }

    function flashLoan(
        address,
        address[] calldata assets,
        uint256[] memory amounts,
        uint256[] calldata,
        address,
        bytes calldata data,
        uint16
    ) external {
        uint256 amount = _lend(amounts[0]);
        address initiator = _wrong == Wrong.OtherInitiator ? address(this) : msg.sender;
        _callBackTwice(
            abi.encodeCall(
                IAaveV3FlashLoanReceiver.executeOperation,
                (assets, _one(amount), _one(amount / 1000), initiator, _sent(data))
            )
        );
        _pull(amount + amount / 1000);
    }

    // ---- Uniswap v4, Balancer v3 ----

    /// @notice Balancer's calls its caller with the data itself, Uniswap's hands it to the callback.
    function unlock(bytes calldata data) external returns (bytes memory) {
        // forge-lint: disable-next-line(unsafe-typecast) -- the selector is what is asked for
        if (bytes4(data) == bytes4(keccak256("balancerV3Unlocked(bytes)"))) {
            bytes memory other = abi.encodeWithSignature("balancerV3Unlocked(bytes)", _other);
            _callBackTwice(_wrong == Wrong.OtherData ? other : bytes(data));
        } else {
            _callBackTwice(abi.encodeCall(IUnlockCallback.unlockCallback, (_sent(data))));
        }
        return "";
    }

    function take(address, address to, uint256 amount) external {
        require(TOKEN.transfer(to, _wrong == Wrong.LendsLess ? amount - 1 : amount));
    }

    function sendTo(address, address to, uint256 amount) external {
        require(TOKEN.transfer(to, _wrong == Wrong.LendsLess ? amount - 1 : amount));
    }

    function sync(address) external { }

    function settle() external payable returns (uint256) { }

    function settle(address, uint256 hint) external view returns (uint256) {
        return _wrong == Wrong.CreditsLess ? hint - 1 : hint;
    }

    // ---- all ----

    /// @return said What it says it lends.
    function _lend(uint256 amount) private returns (uint256 said) {
        bool less = _wrong == Wrong.LendsLess || _wrong == Wrong.SaysLess;
        require(TOKEN.transfer(msg.sender, less ? amount - 1 : amount));
        return _wrong == Wrong.SaysLess ? amount - 1 : amount;
    }

    function _sent(bytes calldata data) private view returns (bytes memory) {
        if (_wrong == Wrong.OtherData) return _other;
        return data;
    }

    function _callBackTwice(bytes memory payload) private {
        if (_wrong == Wrong.NoCallback) return;
        _callBack(msg.sender, payload);
        if (_wrong == Wrong.CallsTwice) _callBack(msg.sender, payload);
    }

    function _pull(uint256 amount) private {
        if (_wrong == Wrong.KeepsAllowance || _wrong == Wrong.NoCallback) return;
        require(TOKEN.transferFrom(msg.sender, address(this), amount));
    }

    function _one(uint256 value) private pure returns (uint256[] memory list) {
        list = new uint256[](1);
        list[0] = value;
    }
}
