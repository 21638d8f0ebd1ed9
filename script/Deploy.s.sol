// SPDX-License-Identifier: MIT
pragma solidity ^0.8.30;

import { Script } from "forge-std/Script.sol";
import { console } from "forge-std/console.sol";
import { Liquidator } from "../contracts/Liquidator.sol";

/// @title Deploy
/// @notice Puts the Liquidator at the address its inputs determine, the same on every chain, or finds it there.
///
///   OWNER=0x… TREASURY=0x… OPERATORS=0x…,0x… forge script Deploy --rpc-url … --account … --broadcast
///
/// @dev Through the canonical CREATE2 deployer with a fixed salt. No chain-specific input goes into the code, so the
/// address depends on (owner, treasury, operators) and this version of the contract only.
contract Deploy is Script {
    bytes32 internal constant SALT = keccak256("plimsoll.liquidator.v1");
    /// @dev Init code that returns nothing after TSTORE, TLOAD and MCOPY: an error on a chain before cancun.
    string internal constant CANCUN_PROBE = "0x60015f5d5f5c505f5f5f5e5f5ff3";

    /// @notice OWNER, TREASURY and OPERATORS (comma-separated) come from the environment.
    function run() external returns (Liquidator liquidator) {
        return deploy(
            vm.envOr("OWNER", address(0)),
            vm.envOr("TREASURY", address(0)),
            vm.envOr("OPERATORS", ",", new address[](0))
        );
    }

    /// @notice The same with the inputs as arguments: `--sig 'deploy(address,address,address[])'`.
    /// @return liquidator The contract, new or found.
    function deploy(address owner, address treasury, address[] memory operators)
        public
        returns (Liquidator liquidator)
    {
        _checkInputs(owner, treasury, operators);
        _checkChain();

        bytes memory initCode = abi.encodePacked(type(Liquidator).creationCode, abi.encode(owner, treasury, operators));
        address predicted = vm.computeCreate2Address(SALT, keccak256(initCode), CREATE2_FACTORY);
        console.log("Liquidator %s on chain %d", predicted, block.chainid);
        console.log("  owner     %s", owner);
        console.log("  treasury  %s", treasury);
        for (uint256 i; i < operators.length; ++i) {
            console.log("  operator  %s", operators[i]);
        }

        if (predicted.code.length != 0) {
            require(
                keccak256(predicted.code) == keccak256(type(Liquidator).runtimeCode),
                "Deploy: other code stands at this address"
            );
            console.log("Already deployed with these inputs, code checked: nothing to send.");
            return Liquidator(payable(predicted));
        }

        console.log("Not deployed yet: one transaction. Other inputs would give another address.");
        vm.startBroadcast();
        liquidator = new Liquidator{ salt: SALT }(owner, treasury, operators);
        vm.stopBroadcast();
        require(address(liquidator) == predicted, "Deploy: the contract is not where it should be");
    }

    function _checkInputs(address owner, address treasury, address[] memory operators) private pure {
        require(owner != address(0), "Deploy: set OWNER to the cold key that configures the Liquidator");
        require(treasury != address(0), "Deploy: set TREASURY to the address that receives every profit");
        require(operators.length != 0, "Deploy: set OPERATORS to the hot keys that may execute plans, comma-separated");
        for (uint256 i; i < operators.length; ++i) {
            require(operators[i] != address(0), "Deploy: OPERATORS has the zero address in it");
        }
    }

    /// @dev A script runs in forge's own EVM, where both would be there: the chain itself is asked.
    function _checkChain() private {
        try vm.rpc("eth_chainId", "[]") returns (bytes memory) { }
        catch {
            revert("Deploy: no chain answers: pass --rpc-url");
        }
        string memory deployer = string.concat('["', vm.toString(CREATE2_FACTORY), '","latest"]');
        require(
            vm.rpc("eth_getCode", deployer).length != 0,
            "Deploy: the CREATE2 deployer 0x4e59b44847b379578588920cA78FbF26c0B4956C is not on this chain; deploy it first"
        );
        try vm.rpc("eth_call", string.concat('[{"data":"', CANCUN_PROBE, '"},"latest"]')) returns (bytes memory) { }
        catch {
            revert("Deploy: this chain lacks the cancun opcodes (transient storage, MCOPY) that the Liquidator needs");
        }
    }
}
