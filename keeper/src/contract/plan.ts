import type { Address, Hex } from 'viem';

// The contract's enums (contracts/interfaces/ILiquidator.sol), by their order there.
export const PROTOCOL = { aaveV3: 0, compoundV2: 1, compoundV3: 2, dex223: 3 } as const;
export const FUNDING = {
  none: 0,
  uniswapV3Swap: 1,
  uniswapV3Flash: 2,
  uniswapV4: 3,
  balancerV2: 4,
  balancerV3: 5,
  morpho: 6,
  aaveV3Simple: 7,
  aaveV3: 8,
} as const;
export const VENUE = { uniswapV3: 0, uniswapV2: 1, uniswapV4: 2, weth: 3, erc4626: 4 } as const;

/**
 * What a number of one of the contract's enums is called; `undefined` for a number that it does not have.
 *
 * @example
 * nameOf(VENUE, 1); // 'uniswapV2'
 */
export const nameOf = (members: Record<string, number>, number: number): string | undefined =>
  Object.keys(members).find((name) => members[name] === number);

/** One liquidation inside a round; see `Leg` in ILiquidator.sol. */
export type Leg = {
  protocol: number;
  market: Address;
  borrower: Address;
  collateral: Address;
  /** Units of the round's debt token; `maxUint256` for as much as the protocol allows at that moment. */
  repay: bigint;
  extra: Hex;
};

/** One sale inside a round, after its legs; see `Swap` in ILiquidator.sol. */
export type Swap = {
  venue: number;
  pool: Address;
  tokenIn: Address;
  tokenOut: Address;
  /** Units of `tokenIn`, at most; `maxUint256` sells all. */
  amountIn: bigint;
  /** Least units of `tokenOut` for `amountIn`. */
  minOut: bigint;
  extra: Hex;
};

/** One funding call with its legs and swaps; see `Round` in ILiquidator.sol. */
export type Round = {
  funding: number;
  source: Address;
  debtToken: Address;
  /** Units of `debtToken` to borrow. */
  amount: bigint;
  /** Most units of collateral the pool may take, or of `debtToken` a lender may take as its fee. */
  maxPay: bigint;
  extra: Hex;
  legs: readonly Leg[];
  swaps: readonly Swap[];
};

/** One transaction; see `Plan` in ILiquidator.sol. */
export type Plan = {
  /** Seconds; what is beyond 5 bytes is for ever. */
  validUntil: bigint;
  /** Wei. */
  floor: bigint;
  /** Wei. */
  tip: bigint;
  /** Listed in `tokens` if there is a tip, as all tokens are that a round, leg or swap names. */
  weth: Address;
  /** `price`: wei times 1e18 for one smallest unit. */
  tokens: readonly { token: Address; price: bigint }[];
  rounds: readonly Round[];
};

/** What a plan came to, as `PlanExecuted` has it; see `Tally` in ILiquidator.sol. */
export type Tally = {
  landed: number;
  skipped: number;
  /** Wei that the block's producer took. */
  tip: bigint;
  /** Wei at the plan's prices. */
  flashFee: bigint;
};

/**
 * Reads the word that `PlanExecuted` carries.
 *
 * @example
 * readTally((1n << 16n) | 2n); // { landed: 2, skipped: 1, tip: 0n, flashFee: 0n }
 */
export function readTally(word: bigint): Tally {
  return {
    landed: Number(BigInt.asUintN(16, word)),
    skipped: Number(BigInt.asUintN(16, word >> 16n)),
    tip: BigInt.asUintN(112, word >> 32n),
    flashFee: word >> 144n,
  };
}
