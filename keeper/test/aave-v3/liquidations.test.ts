import { describe, expect, test } from 'vitest';
import type { Liquidation } from '../../src/protocols/aave-v3/liquidations.ts';
import { asset, borrower, key, now, type ReserveChange, type Scene, type Stake, scene } from './scene.ts';

const MAX = 2n ** 256n - 1n;
const USD = 10n ** 8n;
const RATE = 10n ** 26n;
const liquidationsOf = ({ view }: Scene, timestamp = now) =>
  view(timestamp)
    .deals([key])
    .map(({ detail }) => detail as Liquidation);

/** Reserve 0 is ether at $3,000, reserve 1 dollars; health 0.97 unless changed. */
const ether: ReserveChange = { price: 3000n * USD, liquidationThreshold: 8245n };
const dollars: ReserveChange = { decimals: 6, liquidationThreshold: 7500n };
const stakes: Stake[] = [{ supply: 2n * 10n ** 18n }, { debt: 5100_000000n }];
const basic = (
  change: { ether?: ReserveChange; dollars?: ReserveChange } = {},
  more: Parameters<typeof scene>[3] = {},
) =>
  scene(
    11n,
    [
      { ...ether, ...change.ether },
      { ...dollars, ...change.dollars },
    ],
    stakes,
    more,
  );

describe('liquidations', () => {
  test('half the position at a health factor of 0.97', () => {
    expect(liquidationsOf(basic())).toEqual([
      {
        account: borrower,
        debtAsset: asset(1),
        collateralAsset: asset(0),
        repay: 2550_000000n,
        argument: 2550_000000n,
        funding: 2550_000000n,
        seized: 888250000000000000n,
        fee: 4250000000000000n,
        closesDebt: false,
        closesCollateral: false,
      },
    ]);
  });

  test('the whole debt at 0.95 and below, one unit above it half', () => {
    // 2 ether at $3,000 and 80.75 % carry $4,845; debt of $5,100 makes exactly 0.95.
    expect(liquidationsOf(basic({ ether: { liquidationThreshold: 8075n } }))).toMatchObject([
      { repay: 5100_000000n, closesDebt: true },
    ]);
    expect(liquidationsOf(basic({ ether: { liquidationThreshold: 8076n } }))).toMatchObject([
      { repay: 2550_000000n, closesDebt: false },
    ]);
  });

  test('the whole debt when it is under $2,000', () => {
    const small = scene(10n, [ether, dollars], [{ supply: 8n * 10n ** 17n }, { debt: 1999_999999n }]);
    expect(liquidationsOf(small)).toMatchObject([{ repay: 1999_999999n, argument: MAX, closesDebt: true }]);
  });

  test('exact and with a margin where half would leave dust', () => {
    const dusty = scene(
      11n,
      [{ ...ether, liquidationThreshold: 6790n }, dollars, { decimals: 6 }],
      [{ supply: 10n ** 18n }, { debt: 2000_000000n }, { debt: 100_000000n }],
    );
    expect(liquidationsOf(dusty)).toMatchObject([
      { debtAsset: asset(1), repay: 999_000000n, argument: 999_000000n, funding: 999_000000n, closesDebt: false },
      { debtAsset: asset(2), repay: 100_000000n, argument: MAX, closesDebt: true },
    ]);
  });

  test('a minute of interest in hand where the maximum is asked for', () => {
    const accruing = scene(
      10n,
      [ether, { ...dollars, variableBorrowRate: RATE }],
      [{ supply: 8n * 10n ** 17n }, { debt: 1999_000000n }],
    );
    const [liquidation] = liquidationsOf(accruing);
    const [later] = liquidationsOf(accruing, now + 60n);
    expect(liquidation!.repay).toBe(1999_000000n);
    expect(later!.repay).toBe(1999_000381n);
    expect(liquidation!.funding).toBe(later!.repay);
  });

  test('every pair of debt and collateral, one asset with itself included', () => {
    const found = liquidationsOf(
      scene(
        10n,
        [ether, dollars],
        [
          { supply: 10n ** 18n, debt: 10n ** 18n },
          { supply: 100_000000n, debt: 10_000000n },
        ],
      ),
    );
    expect(found.map(({ debtAsset, collateralAsset }) => [debtAsset, collateralAsset])).toEqual([
      [asset(0), asset(0)],
      [asset(0), asset(1)],
      [asset(1), asset(0)],
      [asset(1), asset(1)],
    ]);
  });

  test('the bonus of the eMode whose bitmap holds the collateral, whatever is borrowed', () => {
    const eModes = { 1: { liquidationThreshold: 8245n, liquidationBonus: 10100n, collateralBitmap: 0b01n } };
    const [inside] = liquidationsOf(basic({}, { eMode: 1, eModes }));
    const [outside] = liquidationsOf(basic({}, { eMode: 0, eModes }));
    // 2,550 dollars are 0.85 ether; the treasury has a tenth of the bonus.
    expect(inside!.seized + inside!.fee).toBe(858500000000000000n);
    expect(outside!.seized + outside!.fee).toBe(892500000000000000n);
  });

  test('a partial liquidation where the reserve cannot pay more out', () => {
    const [liquidation] = liquidationsOf(basic({ ether: { liquidity: 3n * 10n ** 17n } }));
    expect(liquidation!.seized).toBeLessThanOrEqual(3n * 10n ** 17n);
    expect(liquidation!.seized).toBeGreaterThan(299n * 10n ** 15n);
    expect(liquidation!.argument).toBe(liquidation!.repay);
  });
});

