import type { GasPrice } from '../chain/gas-price.ts';

/** EIP-1559 fees, wei per gas. */
export type Fees = { maxFeePerGas: bigint; maxPriorityFeePerGas: bigint };

/** A replacement must pay at least an eighth more for nodes to take it; a quarter settles it in fewer rounds. */
const BUMP_NUMERATOR = 5n;
const BUMP_DENOMINATOR = 4n;

/**
 * Room for the base fee to double, the usual tip, and never above `limit` (wei per gas).
 *
 * @example
 * firstFees({ baseFee: 100n, priority: 7n }, 1_000n); // { maxFeePerGas: 207n, maxPriorityFeePerGas: 7n }
 */
export function firstFees({ baseFee, priority }: GasPrice, limit: bigint): Fees {
  const maxFeePerGas = least(2n * baseFee + priority, limit);
  return { maxFeePerGas, maxPriorityFeePerGas: least(priority, maxFeePerGas) };
}

/**
 * A quarter more than `fees`, or what the chain asks now if that is more; wei per gas, rounded up, so that a node takes it.
 *
 * @example
 * raisedFees({ maxFeePerGas: 101n, maxPriorityFeePerGas: 5n }, { baseFee: 0n, priority: 0n }); // 127n and 7n
 */
export function raisedFees(fees: Fees, now: GasPrice): Fees {
  const raise = (fee: bigint) => (fee * BUMP_NUMERATOR + BUMP_DENOMINATOR - 1n) / BUMP_DENOMINATOR;
  const maxPriorityFeePerGas = most(raise(fees.maxPriorityFeePerGas), now.priority);
  const maxFeePerGas = most(raise(fees.maxFeePerGas), now.baseFee + maxPriorityFeePerGas);
  return { maxFeePerGas, maxPriorityFeePerGas };
}

/** The smaller of two. */
export const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);
