/** The contract's enums (contracts/interfaces/ILiquidator.sol), by their order there. */
export const FUNDING = { none: 0, uniswapV3Swap: 1, aaveV3Simple: 7 } as const;
export const VENUE = { uniswapV3: 0 } as const;
