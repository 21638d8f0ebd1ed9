import type { Address } from 'viem';
import type { PoolState } from '../../keeper/src/venues/paths.ts';
import type { V3State } from '../../keeper/src/venues/v3-pool.ts';

// Swaps as the judge of the planner works them out for itself, from what was read of the pools and from nothing of the planner's:
// by the formulas of the white papers, in integers of 96 more bits, within a few units of what the pools pay.

/** One pool of a judged sale, and whether its token0 is sold. */
export type JudgedHop = { pool: Address; zeroForOne: boolean };

/** Pools where the judge's sales leave them. */
export type JudgedPools = ReadonlyMap<Address, PoolState>;

/** What a sale gives or costs, the pools behind it, and the initialized ticks that it crosses. */
export type Judged = { amount: bigint; pools: JudgedPools; crossed: number };

const Q96 = 1n << 96n;
const MILLION = 1_000_000n;

/** What selling `amount` along hops gives; `undefined` where a pool cannot. */
export function judgeSale(pools: JudgedPools, hops: readonly JudgedHop[], amount: bigint): Judged | undefined {
  let judged: Judged = { amount, pools, crossed: 0 };
  for (const hop of hops) {
    const next = judgeHop(judged, hop, true);
    if (!next) return undefined;
    judged = next;
  }
  return judged;
}

/** What getting `amount` at the end of hops costs; `undefined` where a pool has not that much. */
export function judgePurchase(pools: JudgedPools, hops: readonly JudgedHop[], amount: bigint): Judged | undefined {
  let judged: Judged = { amount, pools, crossed: 0 };
  for (const hop of hops.toReversed()) {
    const next = judgeHop(judged, hop, false);
    if (!next) return undefined;
    judged = next;
  }
  return judged;
}

function judgeHop({ amount, pools, crossed }: Judged, { pool, zeroForOne }: JudgedHop, sells: boolean) {
  const state = pools.get(pool);
  if (!state || amount <= 0n) return undefined;
  const done =
    state.venue === 'uniswapV2' ? onPair(state, zeroForOne, amount, sells) : onTicks(state, zeroForOne, amount, sells);
  return done && { amount: done.amount, pools: new Map(pools).set(pool, done.state), crossed: crossed + done.crossed };
}

type Done = { amount: bigint; state: PoolState; crossed: number } | undefined;

/** Reserves whose product does not fall. */
function onPair(state: PoolState & { venue: 'uniswapV2' }, zeroForOne: boolean, amount: bigint, sells: boolean): Done {
  const [into, from] = zeroForOne ? [state.reserve0, state.reserve1] : [state.reserve1, state.reserve0];
  const kept = MILLION - BigInt(state.fee);
  if (!sells && amount >= from) return undefined;
  const [paid, got] = sells
    ? [amount, from - up(into * from, into + (amount * kept) / MILLION)]
    : [up((up(into * from, from - amount) - into) * MILLION, kept), amount];
  const [newInto, newFrom] = [into + paid, from - got];
  const [reserve0, reserve1] = zeroForOne ? [newInto, newFrom] : [newFrom, newInto];
  return { amount: sells ? got : paid, state: { ...state, reserve0, reserve1 }, crossed: 0 };
}

/** Stretches of constant liquidity L between ticks: token0 moves by L·Δ(1/√P), token1 by L·Δ√P. */
function onTicks(state: V3State, zeroForOne: boolean, amount: bigint, sells: boolean): Done {
  const kept = MILLION - BigInt(state.fee);
  let { sqrtPriceX96: root, liquidity } = state;
  let [left, other, crossed] = [amount, 0n, 0];
  for (const tick of ahead(state, zeroForOne)) {
    const bound = tick.sqrtPriceX96;
    const [low, high] = zeroForOne ? [bound, root] : [root, bound];
    const all0 = up(((liquidity << 96n) * (high - low)) / high, low);
    const all1 = up(liquidity * (high - low), Q96);
    const [allIn, allOut] = zeroForOne ? [up(all0 * MILLION, kept), all1] : [up(all1 * MILLION, kept), all0];
    const all = sells ? allIn : allOut;
    if (left < all) {
      const part = sells ? (left * kept) / MILLION : left;
      const isToken0 = zeroForOne === sells;
      // Token0 put in, or token1 taken out, lowers the price; the others raise it.
      const next = isToken0
        ? up((liquidity << 96n) * root, (liquidity << 96n) + (zeroForOne ? part : -part) * root)
        : root + ((zeroForOne ? -1n : 1n) * (part << 96n)) / liquidity;
      const [from, to] = next < root ? [next, root] : [root, next];
      const moved0 = ((liquidity << 96n) * (to - from)) / to / from;
      const moved1 = (liquidity * (to - from)) / Q96;
      const moved = isToken0 ? moved1 : moved0;
      other += sells ? moved : up(moved * MILLION, kept);
      return { amount: other, state: { ...state, sqrtPriceX96: next, liquidity }, crossed };
    }
    left -= all;
    other += sells ? allOut : allIn;
    root = bound;
    liquidity += zeroForOne ? -tick.liquidityNet : tick.liquidityNet;
    crossed++;
    if (liquidity < 0n) return undefined;
  }
  return undefined;
}

/** The ticks that are ahead, the nearest first; behind them the end of what is known. */
function ahead({ ticks, sqrtPriceX96: root, words, tickSpacing }: V3State, zeroForOne: boolean) {
  const [from, to] = [words.from * 256 * tickSpacing, (words.to + 1) * 256 * tickSpacing - tickSpacing];
  const end = {
    liquidityNet: 0n,
    sqrtPriceX96: BigInt(Math.round(1.0001 ** ((zeroForOne ? from : to) / 2) * 2 ** 96)),
  };
  const found = zeroForOne
    ? ticks.filter((tick) => tick.sqrtPriceX96 <= root).toReversed()
    : ticks.filter((tick) => tick.sqrtPriceX96 > root);
  return [...found, end];
}

const up = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;
