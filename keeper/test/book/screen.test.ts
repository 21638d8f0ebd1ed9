import { describe, expect, test } from 'vitest';
import { type Columns, createColumns } from '../../src/book/columns.ts';
import { createScreen } from '../../src/book/screen.ts';
import { coefficients } from '../../src/protocols/aave-v3/coefficients.ts';
import { health as healthOf, indicesAt } from '../../src/protocols/aave-v3/health.ts';
import { eModeOf, priceIn } from '../../src/protocols/aave-v3/prices.ts';
import type { Account, Coefficients } from '../../src/protocols/protocol.ts';
import { now, type Scene } from '../aave-v3/scene.ts';
import { inventAccount, inventMarket, type Worth } from './aave-market.ts';
import { random } from './random.ts';

/** Accounts in all; `pnpm test:long` tries 1,000,000. */
const CASES = process.env.LONG === 'true' ? 1_000_000 : 100_000;
const REVISIONS = [3n, 7n, 8n, 9n, 10n, 11n];
const EACH = Math.ceil(CASES / REVISIONS.length);
const PER_MARKET = 500;
const AHEAD = now + 12n;

const suspectsOf = (columns: Columns, coefficients: Coefficients): Set<string> =>
  new Set(Array.from(createScreen(columns).suspects(coefficients), (row) => columns.addressAt(row)));

function worthIn({ pool, state }: Scene): Worth {
  const indices = state.reserves.map((reserve) => indicesAt(pool.rules, reserve!, AHEAD));
  return (slot, group) => {
    const id = slot >> 1;
    const reserve = state.reserves[id]!;
    const price = priceIn(state.eModes.get(group), reserve, id);
    if ('error' in price) throw new Error(price.error);
    const denominator = 10n ** BigInt(reserve.decimals + 27 + 4);
    const counts = pool.rules.zeroThreshold || reserve.liquidationThreshold !== 0n;
    const threshold = counts ? (eModeOf(state.eModes.get(group), id) ?? reserve).liquidationThreshold : 0n;
    return slot % 2 === 0
      ? { numerator: price.value * indices[id]!.debt * 10_000n, denominator }
      : { numerator: price.value * indices[id]!.income * threshold, denominator };
  };
}

describe.each(REVISIONS)('the screen at Pool revision %d', (revision) => {
  test(`leaves out nobody who is under water, of ${EACH} accounts at the line`, () => {
    const rng = random(Number(revision));
    const seen = { accounts: 0, underwater: 0, candidates: 0, safe: 0 };
    for (let market = 0; seen.accounts < EACH; market++) {
      const extreme = market % 2 === 1;
      const world = inventMarket(rng, revision, extreme);
      const worth = worthIn(world);
      const columns = createColumns();
      const accounts = Array.from({ length: PER_MARKET }, () =>
        inventAccount(rng, world.pool.reserves.length, worth, extreme),
      );
      for (const account of accounts) columns.upsert(account);
      const suspects = suspectsOf(columns, coefficients(world.pool, world.state, AHEAD));
      for (const account of accounts) {
        const health = healthOf(world.pool, world.state, account, AHEAD);
        const missed = ('error' in health || health.underwater) && !suspects.has(account.address);
        if (missed)
          throw new Error(`missed ${JSON.stringify(account, (_, v) => (typeof v === 'bigint' ? `${v}` : v))}`);
        seen.accounts++;
        if (suspects.has(account.address)) seen.candidates++;
        if ('error' in health || health.underwater) seen.underwater++;
        else if (!suspects.has(account.address)) seen.safe++;
      }
    }
    // Neither are all of them under water, nor all of them suspects.
    expect(seen.underwater).toBeGreaterThan(seen.accounts / 5);
    expect(seen.safe).toBeGreaterThan(seen.accounts / 40);
  }, 600_000);
});

const table = (values: number[], slots = values.length, rounding = 1): Coefficients => ({
  groups: values.length / slots,
  slots,
  values: Float64Array.from(values),
  rounding,
});
const account = (index: number, amounts: readonly (bigint | undefined)[], group = 0): Account => ({
  address: `0x${index.toString(16).padStart(40, '0')}`,
  group,
  cells: amounts.flatMap((amount, slot) => (amount === undefined ? [] : [{ slot, amount }])),
});
const bookOf = (...accounts: Account[]): Columns => {
  const columns = createColumns();
  for (const each of accounts) columns.upsert(each);
  return columns;
};
const found = (columns: Columns, coefficients: Coefficients) =>
  [...suspectsOf(columns, coefficients)].map((address) => Number(address)).sort((a, b) => a - b);

