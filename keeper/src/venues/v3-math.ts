// Integer math of a Uniswap v3 pool (whitepaper, sections 6.1 to 6.2), rounded as its contracts round. Own code: @uniswap/v3-sdk
// computes in JSBI, which wraps every number in an object, and asks for ticks one promise at a time.

/** Ticks, and the prices at them, beyond which no pool goes. */
export const MIN_TICK = -887_272;
export const MAX_TICK = 887_272;
export const MIN_SQRT_RATIO = 4_295_128_739n;
export const MAX_SQRT_RATIO = 1_461_446_703_485_210_103_287_273_052_203_988_822_378_723_970_342n;

/** A fee of 100 %: fees are in hundredths of a bip. */
export const FEE_UNIT = 1_000_000n;

const Q128 = 1n << 128n;
const WORD = 1n << 256n;

/** 1.0001^(-2^k / 2) with 128 fractional bits, to the nearest integer, for k from 0 to 19. */
const HALF_POWERS = halfPowers(20);

function halfPowers(count: number): readonly bigint[] {
  // 512 bits, so that what 19 squarings lose stays far below the 128 that are kept.
  let power = squareRoot(((1n << 1024n) * 10_000n) / 10_001n);
  return Array.from({ length: count }, () => {
    const rounded = (power + (1n << 383n)) >> 384n;
    power = (power * power) >> 512n;
    return rounded;
  });
}

