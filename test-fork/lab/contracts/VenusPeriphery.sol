// SPDX-License-Identifier: MIT
// Stands in for two contracts that Venus 10.3.0 calls and does not publish whole: IDeviationBoundedOracle at rest, and a
// ProtocolShareReserve that only receives.
pragma solidity ^0.8.27;

interface IVenusOracle {
    function getUnderlyingPrice(address vToken) external view returns (uint256);
}

/// @title Bounded prices that are the oracle's own, and an income ledger that keeps nothing.
contract VenusPeriphery {
    IVenusOracle private immutable ORACLE;

    /// @param oracle Whose prices are passed on.
    constructor(IVenusOracle oracle) {
        ORACLE = oracle;
    }

    /// @notice The price as collateral and as debt, 36 decimals less the underlying's.
    function getBoundedPricesView(address vToken) public view returns (uint256 collateral, uint256 debt) {
        collateral = debt = ORACLE.getUnderlyingPrice(vToken);
    }

    function getBoundedPrices(address vToken) external view returns (uint256 collateral, uint256 debt) {
        return getBoundedPricesView(vToken);
    }

    function updateProtectionState(address) external { }

    function updateAssetsState(address, address, uint8) external { }

    receive() external payable { }
}
