// SPDX-License-Identifier: MIT
// A reference contract of our own, not Mantle's: its oracle is not on npm. Checked against mantlenetworkio/mantle-v2's GasPriceOracle and
// op-geth's core/types/rollup_cost.go: getL1Fee counts in ether, the node times tokenRatio.
pragma solidity ^0.8.30;

contract Mantle {
    uint256 public tokenRatio;
    uint256 public weiPerByte;
    bool public isArsia;
    uint256 public operatorFeeScalar;

    function getL1Fee(bytes calldata data) external view returns (uint256) {
        return weiPerByte * data.length;
    }

    function getOperatorFee(uint256 gasUsed) external view returns (uint256) {
        return isArsia ? gasUsed * operatorFeeScalar * 100 : 0;
    }
}
