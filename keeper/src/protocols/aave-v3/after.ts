import type { Address } from 'viem';
import type { Account, Cell } from '../protocol.ts';
import { indicesAt } from './health.ts';
import type { Liquidation } from './liquidations.ts';
import { mulDivFloor } from './math.ts';
import type { AavePool } from './pool.ts';
import { priceIn } from './prices.ts';
import { collateralSlot, debtSlot } from './slots.ts';
import type { AaveState, ReserveState } from './state.ts';

/** A state and an account as a liquidation leaves them; no account where nothing that is known can follow. */
export type After = { state: AaveState; account: Account | undefined };

/**
 * State and account as a liquidation at `timestamp` leaves them, for more in the same transaction: the reserves' liquidity, and
 * the account's scaled amounts less what the tokens burn and the treasury gets, a flag that is cleared being a cell that is gone.
 * Indices do not move within a second, and the rates that do have no time to matter.
 *
 * There is no account where no debt is left; where the collateral left is worth nothing, since the Pool then writes off all debt
 * from 3.3 on; or where a part of the debt is at a stable rate, which is not followed.
 *
 * @param timestamp - seconds; the one that `done` was sized for
 * @example
 * const { state: next, account: rest } = afterLiquidation(pool, state, account, timestamp, liquidation);
 */
export function afterLiquidation(
  pool: AavePool,
  state: AaveState,
  account: Account,
  timestamp: bigint,
  done: Liquidation,
): After {
  const debt = idOf(pool, done.debtAsset);
  const collateral = idOf(pool, done.collateralAsset);
  const reserves = [...state.reserves];
  reserves[collateral] = withLiquidity(reserves[collateral]!, -done.seized);
  reserves[debt] = withLiquidity(reserves[debt]!, done.repay);
  const left = { ...state, reserves };
  const owesStable = account.cells.some(({ slot }) => slot > collateralSlot(127));
  return { state: left, account: owesStable ? undefined : accountAfter(pool, state, account, timestamp, done) };
}

function accountAfter(
  pool: AavePool,
  state: AaveState,
  account: Account,
  timestamp: bigint,
  done: Liquidation,
): Account | undefined {
  const debt = idOf(pool, done.debtAsset);
  const collateral = idOf(pool, done.collateralAsset);
  const { rules } = pool;
  const burntDebt = rules.burntDebt(done.repay, indicesAt(rules, state.reserves[debt]!, timestamp).debt);
  const { income } = indicesAt(rules, state.reserves[collateral]!, timestamp);
  const burntSupply =
    rules.burntSupply(done.seized, income) + (done.fee > 0n ? rules.burntSupply(done.fee, income) : 0n);
  const less = ({ slot, amount }: Cell): Cell[] => {
    if (slot === debtSlot(debt)) return left(slot, done.closesDebt ? 0n : amount - burntDebt);
    if (slot === collateralSlot(collateral)) return left(slot, done.closesCollateral ? 0n : amount - burntSupply);
    return [{ slot, amount }];
  };
  const next = { ...account, cells: account.cells.flatMap(less) };
  const owes = next.cells.some(({ slot, amount }) => amount > 0n && slot === debtSlot(slot >> 1));
  return owes && collateralBase(pool, state, next, timestamp) > LEAST_BASE ? next : undefined;
}

/**
 * The Pool compares the value of what was taken with that of all the collateral before, each rounded down: there may be a unit
 * (of base currency) between what is left and what it takes to be left.
 */
const LEAST_BASE = 1n;

/** Value of an account's collateral, base currency. */
function collateralBase({ rules }: AavePool, state: AaveState, account: Account, timestamp: bigint): bigint {
  return account.cells.reduce((sum, { slot, amount }) => {
    const id = slot >> 1;
    const reserve = state.reserves[id];
    if (slot !== collateralSlot(id) || !reserve) return sum;
    const price = priceIn(state.eModes.get(account.group), reserve, id);
    const balance = rules.supplyBalance(amount, indicesAt(rules, reserve, timestamp).income);
    return 'value' in price ? sum + mulDivFloor(balance, price.value, 10n ** BigInt(reserve.decimals)) : sum;
  }, 0n);
}

/** A reserve with `by` more to pay out. */
export const withLiquidity = (reserve: ReserveState, by: bigint): ReserveState => ({
  ...reserve,
  liquidity: reserve.liquidity + by,
});

const idOf = ({ reserves }: AavePool, asset: Address): number =>
  reserves.findIndex((reserve) => reserve?.address === asset);

const left = (slot: number, amount: bigint): Cell[] => (amount > 0n ? [{ slot, amount }] : []);
