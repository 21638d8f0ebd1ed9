import type { Coefficients } from '../protocol.ts';
import { eModeOf, indicesAt } from './health.ts';
import type { AaveMarket } from './market.ts';
import { PERCENT, RAY } from './math.ts';
import { collateralSlot, debtSlot } from './slots.ts';
import type { AaveState } from './state.ts';

/**
 * An account's health at `timestamp` as a sum over its cells: scaled amount · index · price / unit, a collateral's times
 * its threshold. Indices are the Pool's own at that second, so accounts that interest alone carries over the line are found.
 *
 * What the Pool rounds, the sum does not: a balance by less than one token unit, its value by less than one unit of base
 * currency. `rounding` bounds both for one cell.
 */
export function coefficients(market: AaveMarket, state: AaveState, timestamp: bigint): Coefficients {
  const { rules } = market;
  const groups = market.lastEMode + 1;
  const slots = 2 * market.reserves.length;
  const values = new Float64Array(groups * slots).fill(Number.NaN);
  let rounding = 0;
  state.reserves.forEach((reserve, id) => {
    if (!reserve || 'error' in reserve.price) return;
    const price = reserve.price.value;
    const unit = 10n ** BigInt(reserve.decimals);
    const index = indicesAt(rules, reserve, timestamp);
    const perUnit = ratio(price, unit);
    rounding = Math.max(rounding, 1 + perUnit);
    for (let group = 0; group < groups; group++) {
      const threshold = (eModeOf(state.eModes.get(group), id) ?? reserve).liquidationThreshold;
      const counts = rules.zeroThreshold || reserve.liquidationThreshold !== 0n;
      const weight = counts ? threshold : 0n;
      const at = group * slots;
      values[at + debtSlot(id)] = -ratio(index.debt * price, RAY * unit);
      values[at + collateralSlot(id)] = ratio(index.income * price * weight, RAY * unit * PERCENT);
      rounding = Math.max(rounding, ratio((price + unit) * weight, unit * PERCENT));
    }
  });
  return { groups, slots, values, rounding };
}

/** a/b as a float: three roundings, so within 3.01 · 2^-53. */
const ratio = (a: bigint, b: bigint): number => Number(a) / Number(b);
