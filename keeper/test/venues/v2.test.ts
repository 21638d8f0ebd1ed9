import { expect, test } from 'vitest';
import { quoteV2ExactIn, quoteV2ExactOut, type V2State } from '../../src/venues/v2.ts';

const pair = (changes: Partial<V2State> = {}): V2State => ({
  venue: 'uniswapV2',
  address: '0x00000000000000000000000000000000000000aa',
  token0: '0x0000000000000000000000000000000000000001',
  token1: '0x0000000000000000000000000000000000000002',
  fee: 3_000,
  reserve0: 10n ** 21n,
  reserve1: 3n * 10n ** 12n,
  ...changes,
});

// In each fork's own notation: 10^18 · 997 · 3·10^12 / (10^21 · 1000 + 10^18 · 997), 998 / 1000, 9975 / 10000.
test.each([
  [3_000, true, 10n ** 18n, 2_988_020_943n],
  [3_000, false, 10n ** 9n, 332_222_924_581_397_448n],
  [2_000, true, 10n ** 18n, 2_991_014_967n],
  [2_500, true, 10n ** 18n, 2_989_517_955n],
])('fee %i, token0 sold %s: %i in', (fee, zeroForOne, amount, out) => {
  const quote = quoteV2ExactIn(pair({ fee }), zeroForOne, amount)!;
  expect(quote.amountOut).toBe(out);
  const { reserve0, reserve1 } = quote.after;
  expect([reserve0, reserve1]).toEqual(
    zeroForOne ? [10n ** 21n + amount, 3n * 10n ** 12n - out] : [10n ** 21n - out, 3n * 10n ** 12n + amount],
  );
  // What it costs to get as much is no more than was paid, and enough.
  const back = quoteV2ExactOut(pair({ fee }), zeroForOne, out)!;
  expect(back.amountIn).toBeLessThanOrEqual(amount);
  expect(quoteV2ExactIn(pair({ fee }), zeroForOne, back.amountIn)!.amountOut).toBe(out);
});

test('what the pair would refuse is no quote', () => {
  expect(quoteV2ExactIn(pair(), true, 0n)).toBeUndefined();
  // Too little to buy one unit.
  expect(quoteV2ExactIn(pair(), true, 10n ** 8n)).toBeUndefined();
  expect(quoteV2ExactOut(pair(), true, 3n * 10n ** 12n)).toBeUndefined();
  // A balance over 112 bits.
  expect(quoteV2ExactIn(pair(), true, 2n ** 112n - 10n ** 21n)).toBeUndefined();
  expect(quoteV2ExactIn(pair(), true, 2n ** 112n - 10n ** 21n - 1n)).toBeDefined();
});