/** Rounded down; Newton's method from above. */
function squareRoot(of: bigint): bigint {
  let root = 1n << BigInt((of.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + of / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/**
 * The square root of the price at a tick, 96 fractional bits: a product of powers rounded down at 128 bits, then rounded up.
 *
 * @throws RangeError beyond the last tick
 */
export function sqrtRatioAtTick(tick: number): bigint {
  const known = knownRatios.get(tick);
  if (known !== undefined) return known;
  let bits = Math.abs(tick);
  if (bits > MAX_TICK) throw new RangeError(`tick ${tick} is not between ${MIN_TICK} and ${MAX_TICK}`);
  let ratio = Q128;
  for (let k = 0; bits !== 0; k++, bits >>= 1) {
    // The first factor is exact: a ratio of 1 loses nothing in the product.
    if (bits & 1) ratio = (ratio * HALF_POWERS[k]!) >> 128n;
  }
  if (tick > 0) ratio = (WORD - 1n) / ratio;
  const rounded = (ratio + 0xffff_ffffn) >> 32n;
  if (knownRatios.size < KNOWN) knownRatios.set(tick, rounded);
  return rounded;
}

/** Quotes stop at the same ticks again and again: the initialized ones, and the ends of the bitmap's words. */
const knownRatios = new Map<number, bigint>();
const KNOWN = 100_000;

const LOG_OF_TICK = Math.log(1.0001) / 2;
const LOG_OF_Q96 = 96 * Math.LN2;
/** Ticks; the float logarithm and the rounding of the ratios together are off by less than a tenth of this. */
const UNSURE = 1e-4;

/**
 * The greatest tick whose ratio is at most `sqrtPriceX96`.
 *
 * @throws RangeError where no pool's price can be
 */
export function tickAtSqrtRatio(sqrtPriceX96: bigint): number {
  if (sqrtPriceX96 < MIN_SQRT_RATIO || sqrtPriceX96 >= MAX_SQRT_RATIO) {
    throw new RangeError(`no pool has a square root of the price of ${sqrtPriceX96}`);
  }
  const estimate = (Math.log(Number(sqrtPriceX96)) - LOG_OF_Q96) / LOG_OF_TICK;
  const nearest = Math.round(estimate);
  if (Math.abs(estimate - nearest) > UNSURE) return Math.floor(estimate);
  return sqrtRatioAtTick(nearest) <= sqrtPriceX96 ? nearest : nearest - 1;
}

/** Of nothing nothing; else one less is divided, which is less work than adding the divisor. */
const ceilDiv = (a: bigint, b: bigint) => (a === 0n ? 0n : (a - 1n) / b + 1n);

/**
 * Token0 between two prices at a liquidity: L · (1/√lower − 1/√upper). The contract divides by one after the other and rounds
 * alike both times, which is the same as once by the product.
 */
export function amount0Delta(a: bigint, b: bigint, liquidity: bigint, roundUp: boolean): bigint {
  const numerator = (liquidity << 96n) * (a < b ? b - a : a - b);
  return roundUp ? ceilDiv(numerator, a * b) : numerator / (a * b);
}

/** Token1 between two prices at a liquidity: L · (√upper − √lower). */
export function amount1Delta(a: bigint, b: bigint, liquidity: bigint, roundUp: boolean): bigint {
  const product = liquidity * (a < b ? b - a : a - b);
  return roundUp ? (product + 0xffff_ffff_ffff_ffff_ffff_ffffn) >> 96n : product >> 96n;
}

/** The price after `amount` of token0 came in or went out; rounded up, against whoever swaps. */
function priceAfterToken0(price: bigint, liquidity: bigint, amount: bigint, comesIn: boolean): bigint {
  if (amount === 0n) return price;
  const scaled = liquidity << 96n;
  const product = amount * price;
  if (!comesIn) return ceilDiv(scaled * price, scaled - product);
  // What would not fit a word is computed in the order that does, and rounds a little differently.
  if (scaled + product < WORD) return ceilDiv(scaled * price, scaled + product);
  return ceilDiv(scaled, scaled / price + amount);
}

/** The price after `amount` of token1 came in or went out; rounded down, against whoever swaps. */
function priceAfterToken1(price: bigint, liquidity: bigint, amount: bigint, comesIn: boolean): bigint {
  const scaled = amount << 96n;
  return comesIn ? price + scaled / liquidity : price - ceilDiv(scaled, liquidity);
}

/** What one stretch of constant liquidity does: the price it ends at, what it takes without the fee, gives, and the fee. */
export type SwapStep = { price: bigint; amountIn: bigint; amountOut: bigint; fee: bigint };

/**
 * Swaps from `price` towards `target` with all of `remaining`, or as far as the target. Amounts in are rounded up, amounts
 * out down, the fee up.
 *
 * @param remaining - what is left to pay, fee included, or with `exactIn` false what is left to get; above 0
 * @param fee - hundredths of a bip
 */
export function computeSwapStep(
  price: bigint,
  target: bigint,
  liquidity: bigint,
  remaining: bigint,
  fee: bigint,
  exactIn: boolean,
): SwapStep {
  const zeroForOne = price >= target;
  const inTo = (to: bigint) =>
    zeroForOne ? amount0Delta(to, price, liquidity, true) : amount1Delta(price, to, liquidity, true);
  const outTo = (to: bigint) =>
    zeroForOne ? amount1Delta(to, price, liquidity, false) : amount0Delta(price, to, liquidity, false);

  if (exactIn) {
    const withoutFee = (remaining * (FEE_UNIT - fee)) / FEE_UNIT;
    const needed = inTo(target);
    if (withoutFee >= needed) return reached(target, needed, outTo(target), fee);
    const next = (zeroForOne ? priceAfterToken0 : priceAfterToken1)(price, liquidity, withoutFee, true);
    // Short of the target, as it is rounded towards the start: what rounding leaves over is fee.
    const amountIn = inTo(next);
    return { price: next, amountIn, amountOut: outTo(next), fee: remaining - amountIn };
  }

  const available = outTo(target);
  if (remaining >= available) return reached(target, inTo(target), available, fee);
  const next = (zeroForOne ? priceAfterToken1 : priceAfterToken0)(price, liquidity, remaining, false);
  const out = next === target ? available : outTo(next);
  return reached(next, inTo(next), out < remaining ? out : remaining, fee);
}

const reached = (price: bigint, amountIn: bigint, amountOut: bigint, fee: bigint): SwapStep => ({
  price,
  amountIn,
  amountOut,
  fee: ceilDiv(amountIn * fee, FEE_UNIT - fee),
});
