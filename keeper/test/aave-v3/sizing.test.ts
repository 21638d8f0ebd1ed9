import { describe, expect, test } from 'vitest';
import { rulesOf } from '../../src/protocols/aave-v3/rules.ts';
import { largestPartial, largestRepay, type Pair, quote, size } from '../../src/protocols/aave-v3/sizing.ts';

const MAX = 2n ** 256n - 1n;
const PLENTY = 2n ** 127n;
const USD = 10n ** 8n;
const thresholds = { fullCloseHealth: 95n * 10n ** 16n, fullCloseBase: 2000n * USD, minLeftoverBase: 1000n * USD };

/**
 * `liquidationCall` for amounts, stated once more from the contract's text and sharing nothing with the code under test.
 * `undefined` where the contract reverts.
 */
function liquidationCall(version: number, p: Pair, debtToCover: bigint, liquidity: bigint) {
  const half = (v: bigint, bps: bigint) => (v * bps + 5000n) / 10000n;
  const ceil = (v: bigint, by: bigint) => (v % by === 0n ? v / by : v / by + 1n);
  const valued = (debt: bigint) =>
    version >= 3.5 ? ceil(debt * p.debtPrice, p.debtUnit) : (debt * p.debtPrice) / p.debtUnit;
  const debtInBase = valued(p.debt);
  const collateralInBase = (p.collateral * p.collateralPrice) / p.collateralUnit;
  let allowed = p.debt;
  if (version < 3.3) {
    if (p.healthFactor > 95n * 10n ** 16n) allowed = half(p.debt, 5000n);
  } else if (collateralInBase >= 2000n * USD && debtInBase >= 2000n * USD && p.healthFactor > 95n * 10n ** 16n) {
    const closeable = half(p.totalDebtBase, 5000n);
    if (debtInBase > closeable) allowed = (closeable * p.debtUnit) / p.debtPrice;
  }
  let debt = debtToCover > allowed ? allowed : debtToCover;
  const base = (p.debtPrice * debt * p.collateralUnit) / (p.collateralPrice * p.debtUnit);
  let collateral = version >= 3.7 ? (base * p.bonus) / 10000n : half(base, p.bonus);
  if (collateral > p.collateral) {
    collateral = p.collateral;
    const worth = (p.collateralPrice * collateral * p.debtUnit) / (p.debtPrice * p.collateralUnit);
    debt = version >= 3.5 ? ceil(worth * 10000n, p.bonus) : (worth * 10000n + p.bonus / 2n) / p.bonus;
  }
  let fee = 0n;
  if (p.protocolFee !== 0n) {
    fee =
      version >= 3.7
        ? ceil((collateral - (collateral * 10000n) / p.bonus) * p.protocolFee, 10000n)
        : half(collateral - (collateral * 10000n + p.bonus / 2n) / p.bonus, p.protocolFee);
  }
  const out = collateral - fee;
  if (version >= 3.3 && debt < p.debt && out + fee < p.collateral) {
    if (valued(p.debt - debt) < 1000n * USD) return undefined;
    if (((p.collateral - out - fee) * p.collateralPrice) / p.collateralUnit < 1000n * USD) return undefined;
  }
  const burnt = debt * 10n ** 27n + (version >= 3.5 ? 0n : p.debtIndex / 2n);
  if (burnt / p.debtIndex === 0n || out === 0n || out > liquidity) return undefined;
  return { repay: debt, seized: out, fee };
}

