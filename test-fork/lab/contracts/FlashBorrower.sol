// SPDX-License-Identifier: MIT
// The smallest borrower each flash lender of the lab accepts: it takes a loan, notes what it holds, and pays back.
pragma solidity ^0.8.27;

import { IERC20 } from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import { SafeERC20 } from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

interface IMorphoLender {
    function flashLoan(address token, uint256 assets, bytes calldata data) external;
}

interface IBalancerV2Lender {
    function flashLoan(address recipient, address[] memory tokens, uint256[] memory amounts, bytes memory data) external;
}

interface IV2Pair {
    function token0() external view returns (address);
    function swap(uint256 amount0Out, uint256 amount1Out, address to, bytes calldata data) external;
}

interface IAaveLender {
    function flashLoanSimple(address receiver, address asset, uint256 amount, bytes calldata params, uint16 code)
        external;
}

interface IUniswapV4Lender {
    function unlock(bytes calldata data) external returns (bytes memory);
    function take(address currency, address to, uint256 amount) external;
    function sync(address currency) external;
    function settle() external payable returns (uint256);
}

interface IBalancerV3Lender {
    function unlock(bytes calldata data) external returns (bytes memory);
    function sendTo(address token, address to, uint256 amount) external;
    function settle(address token, uint256 amountHint) external returns (uint256 credit);
}

/// @title A borrower that anyone may send to any lender; it must own the fee beforehand.
contract FlashBorrower {
    using SafeERC20 for IERC20;

    /// @notice What the contract held while the last loan was open, in the token's smallest unit.
    uint256 public held;

    /// @notice What the last lender asked for beyond the loan.
    uint256 public fee;

    function borrowMorpho(address lender, address token, uint256 amount) external {
        IMorphoLender(lender).flashLoan(token, amount, abi.encode(token));
    }

    function onMorphoFlashLoan(uint256 assets, bytes calldata data) external {
        address token = abi.decode(data, (address));
        _note(token, 0);
        IERC20(token).forceApprove(msg.sender, assets);
    }

    function borrowBalancerV2(address lender, address token, uint256 amount) external {
        address[] memory tokens = new address[](1);
        uint256[] memory amounts = new uint256[](1);
        (tokens[0], amounts[0]) = (token, amount);
        IBalancerV2Lender(lender).flashLoan(address(this), tokens, amounts, "");
    }

    function receiveFlashLoan(
        address[] calldata tokens,
        uint256[] calldata amounts,
        uint256[] calldata fees,
        bytes calldata
    ) external {
        _note(tokens[0], fees[0]);
        IERC20(tokens[0]).safeTransfer(msg.sender, amounts[0] + fees[0]);
    }

    /// @param keptBps What the pair keeps of what is paid in, bps: 9970 for Uniswap, 9980 for PancakeSwap.
    function borrowV2(address pair, address token, uint256 amount, uint256 keptBps) external {
        bool zero = IV2Pair(pair).token0() == token;
        bytes memory data = abi.encode(token, amount, keptBps);
        IV2Pair(pair).swap(zero ? amount : 0, zero ? 0 : amount, address(this), data);
    }

    function uniswapV2Call(address, uint256, uint256, bytes calldata data) external {
        _repayV2(data);
    }

    function pancakeCall(address, uint256, uint256, bytes calldata data) external {
        _repayV2(data);
    }

    function _repayV2(bytes calldata data) private {
        (address token, uint256 amount, uint256 keptBps) = abi.decode(data, (address, uint256, uint256));
        // Paid back in the token that was lent: amount / (1 - fee), rounded up.
        uint256 owed = amount * 10_000 / keptBps + 1;
        _note(token, owed - amount);
        IERC20(token).safeTransfer(msg.sender, owed);
    }

    function borrowAave(address lender, address token, uint256 amount) external {
        IAaveLender(lender).flashLoanSimple(address(this), token, amount, "", 0);
    }

    function executeOperation(address asset, uint256 amount, uint256 premium, address, bytes calldata)
        external
        returns (bool)
    {
        _note(asset, premium);
        IERC20(asset).forceApprove(msg.sender, amount + premium);
        return true;
    }

    /// @param token The zero address for native ether.
    function borrowUniswapV4(address lender, address token, uint256 amount) external {
        IUniswapV4Lender(lender).unlock(abi.encode(token, amount));
    }

    function unlockCallback(bytes calldata data) external returns (bytes memory) {
        (address token, uint256 amount) = abi.decode(data, (address, uint256));
        IUniswapV4Lender lender = IUniswapV4Lender(msg.sender);
        lender.take(token, address(this), amount);
        lender.sync(token);
        if (token == address(0)) {
            (held, fee) = (address(this).balance, 0);
            lender.settle{ value: amount }();
        } else {
            _note(token, 0);
            IERC20(token).safeTransfer(msg.sender, amount);
            lender.settle();
        }
        return "";
    }

    function borrowBalancerV3(address lender, address token, uint256 amount) external {
        IBalancerV3Lender(lender).unlock(abi.encodeCall(this.onBalancerV3, (token, amount)));
    }

    function onBalancerV3(address token, uint256 amount) external {
        IBalancerV3Lender lender = IBalancerV3Lender(msg.sender);
        lender.sendTo(token, address(this), amount);
        _note(token, 0);
        IERC20(token).safeTransfer(msg.sender, amount);
        lender.settle(token, amount);
    }

    /// @notice Makes Balancer v3 count what it was sent, to nobody's credit.
    function countBalancerV3(address lender, address token) external {
        IBalancerV3Lender(lender).unlock(abi.encodeCall(this.onCount, (token)));
    }

    function onCount(address token) external {
        IBalancerV3Lender(msg.sender).settle(token, 0);
    }

    receive() external payable { }

    function _note(address token, uint256 fee_) private {
        held = IERC20(token).balanceOf(address(this));
        fee = fee_;
    }
}
