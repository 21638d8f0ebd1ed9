import type { Head } from '../chain/head.ts';

/** Less gas than a liquidation takes, however many share a transaction. */
const LEAST_GAS = 50_000n;
/** Wei per gas: cheaper than on any chain we know. */
const LEAST_GAS_PRICE = 10n ** 6n;

/**
 * A debt (base currency) that no liquidation of could pay for its own gas, the bonus being a part of the debt. 0 where nothing
 * prices the base currency. The least profit is asked of a transaction, which many debts may share.
 *
 * @param weiPerBase - wei for one unit of it
 * @example
 * dustOf(5e14, { baseFeePerGas: 10n ** 11n }); // 10: 50,000 gas at 100 gwei are 0.005 ether, ten units of half a finney each
 */
export function dustOf(weiPerBase: number | undefined, { baseFeePerGas = 0n }: Head): number {
  if (!weiPerBase) return 0;
  const cost = LEAST_GAS * (baseFeePerGas > LEAST_GAS_PRICE ? baseFeePerGas : LEAST_GAS_PRICE);
  return Number(cost) / weiPerBase;
}
