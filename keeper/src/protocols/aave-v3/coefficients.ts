import type { Coefficients } from '../protocol.ts';
import { indicesAt } from './health.ts';
import { PERCENT, RAY } from './math.ts';
import type { AavePool } from './pool.ts';
import { eModeOf, priceIn } from './prices.ts';
import { collateralSlot, debtSlot } from './slots.ts';
import type { AaveState } from './state.ts';

/**
 * An account's health at `timestamp` as a sum over its cells: scaled amount · index · price / unit, a collateral's times
 * its threshold. Indices are the Pool's own at that second, so accounts that interest alone carries over the line are found.
 *
 * What the Pool rounds, the sum does not: a balance by less than one token unit, its value by less than one unit of base
 * currency, and up to 3.4 the account's weighted collateral by half a unit. `rounding` bounds all that for one cell. Up to
 * 3.4 the average threshold is cut to whole bps, too: it stays above the average of the thresholds less one each, which is
 * what the sum is made with.
 *
 * Whoever owes at a stable rate goes to the judge, since each such debt grows at its own pace.
 *
 * @example
 * const { values, slots } = coefficients(pool, state, timestamp);
 * values[group * slots + debtSlot(id)]; // base currency for a scaled unit of debt, negative
 */
export function coefficients(pool: AavePool, state: AaveState, timestamp: bigint): Coefficients {
  const { rules } = pool;
  const groups = pool.lastEMode + 1;
  const slots = 2 * pool.reserves.length;
  const values = new Float64Array(groups * slots).fill(Number.NaN);
  let rounding = 1;
  state.reserves.forEach((reserve, id) => {
    if (!reserve) return;
    const unit = 10n ** BigInt(reserve.decimals);
    const index = indicesAt(rules, reserve, timestamp);
    const counts = rules.zeroThreshold || reserve.liquidationThreshold !== 0n;
    for (let group = 0; group < groups; group++) {
      const category = state.eModes.get(group);
      const found = priceIn(category, reserve, id);
      if ('error' in found) continue;
      const price = found.value;
      const threshold = (eModeOf(category, id) ?? reserve).liquidationThreshold;
      const weight = counts ? threshold - (rules.wholeBps ? 1n : 0n) : 0n;
      const at = group * slots;
      values[at + debtSlot(id)] = -ratio(index.debt * price, RAY * unit);
      values[at + collateralSlot(id)] = ratio(index.income * price * weight, RAY * unit * PERCENT);
      rounding = Math.max(rounding, (ratio(price, unit) + 1) * Math.max(1, ratio(threshold, PERCENT)) + 0.5);
    }
  });
  return { groups, slots, values, rounding };
}

/** a/b as a float: three roundings, so within 3.01 · 2^-53. */
const ratio = (a: bigint, b: bigint): number => Number(a) / Number(b);
