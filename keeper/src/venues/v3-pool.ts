import type { Address } from 'viem';
import {
  computeSwapStep,
  MAX_SQRT_RATIO,
  MAX_TICK,
  MIN_SQRT_RATIO,
  MIN_TICK,
  sqrtRatioAtTick,
  tickAtSqrtRatio,
} from './v3-math.ts';

/** What never changes of a pool: `token0 < token1`, `fee` in hundredths of a bip. */
export type V3Pool = { address: Address; token0: Address; token1: Address; fee: number; tickSpacing: number };

/** An initialized tick: what crossing it upwards adds to the liquidity, and the square root of the price there. */
export type Tick = { index: number; liquidityNet: bigint; sqrtPriceX96: bigint };

/** A pool at one block, or after a swap that was quoted. */
export type V3State = V3Pool & {
  venue: 'uniswapV3';
  sqrtPriceX96: bigint;
  tick: number;
  liquidity: bigint;
  /** Every initialized tick of the window, ascending. */
  ticks: readonly Tick[];
  /** The window: the first and the last word of the tick bitmap that was read. Outside it nothing is known. */
  words: { from: number; to: number };
};

/**
 * What a swap takes and gives, smallest units, and the pools that it changes as it leaves them.
 *
 * `partial`: an exact input of which the pool takes no more than `amountIn`, because its price is at the end.
 */
export type Quote<State> = {
  status: 'full' | 'partial';
  amountIn: bigint;
  amountOut: bigint;
  after: State;
  /** Initialized ticks crossed, for the gas. QuoterV2 counts otherwise: now and then one more, at the start of the swap. */
  crossed: number;
};

/**
 * The swap leaves the window of ticks that was read: extend it in the direction of the swap and ask again.
 * The amounts are the largest that can be quoted inside it.
 */
export type BeyondWindow = {
  status: 'beyond window';
  pool: Address;
  zeroForOne: boolean;
  amountIn: bigint;
  amountOut: bigint;
};

const MAX_INT256 = (1n << 255n) - 1n;
const WORD_BITS = 256;

/** The tick with this index. */
export const tickOf = (index: number, liquidityNet: bigint): Tick => ({
  index,
  liquidityNet,
  sqrtPriceX96: sqrtRatioAtTick(index),
});

/** The word of the tick bitmap that holds a tick; between two usable ticks the lower counts. */
export const wordOf = (tick: number, tickSpacing: number): number => Math.floor(tick / tickSpacing) >> 8;

/**
 * What selling exactly `amount` gives: QuoterV2's `quoteExactInput` to the wei, which also answers when the pool takes only
 * a part. `undefined` where the quoter reverts: nothing is asked, or nothing would change hands.
 *
 * @param limit - the price to stop at (sqrt, Q96); the end of all prices when left out
 */
export function quoteV3ExactIn(
  pool: V3State,
  zeroForOne: boolean,
  amount: bigint,
  limit?: bigint,
): Quote<V3State> | BeyondWindow | undefined {
  const result = swap(pool, zeroForOne, amount, true, limit);
  if (!result || result.status === 'beyond window') return result;
  return result.amountIn > 0n || result.amountOut > 0n ? result : undefined;
}

/**
 * What getting exactly `amount` costs: QuoterV2's `quoteExactOutput` to the wei. `undefined` where the quoter reverts:
 * nothing is asked, or the pool has not that much.
 */
export function quoteV3ExactOut(
  pool: V3State,
  zeroForOne: boolean,
  amount: bigint,
): Quote<V3State> | BeyondWindow | undefined {
  const result = swap(pool, zeroForOne, amount, false);
  return result?.status === 'partial' ? undefined : result;
}

/** The largest amounts that can be quoted inside the window, from the price as it is: all that is in, and out for it. */
export function windowCapacity(pool: V3State, zeroForOne: boolean): { amountIn: bigint; amountOut: bigint } {
  const all = swap(pool, zeroForOne, MAX_INT256, true);
  return all ? { amountIn: all.amountIn, amountOut: all.amountOut } : { amountIn: 0n, amountOut: 0n };
}

/** The pool's own loop: from one initialized tick or end of a bitmap word to the next, as every stop rounds once more. */
function swap(
  pool: V3State,
  zeroForOne: boolean,
  amount: bigint,
  exactIn: boolean,
  limit = zeroForOne ? MIN_SQRT_RATIO + 1n : MAX_SQRT_RATIO - 1n,
): Quote<V3State> | BeyondWindow | undefined {
  const { ticks, tickSpacing, words } = pool;
  let { sqrtPriceX96: price, tick, liquidity } = pool;
  if (amount <= 0n || amount > MAX_INT256 || (zeroForOne ? price <= limit : price >= limit)) return undefined;
  const fee = BigInt(pool.fee);
  let at = firstAbove(ticks, tick);
  let [remaining, amountIn, amountOut, crossed] = [amount, 0n, 0n, 0];

  while (remaining > 0n && price !== limit) {
    // Upwards the search begins at the next usable tick, which may be in the next word.
    const usable = Math.floor(tick / tickSpacing) + (zeroForOne ? 0 : 1);
    const word = usable >> 8;
    if (word < words.from || word > words.to) {
      return { status: 'beyond window', pool: pool.address, zeroForOne, amountIn, amountOut };
    }
    const end = (word * WORD_BITS + (zeroForOne ? 0 : WORD_BITS - 1)) * tickSpacing;
    const candidate = zeroForOne ? ticks[at - 1] : ticks[at];
    const initialized =
      candidate && (zeroForOne ? candidate.index >= end : candidate.index <= end) ? candidate : undefined;
    const next = initialized?.index ?? Math.min(MAX_TICK, Math.max(MIN_TICK, end));
    const priceOfNext = initialized?.sqrtPriceX96 ?? sqrtRatioAtTick(next);
    const target = (zeroForOne ? priceOfNext < limit : priceOfNext > limit) ? limit : priceOfNext;

    const step = computeSwapStep(price, target, liquidity, remaining, fee, exactIn);
    amountIn += step.amountIn + step.fee;
    amountOut += step.amountOut;
    remaining = amount - (exactIn ? amountIn : amountOut);

    if (step.price === priceOfNext) {
      if (initialized) {
        liquidity += zeroForOne ? -initialized.liquidityNet : initialized.liquidityNet;
        at += zeroForOne ? -1 : 1;
        crossed += 1;
      }
      tick = zeroForOne ? next - 1 : next;
    } else if (step.price !== price) {
      tick = tickAtSqrtRatio(step.price);
    }
    price = step.price;
  }
  const after = { ...pool, sqrtPriceX96: price, tick, liquidity };
  return { status: remaining > 0n ? 'partial' : 'full', amountIn, amountOut, after, crossed };
}

/** Where the first tick above `tick` stands, by bisection. */
function firstAbove(ticks: readonly Tick[], tick: number): number {
  let [from, to] = [0, ticks.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (ticks[middle]!.index <= tick) from = middle + 1;
    else to = middle;
  }
  return from;
}
