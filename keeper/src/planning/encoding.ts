/** The contract's enums (contracts/interfaces/ILiquidator.sol), by their order there, as far as the planner chooses. */
export const FUNDING = { uniswapV3Swap: 1 } as const;
export const VENUE = { uniswapV3: 0 } as const;
