import { type Address, getAddress } from 'viem';
import type { Account, Option } from '../protocol.ts';
import { type Holding, type Valuation, value } from './health.ts';
import type { AaveMarket } from './market.ts';
import { MAX_UINT256, mulDivFloor, WAD } from './math.ts';
import { largestRepay, type Pair, quote, type Sized, size, sizePartial } from './sizing.ts';
import type { AaveState, ReserveState } from './state.ts';

/** The sentinel never holds back accounts below this health factor. */
const SENTINEL_HEALTH = (WAD * 95n) / 100n;

/** Seconds of interest a call for the maximum is funded ahead. */
const FUNDED_AHEAD = 60n;

const open = (reserve: ReserveState, timestamp: bigint): boolean =>
  reserve.active && !reserve.paused && reserve.gracePeriodUntil < timestamp;

function pairOf(valuation: Valuation, debt: Holding, collateral: Holding): Pair {
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

/** The accounts as they were last valued: a planner asks for many sizes of one account. */
const lastValues = new WeakMap<Account, { state: AaveState; timestamp: bigint; valuation: ReturnType<typeof value> }>();

function valued(market: AaveMarket, state: AaveState, account: Account, timestamp: bigint) {
  const known = lastValues.get(account);
  if (known?.state === state && known.timestamp === timestamp) return known.valuation;
  const valuation = value(market, state, account, timestamp);
  lastValues.set(account, { state, timestamp, valuation });
  return valuation;
}

/**
 * Every legal liquidation of an account at `timestamp`, each at its largest legal amount: one for each borrowed and each
 * collateral reserve that is active, not paused and past its grace period. Frozen reserves can be liquidated. The
 * collateral is taken as underlying, so the Pool must hold it; where debt and collateral are one asset, what is repaid is
 * not counted on for that, since the Pool collects it last.
 */
export function options(market: AaveMarket, state: AaveState, account: Account, timestamp: bigint): Option[] {
  const now = valued(market, state, account, timestamp);
  if ('error' in now || !now.underwater) return [];
  if (!state.liquidationAllowed && now.healthFactor >= SENTINEL_HEALTH) return [];
  const ahead = value(market, state, account, timestamp + FUNDED_AHEAD);
  if ('error' in ahead) return [];

  const found: Option[] = [];
  now.holdings.forEach((debt, debtAt) => {
    if (debt.debt === 0n || debt.debtPrice === 0n || !open(debt.reserve, timestamp)) return;
    now.holdings.forEach((collateral, collateralAt) => {
      if (!collateral.collateral || collateral.supply === 0n || collateral.price === 0n) return;
      if (collateral.liquidationBonus === 0n || !open(collateral.reserve, timestamp)) return;
      const pair = pairOf(now, debt, collateral);
      const sized = size(market.rules, market.thresholds, pair, collateral.reserve.liquidity);
      if (!sized) return;
      const later = pairOf(ahead, ahead.holdings[debtAt]!, ahead.holdings[collateralAt]!);
      const funding = sized.argument === MAX_UINT256 ? larger(sized.repay, maximum(market, later)) : sized.repay;
      found.push(optionOf(market, account, debt, collateral, pair, sized, funding));
    });
  });
  return found;
}

/** @param funding - debt token to have in hand */
function optionOf(
  market: AaveMarket,
  account: Account,
  debt: Holding,
  collateral: Holding,
  pair: Pair,
  { repay, argument, taken, seized, fee }: Sized,
  funding: bigint,
): Option {
  return {
    account: getAddress(account.address),
    debtAsset: market.reserves[debt.id]!.address,
    collateralAsset: market.reserves[collateral.id]!.address,
    repay,
    argument,
    funding,
    seized,
    fee,
    closesDebt: repay === pair.debt,
    closesCollateral: taken === pair.collateral,
    bonusBase:
      mulDivFloor(seized, collateral.price, collateral.unit) - market.rules.debtValue(repay, debt.debtPrice, debt.unit),
  };
}

/**
 * The largest legal liquidation of an option's pair that repays at most `repay`; the option itself from its own amount on.
 * Below that no side is closed, so it is exact and funded exactly.
 */
export function resize(
  market: AaveMarket,
  state: AaveState,
  account: Account,
  timestamp: bigint,
  option: Option,
  repay: bigint,
): Option | undefined {
  if (repay >= option.repay) return option;
  const now = valued(market, state, account, timestamp);
  if ('error' in now) return undefined;
  const holding = (asset: Address) => now.holdings.find(({ id }) => market.reserves[id]!.address === asset);
  const [debt, collateral] = [holding(option.debtAsset), holding(option.collateralAsset)];
  if (!debt || !collateral) return undefined;
  const pair = pairOf(now, debt, collateral);
  const sized = sizePartial(market.rules, market.thresholds, pair, collateral.reserve.liquidity, repay);
  return sized && optionOf(market, account, debt, collateral, pair, sized, sized.repay);
}

/** What a call for the maximum repays. */
const maximum = ({ rules, thresholds }: AaveMarket, pair: Pair): bigint =>
  quote(rules, pair, largestRepay(rules, thresholds, pair)).repay;

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
