// Plimsoll's own reference contract of Dex223 margin trading, part 2: tokens in and out. Compared call by call with
// EthereumCommonwealth/Dex223-contracts 33eca526 (MarginModule, Oracle) on random calls over Uniswap v3 pools.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IToken {
    function balanceOf(address account) external view returns (uint256);
    function transfer(address to, uint256 amount) external returns (bool);
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
    function approve(address spender, uint256 amount) external returns (bool);
}

/// @title What the module holds for others: ETH, ERC-20 tokens, and ERC-223 tokens that were sent here.
abstract contract Dex223Vault {
    /// @notice ERC-223 units that `user` sent here and has not used.
    mapping(address user => mapping(address token => uint256)) public erc223deposit;

    /// @notice Runs calls on this contract for the same sender; all or none.
    function multicall(bytes[] calldata data) external payable returns (bytes[] memory results) {
        results = new bytes[](data.length);
        for (uint256 i; i < data.length; ++i) {
            (bool ok, bytes memory result) = address(this).delegatecall(data[i]);
            if (!ok) {
                // A reason shorter than a string's is dropped.
                if (result.length < 68) revert();
                assembly ("memory-safe") {
                    revert(add(result, 32), mload(result))
                }
            }
            results[i] = result;
        }
    }

    /// @notice What ERC-223 tokens call on arrival.
    function tokenReceived(address user, uint256 value, bytes calldata) external returns (bytes4) {
        unchecked {
            erc223deposit[user][msg.sender] += value;
        }
        return 0x8943ec02;
    }

    function withdraw223(address asset) external {
        uint256 amount = erc223deposit[msg.sender][asset];
        require(amount > 0);
        erc223deposit[msg.sender][asset] = 0;
        require(IToken(asset).transfer(msg.sender, amount));
    }

    /// @dev From the caller's ERC-223 deposit where there is one, otherwise by allowance.
    function _receiveAsset(address asset, uint256 amount) internal {
        require(asset != address(0));
        uint256 deposited = erc223deposit[msg.sender][asset];
        if (deposited > 0) {
            require(deposited >= amount);
            erc223deposit[msg.sender][asset] = deposited - amount;
            return;
        }
        uint256 before = IToken(asset).balanceOf(address(this));
        _checkTransfer(IToken(asset).transferFrom(msg.sender, address(this), amount));
        unchecked {
            require(IToken(asset).balanceOf(address(this)) >= before + amount);
        }
    }

    /// @dev `asset` 0 is ETH, sent with all gas.
    function _send(address asset, uint256 amount, address to) internal {
        if (asset != address(0)) return _checkTransfer(IToken(asset).transfer(to, amount));
        (bool ok,) = to.call{ value: amount }("");
        require(ok);
    }

    /// @dev What a token's answer means: nothing to V1.
    function _checkTransfer(bool ok) internal pure virtual;

    /// @dev Burns all gas, as a failed array access or division by zero did under solc 0.7.
    function _invalid() internal pure {
        assembly ("memory-safe") {
            invalid()
        }
    }
}
