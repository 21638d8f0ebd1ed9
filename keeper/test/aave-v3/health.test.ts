import { describe, expect, test } from 'vitest';
import { createColumns } from '../../src/book/columns.ts';
import { createScreen } from '../../src/book/screen.ts';
import { indicesAt } from '../../src/protocols/aave-v3/health.ts';
import { binomialFactor, compoundedFactor, linearFactor } from '../../src/protocols/aave-v3/math.ts';
import { rulesOf } from '../../src/protocols/aave-v3/rules.ts';
import type { AaveState } from '../../src/protocols/aave-v3/state.ts';
import { key, now, reserve, type Scene, scene, viewWith } from './scene.ts';

const judge = (scenario: Scene, timestamp = now) => scenario.view(timestamp).health(key);
const factorOf = (scenario: Scene) => {
  const judged = judge(scenario);
  if ('error' in judged) throw new Error(judged.error);
  return judged.healthFactor;
};

describe('interest', () => {
  const rate = 52_340_000_000_000_000_000_000_000n;
  test.each([
    [12n, 1000000019916286347492089795n, 1087654342760800338199996149n],
    [3600n, 1000005974903694414837172356n, 1087660819728586811385038761n],
    [86400n, 1000143407542152540558738221n, 1087810298931665796197584434n],
  ])('debt compounds over %d s', (elapsed, factor, index) => {
    expect(compoundedFactor(rate, elapsed)).toBe(factor);
    const debtor = reserve({ variableBorrowRate: rate, variableBorrowIndex: 1087654321098765432109876543n });
    expect(indicesAt(rulesOf(10n, ''), debtor, now + elapsed).debt).toBe(index);
  });

  test.each([
    [12n, 1000000019916286330964653773n, 1087654342760800320223858943n],
    [3600n, 1000005974903689452134417688n, 1087660819728581413679943318n],
    [86400n, 1000143407541972068683304526n, 1087810298931469505182432178n],
  ])('debt compounded over %d s up to 3.3', (elapsed, factor, index) => {
    expect(binomialFactor(rate, elapsed)).toBe(factor);
    expect(binomialFactor(rate, 0n)).toBe(10n ** 27n);
    const debtor = reserve({ variableBorrowRate: rate, variableBorrowIndex: 1087654321098765432109876543n });
    const debtAt = (revision: bigint) => indicesAt(rulesOf(revision, ''), debtor, now + elapsed).debt;
    expect([1n, 2n, 3n, 4n, 5n, 6n, 7n].map(debtAt)).toEqual(Array(7).fill(index));
    expect(debtAt(8n)).not.toBe(index);
    expect(debtAt(8n)).toBe(debtAt(9n));
  });

  const saver = { liquidityRate: 31_230_000_000_000_000_000_000_000n, liquidityIndex: 1043210987654321098765432109n };
  test('supply grows by simple interest', () => {
    expect(linearFactor(saver.liquidityRate, 12n)).toBe(1000000011883561643835616438n);
    const { rules } = scene(10n, [], []).pool;
    expect(indicesAt(rules, reserve(saver), now + 12n).income).toBe(1043211000051383178082193111n);
    expect(indicesAt(rules, reserve(saver), now + 86400n).income).toBe(1043300246501292179444649765n);
  });

  test('an index stored half way gives another result', () => {
    const { rules } = scene(10n, [], []).pool;
    const liquidityIndex = indicesAt(rules, reserve(saver), now + 43200n).income;
    const half = reserve({ ...saver, liquidityIndex, lastUpdate: now + 43200n });
    expect(indicesAt(rules, half, now + 86400n).income).toBe(1043300248410575597873998814n);
  });
});

