// Plimsoll's own reference contract of an ERC-223 token, as margin trading on Dex223 meets it: checked against the ERC's text
// and, with a wrapper as reward, against MarginModule of EthereumCommonwealth/Dex223-contracts 33eca526.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

interface IReceiver {
    function tokenReceived(address from, uint256 value, bytes calldata data) external returns (bytes4);
}

/// @title An ERC-223 token: a transfer to a contract calls it, and fails unless it answers.
/// @dev It keeps ERC-20's approve and transferFrom too; those call nobody.
contract Erc223Token {
    string public name;
    string public symbol;
    uint8 public immutable decimals;
    /// @notice Who may mint and burn; 0 lets everybody mint.
    address public immutable minter;

    uint256 public totalSupply;
    mapping(address account => uint256) public balanceOf;
    mapping(address owner => mapping(address spender => uint256)) public allowance;

    event Transfer(address indexed from, address indexed to, uint256 value);
    event TransferData(bytes data);
    event Approval(address indexed owner, address indexed spender, uint256 value);

    constructor(string memory name_, string memory symbol_, uint8 decimals_, address minter_) {
        (name, symbol, decimals, minter) = (name_, symbol_, decimals_, minter_);
    }

    function standard() external pure returns (uint32) {
        return 223;
    }

    function mint(address to, uint256 value) external {
        require(minter == address(0) || msg.sender == minter);
        totalSupply += value;
        balanceOf[to] += value;
        emit Transfer(address(0), to, value);
    }

    function burn(uint256 value) external {
        balanceOf[msg.sender] -= value;
        totalSupply -= value;
        emit Transfer(msg.sender, address(0), value);
    }

    /// @notice ERC-223's transfer with four zero bytes of data.
    function transfer(address to, uint256 value) external returns (bool) {
        return _transfer(to, value, hex"00000000");
    }

    function transfer(address to, uint256 value, bytes calldata data) external payable returns (bool) {
        return _transfer(to, value, data);
    }

    function _transfer(address to, uint256 value, bytes memory data) private returns (bool) {
        _move(msg.sender, to, value);
        emit TransferData(data);
        if (to.code.length == 0) return true;
        require(IReceiver(to).tokenReceived(msg.sender, value, data) == 0x8943ec02);
        return true;
    }

    function approve(address spender, uint256 value) external returns (bool) {
        allowance[msg.sender][spender] = value;
        emit Approval(msg.sender, spender, value);
        return true;
    }

    function transferFrom(address from, address to, uint256 value) external returns (bool) {
        allowance[from][msg.sender] -= value;
        _move(from, to, value);
        return true;
    }

    function _move(address from, address to, uint256 value) private {
        balanceOf[from] -= value;
        balanceOf[to] += value;
        emit Transfer(from, to, value);
    }
}
