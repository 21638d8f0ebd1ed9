import type { Account, Health, Unjudged } from '../protocol.ts';
import { binomialFactor, linearFactor, MAX_UINT256, mulDivFloor, rayMul, WAD } from './math.ts';
import type { AavePool } from './pool.ts';
import { debtPriceIn, eModeOf, priceIn } from './prices.ts';
import type { Rules } from './rules.ts';
import { type Position, positionsOf } from './slots.ts';
import type { AaveState, ReserveState } from './state.ts';

/** What an account holds and owes of one reserve at a timestamp, in the reserve's token. */
export type Holding = {
  id: number;
  reserve: ReserveState;
  price: bigint;
  unit: bigint;
  /** Whether the reserve can be seized from this account. */
  collateral: boolean;
  supply: bigint;
  /** All debt, and the part of it at the variable rate. */
  debt: bigint;
  variableDebt: bigint;
  /** What the debt is worth in `liquidationCall`: up to 3.1 an eMode may price all debt of its accounts. */
  debtPrice: bigint;
  /** Both indices, ray. */
  index: Indices;
  liquidationBonus: bigint;
};

export type Valuation = Health & { holdings: Holding[] };

/**
 * A reserve's indices at `timestamp`, as the Pool's views and `updateState` give them. The two differ only for reserves
 * without income or without debt, where nothing depends on it: a rate of zero leaves the index, and without debt there
 * is no account to charge.
 *
 * @example
 * const { income, debt } = indicesAt(rulesOf(10n, pool), reserve, timestamp); // rays
 */
export function indicesAt(rules: Rules, reserve: ReserveState, timestamp: bigint): Indices {
  const known = lastIndices.get(reserve);
  const same = known?.find((each) => each.timestamp === timestamp && each.rules === rules);
  if (same) return same.indices;
  const elapsed = timestamp - reserve.lastUpdate;
  const indices = {
    income: rayMul(linearFactor(reserve.liquidityRate, elapsed), reserve.liquidityIndex),
    debt: rayMul(rules.debtFactor(reserve.variableBorrowRate, elapsed), reserve.variableBorrowIndex),
  };
  lastIndices.set(reserve, [{ rules, timestamp, indices }, ...(known?.slice(0, 1) ?? [])]);
  return indices;
}

/** Both of a reserve's indices, ray. */
export type Indices = { income: bigint; debt: bigint };

/**
 * Every account of a head is judged at the same second, and what a call for the maximum is funded with at a later one, so
 * each reserve's indices are worked out once for the last two seconds that were asked for.
 */
const lastIndices = new WeakMap<ReserveState, { rules: Rules; timestamp: bigint; indices: Indices }[]>();

/** What a debt at a stable rate has grown to. */
function stableDebt({ stable: { principal, rate, lastUpdate } }: Position, timestamp: bigint): bigint {
  return principal === 0n ? 0n : rayMul(principal, binomialFactor(rate, timestamp - lastUpdate));
}

/**
 * Values an account in the Pool's own order of steps and roundings.
 *
 * @example
 * const valued = value(pool, state, account, timestamp);
 * if (!('error' in valued)) valued.holdings.map(({ debt }) => debt);
 */
export function value(pool: AavePool, state: AaveState, account: Account, timestamp: bigint): Valuation | Unjudged {
  const { rules } = pool;
  const category = state.eModes.get(account.group);
  if (account.group !== 0 && !category) {
    return { error: `is in eMode ${account.group}, created after the market was opened` };
  }

  const holdings: Holding[] = [];
  let weighted = 0n;
  let collateralBase = 0n;
  let debtBase = 0n;
  for (const position of positionsOf(account)) {
    if (position.id >= pool.reserves.length) {
      return { error: `uses reserve ${position.id}, listed after the market was opened` };
    }
    const reserve = state.reserves[position.id];
    if (!reserve) continue;
    // The Pool asks for the price even where the balance is zero, so a failing source fails the whole account.
    const found = priceIn(category, reserve, position.id);
    if ('error' in found) return found;
    const price = found.value;
    if (position.borrowing && rules.virtualAccounting === 'flagged' && !reserve.virtualAccounting) {
      return {
        error: `owes reserve ${position.id}, which is outside virtual accounting: its debt may carry a discount`,
      };
    }
    const unit = 10n ** BigInt(reserve.decimals);
    const index = indicesAt(rules, reserve, timestamp);
    const eMode = eModeOf(category, position.id);
    const collateral = position.collateral && (rules.zeroThreshold || reserve.liquidationThreshold !== 0n);
    const supply = collateral ? rules.supplyBalance(position.scaledSupply, index.income) : 0n;
    const variableDebt = position.borrowing ? rules.debtBalance(position.scaledDebt, index.debt) : 0n;
    const debt = variableDebt + stableDebt(position, timestamp);
    const supplyBase = mulDivFloor(supply, price, unit);
    collateralBase += supplyBase;
    weighted += supplyBase * (eMode ?? reserve).liquidationThreshold;
    debtBase += rules.debtValue(debt, price, unit);
    holdings.push({
      id: position.id,
      reserve,
      price,
      unit,
      collateral,
      supply,
      debt,
      variableDebt,
      debtPrice: debtPriceIn(category, price),
      index,
      liquidationBonus: (eMode ?? reserve).liquidationBonus,
    });
  }
  const healthFactor = debtBase === 0n ? MAX_UINT256 : rules.healthFactor(weighted, collateralBase, debtBase);
  return { healthFactor, underwater: healthFactor < WAD, collateralBase, debtBase, holdings };
}

/**
 * The Pool's `getUserAccountData` at `timestamp`, to the last unit.
 *
 * @example
 * const found = health(pool, state, account, timestamp);
 * 'error' in found || found.underwater;
 */
export function health(pool: AavePool, state: AaveState, account: Account, timestamp: bigint): Health | Unjudged {
  const valuation = value(pool, state, account, timestamp);
  if ('error' in valuation) return valuation;
  const { holdings: _, ...rest } = valuation;
  return rest;
}
