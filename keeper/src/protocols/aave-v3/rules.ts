import {
  compoundedFactor,
  divCeil,
  mulDivCeil,
  mulDivFloor,
  mulDivHalfUp,
  PERCENT,
  percentDiv,
  percentMul,
  RAY,
  WAD,
} from './math.ts';

/** Where Aave's versions differ, and nowhere else: roundings, interest, health factor, bonus, fee. */
export type Rules = {
  version: string;
  /** Growth of a debt index over `elapsed` seconds at `rate` (ray a year). */
  debtFactor(rate: bigint, elapsed: bigint): bigint;
  /** aToken balance of a scaled balance. */
  supplyBalance(scaled: bigint, index: bigint): bigint;
  /** Debt of a scaled debt. */
  debtBalance(scaled: bigint, index: bigint): bigint;
  /** Debt valued in base currency. */
  debtValue(amount: bigint, price: bigint, unit: bigint): bigint;
  /** Health factor from Σ value·threshold (base·bps), Σ value and Σ debt (base). `debt` is not zero. */
  healthFactor(weighted: bigint, collateral: bigint, debt: bigint): bigint;
  /** Collateral taken for `base`, the collateral worth as much as the repaid debt. */
  withBonus(base: bigint, bonus: bigint): bigint;
  /** The largest `base` for which `withBonus` is no more than `collateral`. */
  largestBase(collateral: bigint, bonus: bigint): bigint;
  /** Debt repaid for all collateral, which is worth `value` in debt token. */
  withoutBonus(value: bigint, bonus: bigint): bigint;
  /** Share of the bonus that goes to Aave's treasury. */
  protocolFee(collateral: bigint, bonus: bigint, fee: bigint): bigint;
  /** The largest debt worth less than `base`, in debt token. */
  debtWorthLess(base: bigint, price: bigint, unit: bigint): bigint;
  /** Whether collateral with a threshold of zero counts and can be seized. */
  zeroThreshold: boolean;
  /** Whether the sequencer sentinel can hold a liquidation back. */
  sentinel: boolean;
};

/** 3.5 (POOL_REVISION 9): balances rounded against the account, health factor from the unrounded threshold. */
const v35: Rules = {
  version: '3.5',
  debtFactor: compoundedFactor,
  supplyBalance: (scaled, index) => mulDivFloor(scaled, index, RAY),
  debtBalance: (scaled, index) => mulDivCeil(scaled, index, RAY),
  debtValue: mulDivCeil,
  healthFactor: (weighted, _collateral, debt) => mulDivHalfUp(weighted, WAD, debt) / PERCENT,
  withBonus: percentMul,
  // percentMul rounds half up: base·bonus + 5000 must stay below (collateral + 1)·10000.
  largestBase: (collateral, bonus) => divCeil((collateral + 1n) * PERCENT - PERCENT / 2n, bonus) - 1n,
  withoutBonus: (value, bonus) => mulDivCeil(value, PERCENT, bonus),
  protocolFee: (collateral, bonus, fee) => percentMul(collateral - percentDiv(collateral, bonus), fee),
  // Valued rounding up, so the largest amount worth at most base - 1.
  debtWorthLess: (base, price, unit) => mulDivFloor(base - 1n, unit, price),
  zeroThreshold: false,
  sentinel: true,
};

/** 3.6 (POOL_REVISION 10): the threshold of a collateral no longer decides whether it counts. */
const v36: Rules = { ...v35, version: '3.6', zeroThreshold: true };

/** 3.7 (POOL_REVISION 11): bonus rounded down, fee rounded up, no sentinel. */
const v37: Rules = {
  ...v36,
  version: '3.7',
  withBonus: (base, bonus) => mulDivFloor(base, bonus, PERCENT),
  largestBase: (collateral, bonus) => divCeil((collateral + 1n) * PERCENT, bonus) - 1n,
  protocolFee: (collateral, bonus, fee) =>
    mulDivCeil(collateral - mulDivFloor(collateral, PERCENT, bonus), fee, PERCENT),
  sentinel: false,
};

const rulesByRevision = new Map<bigint, Rules>([
  [9n, v35],
  [10n, v36],
  [11n, v37],
]);

/**
 * The rules of a Pool's `POOL_REVISION()`.
 * @throws when the revision is not evaluated exactly
 */
export function rulesOf(revision: bigint, pool: string): Rules {
  const rules = rulesByRevision.get(revision);
  if (rules) return rules;
  const known = [...rulesByRevision.keys()].join(', ');
  throw new Error(
    `Aave v3 revision ${revision} at ${pool} is not supported: this version of Plimsoll evaluates revisions ${known} exactly`,
  );
}
