/** 1e27: indices and interest rates. */
export const RAY = 10n ** 27n;
/** 1e18: the health factor. */
export const WAD = 10n ** 18n;
/** 10,000 bps: 100 %. */
export const PERCENT = 10_000n;
/** Seconds in a year; Aave ignores leap years. */
const YEAR = 31_536_000n;
export const MAX_UINT256 = 2n ** 256n - 1n;

/** a·b/c, rounded down. Operands are never negative. */
export const mulDivFloor = (a: bigint, b: bigint, c: bigint): bigint => (a * b) / c;

/** a·b/c, rounded up. */
export const mulDivCeil = (a: bigint, b: bigint, c: bigint): bigint => (a * b + c - 1n) / c;

/** a·b/c, half rounded up. Aave adds ⌊c/2⌋ before it divides. */
export const mulDivHalfUp = (a: bigint, b: bigint, c: bigint): bigint => (a * b + c / 2n) / c;

/** a/b, rounded up. */
export const divCeil = (a: bigint, b: bigint): bigint => (a + b - 1n) / b;

export const rayMul = (a: bigint, b: bigint): bigint => mulDivHalfUp(a, b, RAY);
export const percentMul = (value: bigint, bps: bigint): bigint => mulDivHalfUp(value, bps, PERCENT);
export const percentDiv = (value: bigint, bps: bigint): bigint => mulDivHalfUp(value, PERCENT, bps);

/**
 * Growth of a supply index: simple interest.
 * @param rate ray per year
 * @param elapsed seconds
 * @returns ray, rounded down
 */
export const linearFactor = (rate: bigint, elapsed: bigint): bigint => RAY + (rate * elapsed) / YEAR;

/**
 * Growth of a debt index since Aave 3.4: the first three terms of e^x, x = rate·elapsed/YEAR.
 * @param rate ray per year
 * @param elapsed seconds
 * @returns ray; each division rounded down, each product half up
 */
export function compoundedFactor(rate: bigint, elapsed: bigint): bigint {
  const x = (rate * elapsed) / YEAR;
  return RAY + x + rayMul(x, x / 2n + rayMul(x, x / 6n));
}

/**
 * Growth of a debt index up to Aave 3.3, and of stable debt: the first terms of the binomial expansion of (1 + r)^elapsed.
 * @param rate ray per year
 * @param elapsed seconds
 * @returns ray; each division rounded down, each product of rates half up
 */
export function binomialFactor(rate: bigint, elapsed: bigint): bigint {
  if (elapsed === 0n) return RAY;
  const before = elapsed - 1n;
  const beforeThat = elapsed > 2n ? elapsed - 2n : 0n;
  const square = rayMul(rate, rate) / (YEAR * YEAR);
  const cube = rayMul(square, rate) / YEAR;
  return RAY + (rate * elapsed) / YEAR + (elapsed * before * square) / 2n + (elapsed * before * beforeThat * cube) / 6n;
}
