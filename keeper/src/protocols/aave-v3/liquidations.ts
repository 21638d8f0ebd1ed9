import { type Address, getAddress } from 'viem';
import type { Account, Unjudged } from '../protocol.ts';
import { type Holding, type Valuation, value } from './health.ts';
import { MAX_UINT256, WAD } from './math.ts';
import type { AavePool } from './pool.ts';
import { largestRepay, type Pair, quote, type Sized, size, sizePartial } from './sizing.ts';
import type { AaveState, ReserveState } from './state.ts';

/** One legal liquidation of one account, and its exact outcome at the timestamp it was valued for. Smallest units. */
export type Liquidation = {
  /** Checksummed, as all addresses here. */
  account: Address;
  debtAsset: Address;
  collateralAsset: Address;
  /** Debt token that the Pool will pull. */
  repay: bigint;
  /** Amount to pass: `repay`, or `2n ** 256n - 1n` for "as much as is allowed". */
  argument: bigint;
  /** Debt token to have in hand: `repay`, and where `argument` is the maximum also what it grows to within a minute. */
  funding: bigint;
  /** Collateral the liquidator receives, after the protocol's fee. */
  seized: bigint;
  /** Collateral the protocol keeps of what is taken from the account. */
  fee: bigint;
  closesDebt: boolean;
  closesCollateral: boolean;
};

/** The sentinel never holds back accounts below this health factor. */
export const SENTINEL_HEALTH = (WAD * 95n) / 100n;

/** Seconds of interest a call for the maximum is funded ahead. */
const FUNDED_AHEAD = 60n;

/** Whether a reserve takes part in liquidations at all. */
export const open = (reserve: ReserveState, timestamp: bigint): boolean =>
  reserve.active && !reserve.paused && reserve.gracePeriodUntil < timestamp;

/** A debt and a collateral of an account, as the Pool sees them. */
export function pairOf(valuation: Valuation, debt: Holding, collateral: Holding): Pair {
  return {
    debt: debt.debt,
    variableDebt: debt.variableDebt,
    debtPrice: debt.debtPrice,
    debtUnit: debt.unit,
    debtIndex: debt.index.debt,
    collateral: collateral.supply,
    collateralPrice: collateral.price,
    collateralUnit: collateral.unit,
    collateralIndex: collateral.index.income,
    bonus: collateral.liquidationBonus,
    protocolFee: collateral.reserve.liquidationProtocolFee,
    totalDebtBase: valuation.debtBase,
    healthFactor: valuation.healthFactor,
  };
}

/**
 * What an account is worth, and what follows from that once somebody has asked for it: a planner asks for many sizes of one account.
 *
 * - `label`: its checksummed address.
 * - `now`: at the timestamp of its view, `ahead`: as long after that as a call for the maximum is funded for.
 * - `largest`: every legal liquidation, each at its largest.
 */
export type Valued = {
  label: Address;
  now: Valuation;
  ahead: Valuation | Unjudged | undefined;
  largest: readonly Liquidation[] | undefined;
};

/**
 * An account as it is worth at `timestamp`.
 *
 * @param timestamp - seconds
 * @example
 * const valued = valuedAt(pool, state, account, timestamp);
 * if (!('error' in valued)) liquidationsOf(pool, state, account, valued, timestamp);
 */
export function valuedAt(pool: AavePool, state: AaveState, account: Account, timestamp: bigint): Valued | Unjudged {
  const now = value(pool, state, account, timestamp);
  return 'error' in now ? now : { label: getAddress(account.address), now, ahead: undefined, largest: undefined };
}

/**
 * Every legal liquidation of an account at `timestamp`, each at its largest legal amount: one for each borrowed and each
 * collateral reserve that is active, not paused and past its grace period. Frozen reserves can be liquidated. The
 * collateral is taken as underlying, so the Pool must hold it; where debt and collateral are one asset, what is repaid is
 * not counted on for that, since the Pool collects it last.
 *
 * @param valued - the account at the same timestamp; what is found is remembered with it
 */
export function liquidationsOf(
  pool: AavePool,
  state: AaveState,
  account: Account,
  valued: Valued,
  timestamp: bigint,
): readonly Liquidation[] {
  if (valued.largest) return valued.largest;
  const found: Liquidation[] = [];
  if (isLiquidatable(state, valued)) {
    for (const debt of valued.now.holdings) {
      if (debt.debt === 0n) continue;
      for (const collateral of valued.now.holdings) {
        const liquidation = largestOf(pool, state, account, valued, debt, collateral, timestamp);
        if (liquidation) found.push(liquidation);
      }
    }
  }
  valued.largest = found;
  return found;
}

