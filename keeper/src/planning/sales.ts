import { concatHex, type Hex, numberToHex } from 'viem';
import { type Swap, VENUE } from '../contract/plan.ts';
import type { PoolStates, Route } from '../venues/paths.ts';

/** A sale of a round: what goes in along a route, and what is quoted to leave each of its pools. */
export type Sale = { route: Route; amounts: readonly bigint[] };

/** What the contract takes for a pair's fee when none is said, hundredths of a bip. */
const USUAL_FEE = 3_000;
const BIP = 100;
const BPS = 10_000n;

/**
 * The parts of a route that are a swap of the contract each, by their first and last hop: pools of Uniswap v3 that follow one
 * another, or one pair of v2.
 */
export function partsOf({ hops }: Route): { first: number; last: number }[] {
  const parts: { first: number; last: number }[] = [];
  for (const [at, { v2 }] of hops.entries()) {
    const before = parts.at(-1);
    if (!before || v2 || hops[at - 1]!.v2) parts.push({ first: at, last: at });
    else before.last = at;
  }
  return parts;
}

/**
 * The swaps of a sale, each for what the one before is quoted to give: what it gives on top stays here, and is profit.
 *
 * @param pools - where the pairs' fees are looked up
 * @param slippage - how much worse than its quote the sale may be, bps
 * @example
 * swapsOf(pools, { route, amounts: [1_000n, 2_001n] }, 50n)[0].minOut; // 1_991n
 */
export function swapsOf(pools: PoolStates, { route, amounts }: Sale, slippage: bigint): Swap[] {
  const parts = partsOf(route);
  // Rounded down: all parts together are never looser than stated.
  const share = slippage / BigInt(parts.length);
  return parts.map(({ first, last }): Swap => {
    const { pool, v2 } = route.hops[first]!;
    return {
      venue: v2 ? VENUE.uniswapV2 : VENUE.uniswapV3,
      pool,
      tokenIn: route.tokens[first]!,
      tokenOut: route.tokens[last + 1]!,
      amountIn: amounts[first]!,
      // Rounded up, for the same reason.
      minOut: (amounts[last + 1]! * (BPS - share) + BPS - 1n) / BPS,
      extra: v2 ? feeOf(pools.get(pool)!.fee) : hopsOn(route, first, last),
    };
  });
}

/** Nothing for the usual fee, else two bytes of bps. */
const feeOf = (fee: number): Hex => (fee === USUAL_FEE ? '0x' : numberToHex(fee / BIP, { size: 2 }));

/** From the pool that takes the first token on: token between, pool. */
const hopsOn = ({ hops, tokens }: Route, first: number, last: number): Hex =>
  concatHex(hops.slice(first + 1, last + 1).map(({ pool }, index) => concatHex([tokens[first + index + 1]!, pool])));
