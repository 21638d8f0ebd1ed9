// Plimsoll's own reference contract of Dex223 margin trading, part 11: the converter. It follows the interface of the
// published converter (EthereumCommonwealth/Dex223-contracts 33eca526) as far as wrapping needs; not compared with its code.
// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { IToken } from "./Dex223Vault.sol";
import { Erc223Token } from "./Erc223Token.sol";

interface INamed {
    function name() external view returns (string memory);
    function symbol() external view returns (string memory);
    function decimals() external view returns (uint8);
}

/// @title Turns ERC-20 tokens into ERC-223 wrappers one to one, and back when a wrapper is sent here.
contract Dex223Converter {
    mapping(address token => address) public getERC223WrapperFor;
    mapping(address wrapper => address) public getERC20OriginFor;

    event ERC223WrapperCreated(address indexed _token, address indexed _ERC223Wrapper);

    function isWrapper(address token) external view returns (bool) {
        return getERC20OriginFor[token] != address(0);
    }

    function createERC223Wrapper(address token) external returns (address wrapper) {
        require(getERC223WrapperFor[token] == address(0), "ERROR: Wrapper exists");
        INamed origin = INamed(token);
        wrapper = address(
            new Erc223Token(
                string.concat(origin.name(), " (wrapped)"),
                string.concat(origin.symbol(), "223"),
                origin.decimals(),
                address(this)
            )
        );
        getERC223WrapperFor[token] = wrapper;
        getERC20OriginFor[wrapper] = token;
        emit ERC223WrapperCreated(token, wrapper);
    }

    function wrapERC20toERC223(address token, uint256 amount) external returns (bool) {
        address wrapper = getERC223WrapperFor[token];
        require(wrapper != address(0), "ERROR: ERC-223 wrapper not found");
        require(IToken(token).transferFrom(msg.sender, address(this), amount));
        Erc223Token(wrapper).mint(msg.sender, amount);
        return true;
    }

    /// @notice A wrapper that arrives is burnt and its ERC-20 origin goes back to the sender.
    function tokenReceived(address from, uint256 value, bytes calldata) external returns (bytes4) {
        address origin = getERC20OriginFor[msg.sender];
        require(origin != address(0), "ERROR: not a wrapper");
        Erc223Token(msg.sender).burn(value);
        require(IToken(origin).transfer(from, value));
        return 0x8943ec02;
    }
}