/** An account whose collateral a flash loan has just made a little more of may not be under water any more. */
const isLiquidatable = (state: AaveState, { now }: Valued): boolean =>
  now.underwater &&
  (state.liquidationAllowed || now.healthFactor < SENTINEL_HEALTH) &&
  !now.holdings.some(({ collateral, reserve }) => collateral && reserve.indexMoved);

/** A pair at its largest legal amount. */
function largestOf(
  pool: AavePool,
  state: AaveState,
  account: Account,
  valued: Valued,
  debt: Holding,
  collateral: Holding,
  timestamp: bigint,
): Liquidation | undefined {
  if (debt.debt === 0n || debt.debtPrice === 0n || !open(debt.reserve, timestamp)) return undefined;
  if (!collateral.collateral || collateral.supply === 0n || collateral.price === 0n) return undefined;
  if (collateral.liquidationBonus === 0n || !open(collateral.reserve, timestamp)) return undefined;
  const { now, label } = valued;
  const pair = pairOf(now, debt, collateral);
  const sized = size(pool.rules, pool.thresholds, pair, collateral.reserve.liquidity);
  if (!sized) return undefined;
  if (sized.argument !== MAX_UINT256) return liquidationOf(pool, label, debt, collateral, pair, sized, sized.repay);
  valued.ahead ??= value(pool, state, account, timestamp + FUNDED_AHEAD);
  const { ahead } = valued;
  if ('error' in ahead) return undefined;
  const then = (holding: Holding) => ahead.holdings[now.holdings.indexOf(holding)]!;
  const funding = larger(sized.repay, maximum(pool, pairOf(ahead, then(debt), then(collateral))));
  return liquidationOf(pool, label, debt, collateral, pair, sized, funding);
}

/** @param funding - debt token to have in hand */
function liquidationOf(
  pool: AavePool,
  account: Address,
  debt: Holding,
  collateral: Holding,
  pair: Pair,
  { repay, argument, taken, seized, fee }: Sized,
  funding: bigint,
): Liquidation {
  return {
    account,
    debtAsset: pool.reserves[debt.id]!.address,
    collateralAsset: pool.reserves[collateral.id]!.address,
    repay,
    argument,
    funding,
    seized,
    fee,
    closesDebt: repay === pair.debt,
    closesCollateral: taken === pair.collateral,
  };
}

/**
 * The largest legal liquidation of a pair that repays at most `most`; `undefined` where none is so small. Where `most` cuts it no
 * side is closed, so it is exact and funded exactly.
 *
 * @param valued - the account at the same timestamp
 * @param pair - the assets of debt and collateral
 * @param most - debt token, smallest units; at its largest when left out
 * @example
 * fitLiquidation(pool, state, account, valued, timestamp, liquidation, liquidation.repay / 2n);
 */
export function fitLiquidation(
  pool: AavePool,
  state: AaveState,
  account: Account,
  valued: Valued,
  timestamp: bigint,
  pair: Pick<Liquidation, 'debtAsset' | 'collateralAsset'>,
  most?: bigint,
): Liquidation | undefined {
  if (!isLiquidatable(state, valued)) return undefined;
  const { now } = valued;
  const holding = (asset: Address) => now.holdings.find(({ id }) => pool.reserves[id]!.address === asset);
  const [debt, collateral] = [holding(pair.debtAsset), holding(pair.collateralAsset)];
  if (!debt || !collateral) return undefined;
  const isPair = ({ debtAsset, collateralAsset }: Liquidation) =>
    debtAsset === pair.debtAsset && collateralAsset === pair.collateralAsset;
  const largest = valued.largest
    ? valued.largest.find(isPair)
    : largestOf(pool, state, account, valued, debt, collateral, timestamp);
  if (!largest || most === undefined || most >= largest.repay) return largest;
  const sides = pairOf(now, debt, collateral);
  const sized = sizePartial(pool.rules, pool.thresholds, sides, collateral.reserve.liquidity, most);
  return sized && liquidationOf(pool, valued.label, debt, collateral, sides, sized, sized.repay);
}

/** What a call for the maximum repays. */
const maximum = ({ rules, thresholds }: AavePool, pair: Pair): bigint =>
  quote(rules, pair, largestRepay(rules, thresholds, pair)).repay;

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