/** A deterministic stream of numbers in [0, 1). */
function stream(seed: number) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Pairs around the $1,000 and $2,000 lines, where the rules change. */
function randomPair(next: () => number): Pair {
  const among = <T>(values: readonly T[]) => values[Math.floor(next() * values.length)]!;
  const units = (value: number, decimals: number) =>
    (BigInt(Math.floor(value * 1e6)) * 10n ** BigInt(decimals)) / 1_000_000n;
  const [debtDecimals, collateralDecimals] = [among([6, 8, 18]), among([6, 8, 18])];
  const [debtPrice, collateralPrice] = [
    among([0.02, 0.99987654, 1, 2987.65432101, 98765.4321]),
    among([0.02, 1, 3000, 98765.4321]),
  ];
  const debtValue = 600 + 10 ** (1 + 3 * next());
  const collateralValue = debtValue * (0.6 + 1.2 * next());
  const otherDebt = next() < 0.5 ? 0 : 3000 * next();
  const odd = () => BigInt(Math.floor(next() * 1000));
  const debt = units(debtValue / debtPrice, debtDecimals) + odd();
  const debtPriceBase = BigInt(Math.round(debtPrice * 1e8));
  const debtBase = (debt * debtPriceBase) / 10n ** BigInt(debtDecimals) + 1n;
  return {
    debt,
    variableDebt: debt,
    debtPrice: debtPriceBase,
    debtUnit: 10n ** BigInt(debtDecimals),
    debtIndex: 10n ** 27n + BigInt(Math.floor(next() * 1e15)) * 10n ** 11n,
    collateral: units(collateralValue / collateralPrice, collateralDecimals) + odd(),
    collateralPrice: BigInt(Math.round(collateralPrice * 1e8)),
    collateralUnit: 10n ** BigInt(collateralDecimals),
    collateralIndex: 10n ** 27n,
    bonus: 10050n + BigInt(Math.floor(next() * 1500)),
    protocolFee: among([0n, 1000n, 1500n, 2000n]),
    totalDebtBase: debtBase + BigInt(Math.floor(otherDebt * 1e8)),
    healthFactor: among([90n, 95n, 96n, 99n]) * 10n ** 16n,
  };
}

const amounts = ({ repay, seized, fee }: { repay: bigint; seized: bigint; fee: bigint }) => ({ repay, seized, fee });

describe.each([
  [3.0, 3n],
  [3.2, 6n],
  [3.3, 7n],
  [3.4, 8n],
  [3.5, 9n],
  [3.6, 10n],
  [3.7, 11n],
] as const)('sizing under %d', (version, revision) => {
  const dust = version >= 3.3;
  const rules = rulesOf(revision, '');
  const CASES = 10_000;

  test(`agrees with the contract on what is legal and largest (${CASES} cases)`, () => {
    const next = stream(Number(revision));
    const seen = { maximum: 0, closesDebt: 0, closesCollateral: 0, half: 0, partial: 0, refusedAbove: 0 };
    for (let i = 0; i < CASES; i++) {
      const pair = randomPair(next);
      const sized = size(rules, thresholds, pair, PLENTY);
      const most = largestPartial(rules, thresholds, pair);
      const limit = largestRepay(rules, thresholds, pair);
      if (!sized) throw new Error(`nothing legal for ${Object.values(pair)}`);
      expect(liquidationCall(version, pair, sized.argument, PLENTY)).toEqual(amounts(sized));
      if (sized.argument === MAX) {
        seen.maximum++;
        seen[sized.repay === pair.debt ? 'closesDebt' : 'closesCollateral']++;
        if (sized.repay !== pair.debt) expect(sized.taken).toBe(pair.collateral);
      } else if (sized.repay === limit) {
        seen.half++;
      } else {
        seen.partial++;
        expect(dust).toBe(true);
        expect(sized.repay).toBe(most - (most + 999n) / 1000n);
      }
      // The bound itself: it is accepted, and one unit more is refused unless that is clamped or closes a side.
      if (dust && most > 0n && most < limit && quote(rules, pair, most).seized > 0n) {
        expect(liquidationCall(version, pair, most, PLENTY)).toEqual(amounts(quote(rules, pair, most)));
        const above = quote(rules, pair, most + 1n);
        if (above.repay < pair.debt && above.taken < pair.collateral) {
          expect(liquidationCall(version, pair, most + 1n, PLENTY)).toBeUndefined();
          seen.refusedAbove++;
        }
      }
    }
    const { partial, refusedAbove, ...always } = seen;
    for (const count of Object.values(dust ? seen : always)) expect(count).toBeGreaterThan(100);
    // Up to 3.2 whatever may be repaid leaves no dust to mind.
    if (!dust) expect([partial, refusedAbove]).toEqual([0, 0]);
  });

  test('takes no more than the reserve can pay out, and nearly all of that', () => {
    const next = stream(77 + Number(revision));
    let limited = 0;
    for (let i = 0; i < 3000; i++) {
      const pair = randomPair(next);
      const free = size(rules, thresholds, pair, PLENTY)!;
      const liquidity = (free.seized * BigInt(Math.floor(next() * 1000))) / 1000n;
      const sized = size(rules, thresholds, pair, liquidity);
      if (!sized) continue;
      expect(liquidationCall(version, pair, sized.argument, liquidity)).toEqual(amounts(sized));
      expect(liquidationCall(version, pair, MAX, liquidity)?.seized ?? 0n).toBeLessThanOrEqual(sized.seized);
      // Two margins of 1/1000, or what the dust rule leaves.
      const most = dust ? largestPartial(rules, thresholds, pair) : largestRepay(rules, thresholds, pair);
      if (sized.repay < ((most - (most + 999n) / 1000n) * 99n) / 100n) {
        expect(quote(rules, pair, (sized.repay * 1002n) / 1000n + 2n).seized).toBeGreaterThan(liquidity);
        limited++;
      }
    }
    expect(limited).toBeGreaterThan(500);
  });
});

