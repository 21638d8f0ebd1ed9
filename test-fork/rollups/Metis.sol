// SPDX-License-Identifier: MIT
// A reference contract of our own, not Metis': its oracle is of before Bedrock and not on npm. Checked against OVM_GasPriceOracle of
// MetisProtocol/mvm: l1GasUsed * l1BaseFee * scalar / 10 ** decimals, in METIS by the scalar.
pragma solidity ^0.8.30;

contract Metis {
    uint256 public l1BaseFee;
    uint256 public overhead;
    uint256 public scalar;

    function getL1Fee(bytes calldata data) external view returns (uint256) {
        uint256 gas = overhead + 68 * 16;
        for (uint256 at = 0; at < data.length; at++) gas += data[at] == 0 ? 4 : 16;
        return gas * l1BaseFee * scalar / 1e6;
    }
}
