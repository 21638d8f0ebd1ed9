import type { Account, Health, Unjudged } from '../protocol.ts';
import type { AaveMarket } from './market.ts';
import { linearFactor, MAX_UINT256, mulDivFloor, rayMul, WAD } from './math.ts';
import type { Rules } from './rules.ts';
import { positionsOf } from './slots.ts';
import type { AaveState, EMode, ReserveState } from './state.ts';

/** What an account holds and owes of one reserve at a timestamp, in the reserve's token. */
export type Holding = {
  id: number;
  reserve: ReserveState;
  price: bigint;
  unit: bigint;
  /** Whether the reserve can be seized from this account. */
  collateral: boolean;
  supply: bigint;
  debt: bigint;
  /** The debt index, ray. */
  debtIndex: bigint;
  liquidationBonus: bigint;
};

export type Valuation = Health & { holdings: Holding[] };

/**
 * A reserve's indices at `timestamp`, as the Pool's views and `updateState` give them. The two differ only for reserves
 * without income or without debt, where nothing depends on it: a rate of zero leaves the index, and without debt there
 * is no account to charge.
 */
export function indicesAt(rules: Rules, reserve: ReserveState, timestamp: bigint): { income: bigint; debt: bigint } {
  const elapsed = timestamp - reserve.lastUpdate;
  return {
    income: rayMul(linearFactor(reserve.liquidityRate, elapsed), reserve.liquidityIndex),
    debt: rayMul(rules.debtFactor(reserve.variableBorrowRate, elapsed), reserve.variableBorrowIndex),
  };
}

/** The category whose threshold and bonus apply to reserve `id`, if any. What is borrowed plays no part. */
export const eModeOf = (eMode: EMode | undefined, id: number): EMode | undefined =>
  eMode && (eMode.collateralBitmap >> BigInt(id)) & 1n ? eMode : undefined;

/** Values an account in the Pool's own order of steps and roundings. */
export function value(market: AaveMarket, state: AaveState, account: Account, timestamp: bigint): Valuation | Unjudged {
  const { rules } = market;
  const category = state.eModes.get(account.group);
  if (account.group !== 0 && !category) {
    return { error: `is in eMode ${account.group}, created after the market was opened` };
  }

  const holdings: Holding[] = [];
  let weighted = 0n;
  let collateralBase = 0n;
  let debtBase = 0n;
  for (const position of positionsOf(account)) {
    if (position.id >= market.reserves.length) {
      return { error: `uses reserve ${position.id}, listed after the market was opened` };
    }
    const reserve = state.reserves[position.id];
    if (!reserve) continue;
    // The Pool asks for the price even where the balance is zero, so a failing source fails the whole account.
    if ('error' in reserve.price) return { error: reserve.price.error };
    const price = reserve.price.value;
    const unit = 10n ** BigInt(reserve.decimals);
    const index = indicesAt(rules, reserve, timestamp);
    const eMode = eModeOf(category, position.id);
    const collateral = position.collateral && (rules.zeroThreshold || reserve.liquidationThreshold !== 0n);
    const supply = collateral ? rules.supplyBalance(position.scaledSupply, index.income) : 0n;
    const debt = position.borrowing ? rules.debtBalance(position.scaledDebt, index.debt) : 0n;
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
      debtIndex: index.debt,
      liquidationBonus: (eMode ?? reserve).liquidationBonus,
    });
  }
  const healthFactor = debtBase === 0n ? MAX_UINT256 : rules.healthFactor(weighted, collateralBase, debtBase);
  return { healthFactor, underwater: healthFactor < WAD, collateralBase, debtBase, holdings };
}

/** The Pool's `getUserAccountData` at `timestamp`, to the last unit. */
export function health(market: AaveMarket, state: AaveState, account: Account, timestamp: bigint): Health | Unjudged {
  const valuation = value(market, state, account, timestamp);
  if ('error' in valuation) return valuation;
  const { holdings: _, ...rest } = valuation;
  return rest;
}