describe('worked cases of 3.7', () => {
  const rules = rulesOf(11n, '');
  const weth = {
    collateralPrice: 3000n * USD,
    collateralUnit: 10n ** 18n,
    bonus: 10500n,
    protocolFee: 1000n,
    collateralIndex: 10n ** 27n,
  };
  const usdc = { debtPrice: USD, debtUnit: 10n ** 6n, debtIndex: 10n ** 27n };

  test('half of the position', () => {
    const pair = {
      ...weth,
      ...usdc,
      debt: 5100_000000n,
      variableDebt: 5100_000000n,
      collateral: 2n * 10n ** 18n,
      totalDebtBase: 5100n * USD,
      healthFactor: 97n * 10n ** 16n,
    };
    expect(size(rules, thresholds, pair, PLENTY)).toEqual({
      repay: 2550_000000n,
      taken: 892500000000000000n,
      fee: 4250000000000000n,
      seized: 888250000000000000n,
      argument: 2550_000000n,
    });
  });

  test('half of the position would leave dust', () => {
    const pair = {
      ...weth,
      ...usdc,
      debt: 2000_000000n,
      variableDebt: 2000_000000n,
      collateral: 10n ** 18n,
      totalDebtBase: 2100n * USD,
      healthFactor: 97n * 10n ** 16n,
    };
    expect(largestRepay(rules, thresholds, pair)).toBe(1050_000000n);
    expect(largestPartial(rules, thresholds, pair)).toBe(1000_000000n);
    expect(quote(rules, pair, 1000_000000n)).toEqual({
      repay: 1000_000000n,
      taken: 349999999999999999n,
      fee: 1666666666666667n,
      seized: 348333333333333332n,
    });
    expect(size(rules, thresholds, pair, PLENTY)).toMatchObject({ repay: 999_000000n, argument: 999_000000n });
  });

  test('all of the collateral', () => {
    const pair = {
      debt: 3210987654n,
      variableDebt: 3210987654n,
      collateralIndex: 10n ** 27n,
      debtPrice: 99990123n,
      debtUnit: 10n ** 6n,
      debtIndex: 10n ** 27n,
      collateral: 1234567890123456789n,
      collateralPrice: 198765432101n,
      collateralUnit: 10n ** 18n,
      bonus: 10750n,
      protocolFee: 1000n,
      totalDebtBase: 321067049n * 1000n,
      healthFactor: 93n * 10n ** 16n,
    };
    expect(size(rules, thresholds, pair, PLENTY)).toEqual({
      repay: 2282917764n,
      taken: 1234567890123456789n,
      fee: 8613264349698536n,
      seized: 1225954625773758253n,
      argument: MAX,
    });
  });
});
