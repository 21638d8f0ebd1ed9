/** An asset as a Uniswap price sees it: decimals, and USD a whole token with 8 decimals. */
export type Priced = { decimals: number; price: bigint };

/** The integer square root, rounded down. */
export function sqrt(value: bigint): bigint {
  if (value < 2n) return value;
  let x = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const y = (x + value / x) >> 1n;
    if (y >= x) return x;
    x = y;
  }
}

/** Uniswap v3's sqrtPriceX96 of a pool at the oracle's prices: sqrt(token1 a token0, in smallest units) · 2^96, rounded down. */
export function sqrtPriceX96(token0: Priced, token1: Priced): bigint {
  const numerator = token0.price * 10n ** BigInt(token1.decimals);
  const denominator = token1.price * 10n ** BigInt(token0.decimals);
  return sqrt((numerator << 192n) / denominator);
}
