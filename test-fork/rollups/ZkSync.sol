// SPDX-License-Identifier: MIT
// A reference contract of our own, not ZKsync's: its system contracts run in another machine. Checked against ISystemContext of
// matter-labs/era-contracts.
pragma solidity ^0.8.30;

contract ZkSync {
    function gasPerPubdataByte() external pure returns (uint256) {
        return 800;
    }
}