describe('health', () => {
  const mixed = (revision: bigint) =>
    scene(
      revision,
      [
        { price: 312345678901n, liquidationThreshold: 8300n, liquidityIndex: 1043210987654321098765432109n },
        {
          price: 9876543210123n,
          liquidationThreshold: 7800n,
          decimals: 8,
          liquidityIndex: 1012345678901234567890123456n,
        },
        { price: 99987654n, decimals: 6, variableBorrowIndex: 1087654321098765432109876543n },
      ],
      [{ supply: 4793456789012345678n }, { supply: 12345678n }, { debt: 17400123456n }],
    );

  test.each([9n, 10n, 11n])('rounds balances and debt value against the account (revision %d)', (revision) => {
    expect(judge(mixed(revision))).toEqual({
      healthFactor: 1193893558509364623n,
      underwater: false,
      collateralBase: 2796291231769n,
      debtBase: 1892298294506n,
    });
  });

  test.each([1n, 3n, 4n, 5n, 6n, 7n, 8n])('rounds balances half up, debt value down at revision %d', (revision) => {
    expect(judge(mixed(revision))).toEqual({
      healthFactor: 1193851821617244892n,
      underwater: false,
      collateralBase: 2796291330534n,
      debtBase: 1892298294505n,
    });
  });

  test.each([
    [7n, 999989645451487057n],
    [8n, 999989645451487057n],
    [9n, 1000010354549362838n],
    [10n, 1000010354549362838n],
  ])('truncates the average threshold to whole bps up to 3.4 (revision %d)', (revision, healthFactor) => {
    const scenario = scene(
      revision,
      [{ decimals: 8, liquidationThreshold: 8300n }, { decimals: 8, liquidationThreshold: 7800n }, { decimals: 8 }],
      [{ supply: 1561234567890n }, { supply: 1234999999999n }, { debt: 2259101299372n }],
    );
    expect(judge(scenario)).toMatchObject({ healthFactor, underwater: healthFactor < 10n ** 18n });
  });

  test('is underwater strictly below 1', () => {
    const at = (debt: bigint) =>
      judge(
        scene(
          10n,
          [{ decimals: 8, liquidationThreshold: 10000n }, { decimals: 8 }],
          [{ supply: 10n ** 18n }, { debt }],
        ),
      );
    expect(at(10n ** 18n)).toMatchObject({ healthFactor: 10n ** 18n, underwater: false });
    expect(at(10n ** 18n + 1n)).toMatchObject({ healthFactor: 10n ** 18n - 1n, underwater: true });
  });

  test('is without bound when nothing is owed', () => {
    const scenario = scene(10n, [{}], [{ supply: 5n * 10n ** 18n }]);
    expect(judge(scenario)).toEqual({
      healthFactor: 2n ** 256n - 1n,
      underwater: false,
      collateralBase: 5n * 10n ** 8n,
      debtBase: 0n,
    });
  });

  test('counts the least debt as one base unit', () => {
    const scenario = scene(10n, [{}, {}], [{ supply: 10n ** 18n }, { debt: 1n }]);
    expect(judge(scenario)).toMatchObject({ debtBase: 1n });
  });

  test('takes threshold from eMode for the collateral in its bitmap only', () => {
    const eModes = { 1: { liquidationThreshold: 9500n, liquidationBonus: 10100n, collateralBitmap: 0b01n } };
    const stakes = [{ supply: 1000n }, { supply: 1000n }, { debt: 1000n }];
    const reserves = [{ decimals: 8 }, { decimals: 8 }, { decimals: 8 }];
    expect(factorOf(scene(10n, reserves, stakes, { eMode: 1, eModes }))).toBe(1_750_000_000_000_000_000n);
    expect(factorOf(scene(10n, reserves, stakes, { eMode: 0, eModes }))).toBe(1_600_000_000_000_000_000n);
  });

  test.each([
    [9n, 0n],
    [10n, 700n],
  ])('collateral without a threshold at revision %d adds %d', (revision, collateralBase) => {
    const scenario = scene(
      revision,
      [{ decimals: 8, liquidationThreshold: 0n }, { decimals: 8 }],
      [{ supply: 700n }, { debt: 1n }],
    );
    expect(judge(scenario)).toMatchObject({ collateralBase, healthFactor: 0n, underwater: true });
  });
});

