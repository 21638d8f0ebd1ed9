import type { Account, Cell, Option } from '../protocol.ts';
import { indicesAt } from './health.ts';
import type { AaveMarket } from './market.ts';
import { collateralSlot, debtSlot } from './slots.ts';
import type { AaveState, ReserveState } from './state.ts';

/**
 * Account and market as a liquidation at `timestamp` leaves them, for another one of the account in the same transaction:
 * the scaled amounts less what the tokens burn and the treasury gets, a flag that is cleared being a cell that is gone.
 * Indices do not move within a second, and the rates that do have no time to matter.
 *
 * `undefined` where nothing could follow: no debt or no collateral is left, or a part of the debt is at a stable rate, which
 * is not followed.
 */
export function after(
  market: AaveMarket,
  state: AaveState,
  account: Account,
  timestamp: bigint,
  option: Option,
): { state: AaveState; account: Account } | undefined {
  const { rules } = market;
  const [debt, collateral] = [option.debtAsset, option.collateralAsset].map((asset) =>
    market.reserves.findIndex((reserve) => reserve?.address === asset),
  ) as [number, number];
  const [debtReserve, collateralReserve] = [state.reserves[debt], state.reserves[collateral]];
  if (!debtReserve || !collateralReserve || account.cells.some(({ slot }) => slot > collateralSlot(127)))
    return undefined;

  const burntDebt = rules.burntDebt(option.repay, indicesAt(rules, debtReserve, timestamp).debt);
  const { income } = indicesAt(rules, collateralReserve, timestamp);
  const burntSupply =
    rules.burntSupply(option.seized, income) + (option.fee > 0n ? rules.burntSupply(option.fee, income) : 0n);
  const less = ({ slot, amount }: Cell): Cell[] => {
    if (slot === debtSlot(debt)) return left(slot, option.closesDebt ? 0n : amount - burntDebt);
    if (slot === collateralSlot(collateral)) return left(slot, option.closesCollateral ? 0n : amount - burntSupply);
    return [{ slot, amount }];
  };
  const cells = account.cells.flatMap(less);
  const some = (kind: (id: number) => number) =>
    cells.some(({ slot, amount }) => amount > 0n && slot === kind(slot >> 1));
  if (!some(debtSlot) || !some(collateralSlot)) return undefined;

  const reserves = [...state.reserves];
  const paid = (reserve: ReserveState, by: bigint) => ({ ...reserve, liquidity: reserve.liquidity + by });
  reserves[collateral] = paid(collateralReserve, -option.seized);
  reserves[debt] = paid(reserves[debt] ?? debtReserve, option.repay);
  return { state: { ...state, reserves }, account: { ...account, cells } };
}

const left = (slot: number, amount: bigint): Cell[] => (amount > 0n ? [{ slot, amount }] : []);
