import type { Holding } from './health.ts';
import { open, pairOf, SENTINEL_HEALTH, type Valued } from './liquidations.ts';
import type { AavePool } from './pool.ts';
import { largestRepay, quote } from './sizing.ts';
import type { AaveState } from './state.ts';

/**
 * Why nothing is offered for an account that is under water, in one line; `undefined` where it is not known, or something is.
 *
 * @param valued - the account at the same timestamp
 * @param timestamp - seconds
 * @example
 * whyNone(pool, state, valued, timestamp); // 'liquidations are held back by the sequencer sentinel'
 */
export function whyNone(pool: AavePool, state: AaveState, { now }: Valued, timestamp: bigint): string | undefined {
  if (!now.underwater) return undefined;
  if (!state.liquidationAllowed && now.healthFactor >= SENTINEL_HEALTH)
    return 'liquidations are held back by the sequencer sentinel';
  const debts = now.holdings.filter(({ debt }) => debt > 0n);
  const collaterals = now.holdings.filter(({ collateral, supply }) => collateral && supply > 0n);
  if (collaterals.length === 0) return 'it has no collateral left';
  const isOpen = ({ reserve }: Holding) => open(reserve, timestamp);
  if (!debts.some(isOpen))
    return `nobody may repay ${namesOf(pool, debts)} now: inactive, paused or not long open again`;
  if (!collaterals.some(isOpen))
    return `nobody may seize ${namesOf(pool, collaterals)} now: inactive, paused or not long open again`;
  const pairs = debts
    .filter(isOpen)
    .flatMap((debt) =>
      collaterals.filter(isOpen).map((collateral) => ({ collateral, pair: pairOf(now, debt, collateral) })),
    );
  // The Pool takes all of such a rest and asks one unit of the debt for it, or nothing: there is nothing to win by it.
  const isRest = ({ pair }: (typeof pairs)[number]) =>
    pair.debtPrice > 0n &&
    pair.collateralPrice > 0n &&
    quote(pool.rules, pair, largestRepay(pool.rules, pool.thresholds, pair)).repay <= 1n;
  if (pairs.every(isRest)) return 'what is left of its collateral is worth no more than one unit of its debt';
  if (pairs.every(({ collateral }) => collateral.reserve.liquidity === 0n))
    return `the Pool has no ${namesOf(pool, collaterals)} to pay out`;
  return undefined;
}

const namesOf = (pool: AavePool, holdings: readonly Holding[]): string =>
  holdings.map(({ id }) => pool.reserves[id]!.symbol).join(', ');
