// SPDX-License-Identifier: MIT
// A reference contract of our own, not Arbitrum's: nothing is deployed at 0xC8, Nitro's nodes answer for it. Checked against
// the interface in @arbitrum/nitro-contracts 3.2.0 and Nitro's nodeInterface/NodeInterface.go and arbos/l1pricing/l1pricing.go.
pragma solidity ^0.8.30;

/// @title NodeInterface
/// @notice What Nitro says of a transaction's L1 part, for calldata that does not compress: the real one measures after
/// Brotli.
contract NodeInterface {
    /// @notice Gas a byte of calldata costs on the layer below.
    uint256 private constant BYTE_GAS = 16;
    /// @notice Bytes that surround the calldata in what is published.
    uint256 private constant ENVELOPE = 140;

    /// @notice Wei that the chain charges for a unit of gas on the layer below.
    uint256 public pricePerUnit;
    /// @notice Wei per gas of this chain.
    uint256 public baseFee;

    /// @notice The units are padded by 256 and 1 %, the price by 10 %; both quotients rounded down.
    function gasEstimateL1Component(address, bool, bytes calldata data)
        external
        payable
        returns (uint64 gasEstimateForL1, uint256, uint256)
    {
        uint256 units = (BYTE_GAS * (data.length + ENVELOPE) + BYTE_GAS * BYTE_GAS) * 10_100 / 10_000;
        uint256 fee = units * pricePerUnit * 11_000 / 10_000;
        return (uint64(fee / baseFee), baseFee, pricePerUnit);
    }
}
