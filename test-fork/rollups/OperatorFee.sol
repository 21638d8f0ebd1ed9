// SPDX-License-Identifier: MIT
// A reference contract of our own, not the OP stack's: npm has its code up to Fjord. In front of that code, which answers all the
// rest; checked against specs.optimism.io, isthmus/exec-engine and jovian/exec-engine.
pragma solidity ^0.8.30;

/// @title OperatorFee
/// @notice What the GasPriceOracle says of the operator fee since Isthmus, and with another factor since Jovian.
contract OperatorFee {
    /// @notice isEcotone and isFjord, as the code behind has them.
    uint256 private flags;
    /// @notice Of the fee; since Jovian for a hundredth of a wei a unit of gas.
    uint256 public operatorFeeScalar;
    /// @notice Wei for a transaction.
    uint256 public operatorFeeConstant;
    bool public isJovian;

    /// @notice Where the OP stack's own code is.
    address private constant BEHIND = 0x420000000000000000000000000000000000F00f;

    function getOperatorFee(uint256 gasUsed) external view returns (uint256) {
        uint256 forGas = isJovian ? gasUsed * operatorFeeScalar * 100 : gasUsed * operatorFeeScalar / 1e6;
        return forGas + operatorFeeConstant;
    }

    fallback(bytes calldata asked) external returns (bytes memory) {
        (bool success, bytes memory answer) = BEHIND.delegatecall(asked);
        require(success);
        return answer;
    }
}
