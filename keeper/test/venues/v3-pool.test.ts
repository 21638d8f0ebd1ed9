import { expect, test } from 'vitest';
import { MIN_SQRT_RATIO, sqrtRatioAtTick } from '../../src/venues/v3-math.ts';
import {
  quoteV3ExactIn,
  quoteV3ExactOut,
  tickOf,
  type V3State,
  windowCapacity,
  wordOf,
} from '../../src/venues/v3-pool.ts';

const LIQUIDITY = 10n ** 21n;

/** A pool at a price of 1 with one position, from half to twice the price, whose window is all prices. */
const pool = (changes: Partial<V3State> = {}): V3State => ({
  venue: 'uniswapV3',
  address: '0x00000000000000000000000000000000000000aa',
  token0: '0x0000000000000000000000000000000000000001',
  token1: '0x0000000000000000000000000000000000000002',
  fee: 3_000,
  tickSpacing: 60,
  sqrtPriceX96: sqrtRatioAtTick(0),
  tick: 0,
  liquidity: LIQUIDITY,
  ticks: [tickOf(-6_900, LIQUIDITY), tickOf(6_900, -LIQUIDITY)],
  words: { from: wordOf(-887_272, 60), to: wordOf(887_272, 60) },
  ...changes,
});

test('an exact input: the constant product of the position, less the fee', () => {
  const amount = 10n ** 18n;
  const afterFee = (amount * 997n) / 1_000n;
  const quote = quoteV3ExactIn(pool(), true, amount);
  // At a price of 1 the position's virtual reserves are its liquidity on either side.
  const out = (LIQUIDITY * afterFee) / (LIQUIDITY + afterFee);
  expect(quote).toMatchObject({ status: 'full', amountIn: amount, crossed: 0 });
  // Two roundings against the buyer.
  expect([out, out - 1n, out - 2n]).toContain((quote as { amountOut: bigint }).amountOut);
});

test('the state after a quote is that of the pool: two sales in sequence give less than twice one', () => {
  const start = pool();
  const first = quoteV3ExactIn(start, true, 10n ** 19n);
  if (first?.status !== 'full') throw new Error('not filled');
  const second = quoteV3ExactIn(first.after, true, 10n ** 19n);
  if (second?.status !== 'full') throw new Error('not filled');
  const both = quoteV3ExactIn(start, true, 2n * 10n ** 19n);
  if (both?.status !== 'full') throw new Error('not filled');
  expect(second.amountOut).toBeLessThan(first.amountOut);
  expect(both.amountOut - first.amountOut - second.amountOut).toBeLessThanOrEqual(2n);
  expect(both.amountOut - first.amountOut - second.amountOut).toBeGreaterThanOrEqual(0n);
  expect(second.after.tick).toBe(both.after.tick);
  expect(start).toEqual(pool());
});

test('a pool that is drained takes a part, and cannot give more than it has', () => {
  const { amountIn, amountOut } = windowCapacity(pool(), true);
  const more = quoteV3ExactIn(pool(), true, amountIn * 10n);
  expect(more).toMatchObject({ status: 'partial', amountIn, amountOut, crossed: 1 });
  expect((more as { after: V3State }).after).toMatchObject({ sqrtPriceX96: MIN_SQRT_RATIO + 1n, liquidity: 0n });
  expect(quoteV3ExactOut(pool(), true, amountOut)).toMatchObject({ status: 'full', amountIn, amountOut });
  expect(quoteV3ExactOut(pool(), true, amountOut + 1n)).toBeUndefined();
});

test('beyond the window it says so, and how much there is inside', () => {
  const narrow = pool({ ticks: [], words: { from: -1, to: 0 } });
  for (const zeroForOne of [true, false]) {
    const { amountIn, amountOut } = windowCapacity(narrow, zeroForOne);
    const beyond = { status: 'beyond window', pool: narrow.address, zeroForOne, amountIn, amountOut };
    expect(quoteV3ExactIn(narrow, zeroForOne, 10n ** 30n)).toEqual(beyond);
    expect(quoteV3ExactOut(narrow, zeroForOne, 10n ** 30n)).toEqual(beyond);
    expect(quoteV3ExactIn(narrow, zeroForOne, amountIn + 1n)).toEqual(beyond);
    expect(quoteV3ExactIn(narrow, zeroForOne, amountIn)).toMatchObject({ status: 'full', amountIn, amountOut });
  }
});

test('a limit stops the swap at its price', () => {
  const limit = sqrtRatioAtTick(-100);
  const quote = quoteV3ExactIn(pool(), true, 10n ** 21n, limit);
  expect(quote).toMatchObject({ status: 'partial', after: { sqrtPriceX96: limit, tick: -100 } });
  expect(quoteV3ExactIn(pool(), true, 10n ** 21n, sqrtRatioAtTick(1))).toBeUndefined();
});

test('nothing asked, or more than a pool can be asked, is refused', () => {
  for (const amount of [0n, -1n, 2n ** 255n]) {
    expect(quoteV3ExactIn(pool(), true, amount)).toBeUndefined();
    expect(quoteV3ExactOut(pool(), true, amount)).toBeUndefined();
  }
  const empty = pool({ liquidity: 0n, ticks: [] });
  expect(quoteV3ExactIn(empty, true, 10n ** 18n)).toBeUndefined();
});
