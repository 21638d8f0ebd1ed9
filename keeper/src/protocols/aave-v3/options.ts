import { getAddress } from 'viem';
import type { Account, Option } from '../protocol.ts';
import { type Holding, type Valuation, value } from './health.ts';
import type { AaveMarket } from './market.ts';
import { MAX_UINT256, mulDivFloor, WAD } from './math.ts';
import { largestRepay, type Pair, quote, size } from './sizing.ts';
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

/**
 * Every legal liquidation of an account at `timestamp`, each at its largest legal amount: one for each borrowed and each
 * collateral reserve that is active, not paused and past its grace period. Frozen reserves can be liquidated. The
 * collateral is taken as underlying, so the Pool must hold it; where debt and collateral are one asset, what is repaid is
 * not counted on for that, since the Pool collects it last.
 */
export function options(market: AaveMarket, state: AaveState, account: Account, timestamp: bigint): Option[] {
  const now = value(market, state, account, timestamp);
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
      found.push({
        account: getAddress(account.address),
        debtAsset: market.reserves[debt.id]!.address,
        collateralAsset: market.reserves[collateral.id]!.address,
        repay: sized.repay,
        argument: sized.argument,
        funding: sized.argument === MAX_UINT256 ? larger(sized.repay, maximum(market, later)) : sized.repay,
        seized: sized.seized,
        fee: sized.fee,
        closesDebt: sized.repay === pair.debt,
        closesCollateral: sized.taken === pair.collateral,
        bonusBase:
          mulDivFloor(sized.seized, collateral.price, collateral.unit) -
          market.rules.debtValue(sized.repay, debt.debtPrice, debt.unit),
      });
    });
  });
  return found;
}

/** What a call for the maximum repays. */
const maximum = ({ rules, thresholds }: AaveMarket, pair: Pair): bigint =>
  quote(rules, pair, largestRepay(rules, thresholds, pair)).repay;

const larger = (a: bigint, b: bigint): bigint => (a > b ? a : b);