describe('liquidations up to 3.2', () => {
  test('half of the debt above 0.95 whatever its size, all of it at 0.95', () => {
    const at = (liquidationThreshold: bigint) =>
      liquidationsOf(
        scene(6n, [{ ...ether, liquidationThreshold }, dollars], [{ supply: 10n ** 17n }, { debt: 255_000000n }]),
      );
    expect(at(8200n)).toMatchObject([{ repay: 127_500000n, argument: 127_500000n, closesDebt: false }]);
    expect(at(8075n)).toMatchObject([{ repay: 255_000000n, argument: MAX, closesDebt: true }]);
  });

  test('value the debt of an eMode with a price of its own at that, though the debt has left the category', () => {
    const eModes = {
      1: { liquidationThreshold: 100n, liquidationBonus: 10100n, collateralBitmap: 0b01n, price: { value: 2n * USD } },
    };
    const inside = scene(3n, [{ decimals: 6 }, { decimals: 6 }], [{ supply: 1000_000000n }, { debt: 100_000000n }], {
      eMode: 1,
      eModes,
    });
    // Health counts the debt at 1 dollar; the call takes collateral of the same number of tokens, and 1 %.
    const [liquidation] = liquidationsOf(inside);
    expect(liquidation).toMatchObject({ repay: 100_000000n, closesDebt: true });
    expect(liquidation!.seized + liquidation!.fee).toBe(101_000000n);
    expect(inside.view().health(key)).toMatchObject({
      collateralBase: 2000n * USD,
      debtBase: 100n * USD,
    });
  });
});

describe('no liquidation', () => {
  test.each<[string, Parameters<typeof basic>[0]]>([
    ['above the line', { ether: { liquidationThreshold: 8500n } }],
    ['collateral paused', { ether: { paused: true } }],
    ['debt paused', { dollars: { paused: true } }],
    ['collateral inactive', { ether: { active: false } }],
    ['debt inactive', { dollars: { active: false } }],
    ['collateral in its grace period', { ether: { gracePeriodUntil: now } }],
    ['debt in its grace period', { dollars: { gracePeriodUntil: now } }],
    ['no liquidity', { ether: { liquidity: 0n } }],
    ['no bonus configured', { ether: { liquidationBonus: 0n } }],
    ['no price', { dollars: { price: 'no price' } }],
  ])('%s', (_, change) => {
    expect(liquidationsOf(basic(change))).toEqual([]);
    expect(liquidationsOf(basic())).toHaveLength(1);
  });

  test('until the second after the grace period', () => {
    expect(liquidationsOf(basic({ ether: { gracePeriodUntil: now } }), now + 1n)).toHaveLength(1);
  });

  test('while the sequencer sentinel holds back, except under 0.95', () => {
    expect(liquidationsOf(basic({}, { liquidationAllowed: false }))).toEqual([]);
    const at = (liquidationThreshold: bigint) =>
      liquidationsOf(basic({ ether: { liquidationThreshold } }, { liquidationAllowed: false }));
    expect(at(8075n)).toEqual([]);
    expect(at(8074n)).toHaveLength(1);
  });

  test('for supply that is not flagged as collateral, and debt that is gone', () => {
    const flags = scene(
      10n,
      [ether, dollars],
      [
        { supply: 10n ** 17n, debt: 10n ** 18n },
        { supply: 0n, debt: 0n },
      ],
    );
    expect(liquidationsOf(flags).map(({ debtAsset, collateralAsset }) => [debtAsset, collateralAsset])).toEqual([
      [asset(0), asset(0)],
    ]);
  });

  test('for a collateral without a threshold up to 3.5; from 3.6 on it can be seized', () => {
    const at = (revision: bigint) =>
      liquidationsOf(scene(revision, [{ ...ether, liquidationThreshold: 0n }, dollars], stakes)).length;
    expect([at(9n), at(10n), at(11n)]).toEqual([0, 1, 1]);
  });
});
