// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { ERC20 } from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import { IUnlockCallback, PoolKey, SwapParams } from "../../interfaces/external/IUniswapV4.sol";

/// @title FakeWeth
/// @notice Takes deposits and keeps them, takes withdrawals and pays nothing.
contract FakeWeth is ERC20("Fake WETH", "WETH") {
    /// @notice Creates tokens.
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }

    /// @notice Keeps the coins.
    function deposit() external payable { }

    /// @notice Burns and pays nothing.
    function withdraw(uint256 amount) external {
        _burn(msg.sender, amount);
    }
}

/// @title FakeManager
/// @notice A Uniswap v4 PoolManager, or a hook that shifts its deltas: a swap has the two deltas it is told, currency0's
/// first. It pays nothing out and takes whatever it is sent.
contract FakeManager {
    int256 private _delta;
    bool private _silent;

    /// @notice What the next swaps come to.
    function claim(int128 delta0, int128 delta1) external {
        // forge-lint: disable-next-line(unsafe-typecast) -- two int128 are packed, as the manager does
        _delta = (int256(delta0) << 128) | int256(uint256(uint128(delta1)));
    }

    /// @notice From now on an unlock calls nobody back.
    function turnSilent() external {
        _silent = true;
    }

    /// @notice As IPoolManager has it.
    function unlock(bytes calldata data) external returns (bytes memory) {
        return _silent ? bytes("") : IUnlockCallback(msg.sender).unlockCallback(data);
    }

    /// @notice As IPoolManager has it.
    function swap(PoolKey calldata, SwapParams calldata, bytes calldata) external view returns (int256) {
        return _delta;
    }

    /// @notice Pays nothing.
    function take(address, address, uint256) external { }

    /// @notice Notes nothing.
    function sync(address) external { }

    /// @notice Keeps what it is sent.
    function settle() external payable returns (uint256) { }
}