describe('up to 3.1', () => {
  const stakes = [{ supply: 1000n }, { debt: 500n }];
  const reserves = [{ decimals: 8 }, { decimals: 8 }];
  const eMode = (price: bigint) => ({
    1: {
      liquidationThreshold: 9000n,
      liquidationBonus: 10100n,
      collateralBitmap: 0b01n,
      price: { value: price * 10n ** 8n },
    },
  });

  test('an eMode with a price of its own values its reserves at that, for the accounts in it', () => {
    expect(judge(scene(3n, reserves, stakes, { eMode: 1, eModes: eMode(3n) }))).toMatchObject({
      collateralBase: 3000n,
      debtBase: 500n,
    });
    expect(judge(scene(3n, reserves, stakes, { eMode: 0, eModes: eMode(3n) }))).toMatchObject({
      collateralBase: 1000n,
    });
    expect(judge(scene(3n, reserves, stakes, { eMode: 1, eModes: eMode(0n) }))).toMatchObject({
      collateralBase: 1000n,
    });
  });

  test('a price of an eMode that fails sets all of its accounts aside, and no other', () => {
    const eModes = { 1: { ...eMode(1n)[1], price: { error: 'no price for eMode 1' } } };
    const only = [{ decimals: 8 }, { decimals: 8 }];
    expect(judge(scene(3n, only, [{}, { debt: 1n }], { eMode: 1, eModes }))).toEqual({ error: 'no price for eMode 1' });
    expect(judge(scene(3n, only, [{}, { debt: 1n }], { eMode: 0, eModes }))).toMatchObject({ debtBase: 1n });
  });

  test('debt at a stable rate grows at its own pace from when it was written, and counts beside the variable one', () => {
    const scenario = scene(3n, [{ decimals: 8 }, { decimals: 8 }], [{ supply: 10n ** 12n }, { debt: 7n }]);
    const [rate, lastUpdate] = [52_340_000_000_000_000_000_000_000n, now - 43_200n];
    const stable = [10n ** 11n, rate, lastUpdate].map((amount, part) => ({ slot: 256 + 3 + part, amount }));
    const account = { ...scenario.account, cells: [...scenario.account.cells, ...stable] };
    // A day after it was written; the factor is that of the worked example, rounded half up.
    expect(viewWith(scenario, [account], now + 43_200n).health(key)).toMatchObject({ debtBase: 100_014_340_754n + 7n });
  });

  test('whoever owes at a stable rate is a candidate at any health', () => {
    const { account, view } = scene(3n, [{ decimals: 8 }, { decimals: 8 }], [{ supply: 10n ** 20n }, { debt: 7n }]);
    const columns = createColumns();
    const screen = createScreen(columns);
    columns.upsert(account);
    expect(screen.suspects(view().coefficients)).toHaveLength(0);
    columns.upsert({ ...account, cells: [...account.cells, { slot: 259, amount: 1n }] });
    expect(screen.suspects(view().coefficients)).toHaveLength(1);
  });
});

describe('set aside', () => {
  test('an account whose price failed, with the reason, even where its balance is zero; the next one is judged', () => {
    const reserves = [{ decimals: 8 }, { decimals: 8, price: 'no price for R1: FeedIsBroken()' }, { decimals: 8 }];
    const held = scene(10n, reserves, [{ supply: 10n }, { supply: 0n }, { debt: 1n }]);
    expect(judge(held)).toEqual({ error: 'no price for R1: FeedIsBroken()' });
    expect(held.view().deals([key])).toEqual([]);
    expect(judge(scene(10n, reserves, [{ supply: 10n }, {}, { debt: 1n }]))).toMatchObject({
      healthFactor: 8n * 10n ** 18n,
    });
  });

  test('an account in a category or reserve that is newer than the market', () => {
    const scenario = scene(10n, [{}], [{ supply: 1n }]);
    const { account } = scenario;
    expect(viewWith(scenario, [{ ...account, group: 7 }]).health(key)).toEqual({
      error: 'is in eMode 7, created after the market was opened',
    });
    expect(viewWith(scenario, [{ ...account, cells: [{ slot: 2, amount: 0n }] }]).health(key)).toEqual({
      error: 'uses reserve 1, listed after the market was opened',
    });
  });

  test.each([4n, 6n, 7n])('whoever owes a reserve outside virtual accounting at revision %d', (revision) => {
    const reserves = [{ decimals: 8 }, { decimals: 8, virtualAccounting: false }];
    expect(judge(scene(revision, reserves, [{ supply: 9n }, { debt: 1n }]))).toEqual({
      error: 'owes reserve 1, which is outside virtual accounting: its debt may carry a discount',
    });
    expect(judge(scene(revision, reserves, [{ debt: 1n }, { supply: 9n }]))).toMatchObject({ debtBase: 1n });
    expect(judge(scene(8n, reserves, [{ supply: 9n }, { debt: 1n }]))).toMatchObject({ debtBase: 1n });
  });

  test('an account that is not tracked', () => {
    const { view } = scene(10n, [{}], [{ supply: 1n }]);
    const stranger = '0x00000000000000000000000000000000000000ff';
    expect(view().health(stranger)).toEqual({ error: 'is not tracked' });
    expect(view().deals([stranger])).toEqual([]);
  });

  test('nobody for a reserve that was dropped: the Pool skips it', () => {
    const { market, state, account } = scene(
      10n,
      [{ decimals: 8 }, { decimals: 8 }],
      [{ supply: 10n, debt: 4n }, { supply: 90n }],
    );
    const dropped: AaveState = { ...state, reserves: [state.reserves[0], undefined] };
    expect(viewWith({ market, state: dropped }, [account]).health(key)).toMatchObject({ collateralBase: 10n });
  });
});
