import type { GasPrice } from '../chain/gas-price.ts';

/** EIP-1559 fees, wei per gas. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };

/** A replacement must pay at least an eighth more for nodes to take it; a quarter settles it in fewer rounds. */
const BUMP_NUMERATOR = 5n;
const BUMP_DENOMINATOR = 4n;

/**
 * A quarter more than `fees`, or what the chain asks now if that is more; wei per gas, rounded up, so that a node takes it.
 *
 * @example
 * raisedFees({ maxFeePerGas: 101n, maxPriorityFeePerGas: 5n }, { baseFee: 0n, priority: 0n }); // 127n and 7n
 */
export function raisedFees(fees: Fees, now: GasPrice): Fees {
  const raise = (fee: bigint) => (fee * BUMP_NUMERATOR + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR;
  const maxPriorityFeePerGas = larger(raise(fees.maxPriorityFeePerGas), now.priority);
  const maxFeePerGas = larger(raise(fees.maxFeePerGas), now.baseFee + maxPriorityFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas };
}

/** A fee that was raised is no more than so many times what the chain asks now. */
const TIMES_MARKET = 4n;

/**
 * Whether a raise gains nothing: what is on its way pays what the chain asks already, and would pay a multiple of it.
 *
 * @param fees - of what is on its way, wei per gas
 * @param raised - what it would be replaced with
 * @example
 * const fees = { maxFeePerGas: 110n, maxPriorityFeePerGas: 10n };
 * isIdleRaise(fees, raisedFees(fees, now), { baseFee: 100n, priority: 3n }); // true: a tip of 13 is more than four times 3
 */
export function isIdleRaise(fees: Fees, raised: Fees, { baseFee, priority }: GasPrice): boolean {
  const pays = fees.maxFeePerGas >= baseFee + priority && fees.maxPriorityFeePerGas >= priority;
  const isDear =
    raised.maxPriorityFeePerGas > TIMES_MARKET * priority || raised.maxFeePerGas > TIMES_MARKET * (baseFee + priority);
  return pays && isDear;
}

/** The smaller of two. */
export const least = (a: bigint, b: bigint) => (a < b ? a : b);
/** The larger of two. */
export const larger = (a: bigint, b: bigint) => (a > b ? a : b);