describe('candidates', () => {
  test('are those within the bound of the line, for rows of every length', () => {
    for (const length of [1, 2, 3, 4, 5, 8, 9, 16, 33]) {
      // All cells but the first are collateral of 1000 each.
      const amounts = (debt: bigint) => Array.from({ length }, (_, slot) => (slot === 0 ? debt : 1000n));
      const even = BigInt(1000 * (length - 1));
      const columns = bookOf(account(1, amounts(even + 1n)), account(2, amounts(even)), account(3, amounts(even / 2n)));
      const coefficients = table(Array.from({ length }, (_, slot) => (slot === 0 ? -1 : 1)));
      expect(found(columns, coefficients)).toEqual(length === 1 ? [1, 2, 3] : [1, 2]);
    }
  });

  test('are those whose sum is no number: a price that failed, a group or slot nobody knows, infinite amounts', () => {
    const columns = bookOf(
      account(1, [1000n]),
      account(2, [undefined, 1000n]),
      account(3, [1000n], 1),
      account(4, [undefined, undefined, 1000n]),
      account(5, [undefined, undefined, undefined, 2n ** 255n]),
    );
    expect(found(columns, table([1, Number.NaN, 1, 1e300]))).toEqual([2, 3, 5]);
    expect(found(columns, table([1, 1]))).toEqual([3, 4, 5]);
  });

  test('are those with a cell of a kind that came after there were no more numbers', () => {
    const cellOf = (slot: number, group = 0): Account => ({
      ...account(65_536 * group + slot, [], group),
      cells: [{ slot, amount: 1000n }],
    });
    const columns = createColumns();
    for (let slot = 0; slot < 65_535; slot++) columns.upsert(cellOf(slot));
    columns.upsert(cellOf(7, 1));
    const coefficients = table(
      Array.from({ length: 2 * 65_535 }, () => 1),
      65_535,
    );
    expect(columns.kinds.size).toBe(65_535);
    expect(found(columns, coefficients)).toEqual([65_534, 65_536 + 7]);
    expect(columns.get(cellOf(7, 1).address)).toEqual(cellOf(7, 1));
  });

  test('of two books in turn are each its own', () => {
    const [first, second] = [bookOf(account(1, [1000n, 900n])), bookOf(account(2, [undefined, 1000n, 900n]))];
    const [ours, theirs] = [createScreen(first), createScreen(second)];
    for (let turn = 0; turn < 2; turn++) {
      expect(ours.suspects(table([0.8, -1])).length).toBe(1);
      expect(theirs.suspects(table([-5, 1, -1])).length).toBe(0);
    }
  });

  test('are not those who have no cells', () => {
    expect(found(bookOf(account(1, [])), table([1]))).toEqual([]);
  });

  test('come by group', () => {
    const columns = bookOf(account(1, [1000n, 900n], 0), account(2, [1000n, 900n], 1));
    expect(found(columns, table([0.8, -1, 0.95, -1], 2))).toEqual([1]);
  });

  test('follow the columns as they change', () => {
    const columns = bookOf(account(1, [1000n, 900n]), account(2, [1000n, 900n]), account(3, [1000n, 100n]));
    const screen = createScreen(columns);
    const names = () => Array.from(screen.suspects(table([0.8, -1])), (row) => Number(columns.addressAt(row)));
    expect(names()).toEqual([1, 2]);
    columns.remove(account(1, []).address);
    expect(names()).toEqual([2]);
    columns.upsert(account(3, [1000n, 801n]));
    columns.upsert(account(2, [1000n, 1n, 5n]));
    // Account 2 has a slot without a coefficient now.
    expect(names().sort()).toEqual([2, 3]);
  });
});

describe('nearest', () => {
  test('is by slack, (C - D) / (C + D), among those with debt', () => {
    const columns = bookOf(
      account(1, [300n, 100n]),
      account(2, [300n, 200n]),
      account(3, [300n]),
      account(4, [300n, 300n]),
      account(5, []),
      account(6, [100n, 300n]),
    );
    const screen = createScreen(columns);
    screen.suspects(table([1, -1]));
    const named = (count: number) => screen.nearest(count).map(({ address, slack }) => [Number(address), slack]);
    expect(named(10)).toEqual([
      [6, -0.5],
      [4, 0],
      [2, 0.2],
      [1, 0.5],
    ]);
    expect(named(2)).toEqual([
      [6, -0.5],
      [4, 0],
    ]);
    expect(named(0)).toEqual([]);
  });

  test('is as of the last pass: those that came since are not in it, those that changed stay where they were', () => {
    const columns = bookOf(account(1, [300n, 200n]), account(2, [300n, 100n]), account(3, [300n, 300n]));
    const screen = createScreen(columns);
    screen.suspects(table([1, -1, 1]));
    columns.remove(account(3, []).address);
    columns.upsert(account(4, [300n, 300n]));
    columns.upsert(account(1, [300n, 0n]));
    columns.upsert(account(2, [300n, 100n, 900n]));
    const named = () => screen.nearest(10).map(({ address, slack }) => [Number(address), slack]);
    expect(named()).toEqual([
      [1, 0.2],
      [2, 0.5],
    ]);
    screen.suspects(table([1, -1, 1]));
    expect(named()).toEqual([
      [4, 0],
      [2, 1100 / 1300],
    ]);
  });

  test('equals sorting everything', () => {
    const rng = random(11);
    const columns = createColumns();
    const all: { address: string; slack: number }[] = [];
    for (let index = 0; index < 20_000; index++) {
      const [collateral, debt] = [1 + rng.below(1e6), 1 + rng.below(1e6)];
      const each = account(index, [BigInt(collateral), BigInt(debt)]);
      columns.upsert(each);
      all.push({ address: each.address, slack: (collateral - debt) / (collateral + debt) });
    }
    const screen = createScreen(columns);
    screen.suspects(table([1, -1]));
    const slacks = all.map(({ slack }) => slack).sort((a, b) => a - b);
    const nearest = screen.nearest(500);
    expect(nearest.map(({ slack }) => slack)).toEqual(slacks.slice(0, 500));
    const byAddress = new Map(all.map(({ address, slack }) => [address, slack]));
    for (const { address, slack } of nearest) expect(byAddress.get(address)).toBe(slack);
  });
});
