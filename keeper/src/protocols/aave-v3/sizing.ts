import { divCeil, MAX_UINT256, mulDivCeil, mulDivFloor, percentMul } from './math.ts';
import type { Thresholds } from './pool.ts';
import type { Rules } from './rules.ts';

/** One debt and one collateral of an account under water, as `liquidationCall` sees them. */
export type Pair = {
  /** The account's debt in the debt reserve, its price and 10^decimals. */
  debt: bigint;
  /** The part of it at the variable rate, which is repaid first. */
  variableDebt: bigint;
  debtPrice: bigint;
  debtUnit: bigint;
  /** The debt reserve's index, ray. */
  debtIndex: bigint;
  /** The account's balance in the collateral reserve, its price and 10^decimals. */
  collateral: bigint;
  collateralPrice: bigint;
  collateralUnit: bigint;
  /** The collateral reserve's index, ray. */
  collateralIndex: bigint;
  /** Collateral's bonus with its 100 %, and the treasury's share of the bonus (bps). */
  bonus: bigint;
  protocolFee: bigint;
  /** The whole account, base currency; and its health factor. */
  totalDebtBase: bigint;
  healthFactor: bigint;
};

/** What a liquidation moves, smallest units: `repay` in debt token; `taken` = `seized` + `fee` in collateral. */
type Moved = { repay: bigint; taken: bigint; seized: bigint; fee: bigint };

/** A legal call: what to pass, and what it does. */
export type Sized = Moved & { argument: bigint };

/**
 * Debt the Pool lets one call repay: all of it, or half. Up to 3.2 half of this debt where the account is healthy enough;
 * later half of all the account owes, and only where both sides are large, too.
 *
 * @example
 * largestRepay(rules, thresholds, pair) === pair.debt; // true: one call may repay all of it
 */
export function largestRepay(rules: Rules, thresholds: Thresholds, pair: Pair): bigint {
  if (rules.closeFactor === 'reserve') {
    return pair.healthFactor > thresholds.fullCloseHealth ? percentMul(pair.debt, 5_000n) : pair.debt;
  }
  const debtBase = rules.debtValue(pair.debt, pair.debtPrice, pair.debtUnit);
  const collateralBase = mulDivFloor(pair.collateral, pair.collateralPrice, pair.collateralUnit);
  if (
    collateralBase < thresholds.fullCloseBase ||
    debtBase < thresholds.fullCloseBase ||
    pair.healthFactor <= thresholds.fullCloseHealth
  ) {
    return pair.debt;
  }
  const half = percentMul(pair.totalDebtBase, 5_000n);
  return debtBase > half ? mulDivFloor(half, pair.debtUnit, pair.debtPrice) : pair.debt;
}

/**
 * What the Pool moves when asked to cover `amount` (no more than `largestRepay`), whether it then accepts it or not.
 *
 * @example
 * const { repay, seized } = quote(rules, pair, largestRepay(rules, thresholds, pair));
 */
export function quote(rules: Rules, pair: Pair, amount: bigint): Moved {
  const base = (pair.debtPrice * amount * pair.collateralUnit) / (pair.collateralPrice * pair.debtUnit);
  const wanted = rules.withBonus(base, pair.bonus);
  const capped = wanted > pair.collateral;
  const taken = capped ? pair.collateral : wanted;
  const worth = (pair.collateralPrice * taken * pair.debtUnit) / (pair.debtPrice * pair.collateralUnit);
  const repay = capped ? rules.withoutBonus(worth, pair.bonus) : amount;
  const fee = pair.protocolFee === 0n ? 0n : rules.protocolFee(taken, pair.bonus, pair.protocolFee);
  return { repay, taken, seized: taken - fee, fee };
}

/**
 * The largest amount that leaves both sides at least the minimum the Pool accepts as a remainder (3.3 and later); negative
 * when there is none. Every smaller amount is legal too.
 */
