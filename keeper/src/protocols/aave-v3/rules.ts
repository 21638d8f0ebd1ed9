import {
  binomialFactor,
  compoundedFactor,
  divCeil,
  mulDivCeil,
  mulDivFloor,
  mulDivHalfUp,
  PERCENT,
  percentDiv,
  percentMul,
  RAY,
  rayMul,
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
  /** Scaled debt and scaled supply that an amount burns; the tokens refuse to burn nothing. */
  burntDebt(amount: bigint, index: bigint): bigint;
  burntSupply(amount: bigint, index: bigint): bigint;
  /** Premium of a flash loan at `bps`. */
  flashFee(amount: bigint, bps: bigint): bigint;
  /** Whether a part of a flash loan's premium raises what suppliers have; from 3.4 on all of it is the treasury's. */
  premiumToSuppliers: boolean;
  /** Whether the average threshold is cut to whole bps before it is applied. */
  wholeBps: boolean;
  /** Whether collateral with a threshold of zero counts and can be seized. */
  zeroThreshold: boolean;
  /** Whether the sequencer sentinel can hold a liquidation back. */
  sentinel: boolean;
  /** Whether a reserve cannot be liquidated for some time after a pause. */
  gracePeriod: boolean;
  /** Whether accounts may owe at a stable rate, too. */
  stableDebt: boolean;
  /** One eMode for each reserve, maybe with a price of its own; or any number of reserves by bitmap. */
  eModes: 'category' | 'bitmap';
  /** Above the full-close health: half of a reserve's debt; or half of all that the account owes, with the rules on dust. */
  closeFactor: 'reserve' | 'account';
  /** Whether seized collateral is paid out of the Pool's own count of it: of none, of flagged, or of all reserves. */
  virtualAccounting: 'none' | 'flagged' | 'always';
};

/** A balance or debt of a scaled one, half up. */
const halfUp = (scaled: bigint, index: bigint): bigint => rayMul(scaled, index);

/** 3.0 (POOL_REVISION 1 to 3): everything half up, half of a reserve's debt at a time, a threshold of whole bps. */
const v30: Rules = {
  version: '3.0',
  debtFactor: binomialFactor,
  supplyBalance: halfUp,
  debtBalance: halfUp,
  debtValue: mulDivFloor,
  healthFactor: (weighted, collateral, debt) =>
    mulDivHalfUp(percentMul(collateral, collateral === 0n ? 0n : weighted / collateral), WAD, debt),
  withBonus: percentMul,
  // percentMul rounds half up: base·bonus + 5000 must stay below (collateral + 1)·10000.
  largestBase: (collateral, bonus) => divCeil((collateral + 1n) * PERCENT - PERCENT / 2n, bonus) - 1n,
  withoutBonus: percentDiv,
  protocolFee: (collateral, bonus, fee) => percentMul(collateral - percentDiv(collateral, bonus), fee),
  debtWorthLess: (base, price, unit) => divCeil(base * unit, price) - 1n,
  burntDebt: (amount, index) => mulDivHalfUp(amount, RAY, index),
  burntSupply: (amount, index) => mulDivHalfUp(amount, RAY, index),
  flashFee: percentMul,
  premiumToSuppliers: true,
  wholeBps: true,
  zeroThreshold: false,
  sentinel: true,
  gracePeriod: false,
  stableDebt: true,
  eModes: 'category',
  closeFactor: 'reserve',
  virtualAccounting: 'none',
};

/** 3.1 (4): a grace period after a pause; liquidity by the Pool's own books. */
const v31: Rules = { ...v30, version: '3.1', gracePeriod: true, virtualAccounting: 'flagged' };

/** 3.2 (5, 6): no stable debt; a reserve may be in several eModes, and they have no price of their own. */
const v32: Rules = { ...v31, version: '3.2', stableDebt: false, eModes: 'bitmap' };

/** 3.3 (7): half of all that an account owes at a time, and no dust left. */
const v33: Rules = { ...v32, version: '3.3', closeFactor: 'account' };

/** 3.4 (8): another compound interest. */
const v34: Rules = {
  ...v33,
  version: '3.4',
  debtFactor: compoundedFactor,
  premiumToSuppliers: false,
  virtualAccounting: 'always',
};

/** 3.5 (9): balances rounded against the account, health factor from the unrounded threshold. */
const v35: Rules = {
  ...v34,
  version: '3.5',
  supplyBalance: (scaled, index) => mulDivFloor(scaled, index, RAY),
  debtBalance: (scaled, index) => mulDivCeil(scaled, index, RAY),
  debtValue: mulDivCeil,
  healthFactor: (weighted, _collateral, debt) => mulDivHalfUp(weighted, WAD, debt) / PERCENT,
  withoutBonus: (value, bonus) => mulDivCeil(value, PERCENT, bonus),
  // Valued rounding up, so the largest amount worth at most base - 1.
  debtWorthLess: (base, price, unit) => mulDivFloor(base - 1n, unit, price),
  burntDebt: (amount, index) => mulDivFloor(amount, RAY, index),
  burntSupply: (amount, index) => mulDivCeil(amount, RAY, index),
  flashFee: (amount, bps) => mulDivCeil(amount, bps, PERCENT),
  wholeBps: false,
};

/** 3.6 (10): the threshold of a collateral no longer decides whether it counts. */
const v36: Rules = { ...v35, version: '3.6', zeroThreshold: true };

/** 3.7 (11): bonus rounded down, fee rounded up, no sentinel. */
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
  [1n, v30],
  [2n, v30],
  [3n, v30],
  [4n, v31],
  [5n, v32],
  [6n, v32],
  [7n, v33],
  [8n, v34],
  [9n, v35],
  [10n, v36],
  [11n, v37],
]);

/**
 * The rules of a Pool's `POOL_REVISION()`.
 * @throws when the revision is not evaluated exactly
 * @example
 * rulesOf(10n, pool).version; // '3.6'
 */
export function rulesOf(revision: bigint, pool: string): Rules {
  const rules = rulesByRevision.get(revision);
  if (rules) return rules;
  throw new Error(
    `Aave v3 revision ${revision} at ${pool} is not supported: this version of Plimsoll evaluates revisions 1 to 11 exactly`,
  );
}