export function largestPartial(rules: Rules, thresholds: Thresholds, pair: Pair): bigint {
  const least = thresholds.minLeftoverBase;
  const byDebt = pair.debt - (rules.debtWorthLess(least, pair.debtPrice, pair.debtUnit) + 1n);
  const takeable = pair.collateral - mulDivCeil(least, pair.collateralUnit, pair.collateralPrice);
  if (takeable < 0n) return takeable;
  const base = rules.largestBase(takeable, pair.bonus);
  const byCollateral =
    divCeil((base + 1n) * pair.collateralPrice * pair.debtUnit, pair.debtPrice * pair.collateralUnit) - 1n;
  return smaller(byDebt, byCollateral);
}

/** The largest amount up to `limit` that seizes no more than `liquidity`; what is seized never falls as amounts grow. */
function largestPayable(rules: Rules, pair: Pair, limit: bigint, liquidity: bigint): bigint {
  let [fits, tooMuch] = [0n, limit + 1n];
  while (tooMuch - fits > 1n) {
    const middle = (fits + tooMuch) / 2n;
    if (quote(rules, pair, middle).seized <= liquidity) fits = middle;
    else tooMuch = middle;
  }
  return fits;
}

/**
 * A partial call is sized this far below what is legal (1/1000): the remainder's value moves with prices until the
 * transaction lands, and one unit too little left reverts it.
 */
const MARGIN = 1000n;
const withMargin = (limit: bigint): bigint => limit - divCeil(limit, MARGIN);

/**
 * The largest call to make for a pair, or nothing when there is none.
 *
 * Where it closes a side it is asked for as `2n ** 256n - 1n`: an exact amount would, one block of interest later, leave dust
 * and revert. Otherwise it is exact: half of the debt, or the largest legal partial less a margin.
 * @param liquidity collateral token that the Pool can pay out
 * @example
 * size(rules, thresholds, pair, reserve.liquidity)?.argument; // 2n ** 256n - 1n where it closes a side
 */
export function size(rules: Rules, thresholds: Thresholds, pair: Pair, liquidity: bigint): Sized | undefined {
  const limit = largestRepay(rules, thresholds, pair);
  const full = quote(rules, pair, limit);
  const closes = full.repay === pair.debt || full.taken === pair.collateral;
  if (closes && full.seized <= liquidity) return called(rules, pair, full, MAX_UINT256);
  return sizePartial(rules, thresholds, pair, liquidity, limit);
}

/**
 * The largest exact call that repays at most `most`, with both sides left open, or nothing when there is none.
 *
 * @example
 * sizePartial(rules, thresholds, pair, reserve.liquidity, 10n ** 18n)?.repay; // 10n ** 18n at most
 */
export function sizePartial(
  rules: Rules,
  thresholds: Thresholds,
  pair: Pair,
  liquidity: bigint,
  most: bigint,
): Sized | undefined {
  const limit = smaller(largestRepay(rules, thresholds, pair), most);
  const partial = rules.closeFactor === 'reserve' ? limit : withMargin(largestPartial(rules, thresholds, pair));
  const legal = smaller(limit, partial);
  if (legal <= 0n) return undefined;
  const exact = quote(rules, pair, legal);
  if (exact.seized <= liquidity) return exactly(rules, pair, exact.repay);
  return exactly(rules, pair, quote(rules, pair, withMargin(largestPayable(rules, pair, legal, liquidity))).repay);
}

/** An amount that the collateral caps is asked for as what it comes to: the roundings are those of the amount passed. */
const exactly = (rules: Rules, pair: Pair, repay: bigint): Sized | undefined => {
  const exact = quote(rules, pair, repay);
  return called(rules, pair, exact, exact.repay);
};

const smaller = (a: bigint, b: bigint): bigint => (a < b ? a : b);

/** The Pool's tokens refuse to burn what rounds down to nothing. */
function called(rules: Rules, pair: Pair, moved: Moved, argument: bigint): Sized | undefined {
  const variable = smaller(moved.repay, pair.variableDebt);
  if (moved.repay === 0n || (variable > 0n && rules.burntDebt(variable, pair.debtIndex) === 0n)) return undefined;
  const burnt = moved.seized > 0n && rules.burntSupply(moved.seized, pair.collateralIndex) > 0n;
  return burnt ? { ...moved, argument } : undefined;
}
