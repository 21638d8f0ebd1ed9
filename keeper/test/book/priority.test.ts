import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import { createBook } from '../../src/book/book.ts';
import { createQueue, placesIn, rankOf } from '../../src/book/priority.ts';
import { CALM, createVolatility } from '../../src/book/volatility.ts';
import { marketOf } from '../../src/protocols/aave-v3/index.ts';
import { collateralSlot, debtSlot } from '../../src/protocols/aave-v3/slots.ts';
import type { Account, Coefficients, Health } from '../../src/protocols/protocol.ts';
import { now, type ReserveChange, scene } from '../aave-v3/scene.ts';

const name = (index: number): Address => `0x${index.toString(16).padStart(40, '0')}`;
const dollars = (amount: number) => BigInt(amount) * 10n ** 8n;

test('there are as many places as liquidations fit in a block, 400 at most and one at least', () => {
  expect([30_000_000n, 60_000_000n, 2n ** 50n].map(placesIn)).toEqual([200, 400, 400]);
  expect([3_000_000n, 3_149_999n, 150_000n, 1n].map(placesIn)).toEqual([20, 20, 1, 1]);
});

describe('the rank of an account', () => {
  const health = (percent: number, debt: number, collateral: number): Health => ({
    healthFactor: BigInt(percent) * 10n ** 16n,
    underwater: true,
    collateralBase: dollars(collateral),
    debtBase: dollars(debt),
  });

  test('is value times closeness times volatility', () => {
    // 1,000 · (2 - 0.9) · 0.01 = 11 dollars.
    expect(rankOf(health(90, 1_000, 1_100), 0.01)).toBeCloseTo(11e8, 0);
    // No more is at stake than there is collateral for.
    expect(rankOf(health(50, 1_000, 600), 0.01)).toBeCloseTo(9e8, 0);
    expect(rankOf(health(0, 1_000, 0), 0.01)).toBe(0);
  });

  test('puts the larger, the deeper and the more volatile first', () => {
    const ranked = [
      rankOf(health(99, 1_000_000, 1_200_000), 0.001), // 1,010
      rankOf(health(90, 10_000, 11_000), 0.05), //           550
      rankOf(health(50, 200_000, 210_000), 0.001), //        300
      rankOf(health(99, 200_000, 240_000), 0.001), //        202
      rankOf(health(99, 10_000, 12_000), 0.001), //           10.1
    ];
    expect(ranked).toEqual([...ranked].sort((a, b) => b - a));
  });
});

describe('volatility', () => {
  const at = (...values: number[]): Coefficients => ({
    groups: 1,
    slots: values.length,
    values: Float64Array.from(values),
    rounding: 1,
  });
  const holding = (...amounts: bigint[]): Account => ({
    address: name(1),
    group: 0,
    cells: amounts.map((amount, slot) => ({ slot, amount })),
  });

  test('is the mean relative move of the assets a head, the newest a sixteenth of it, by what they are worth', () => {
    const volatility = createVolatility();
    volatility.observe(at(2, -1));
    expect(volatility.of(holding(100n, 100n))).toBe(CALM);
    // A fall by 32 %: 2 % of a mean. 136 of collateral by 2 %, 100 of debt by none.
    volatility.observe(at(1.36, -1));
    expect(volatility.of(holding(100n))).toBeCloseTo(CALM + 0.02, 12);
    expect(volatility.of(holding(100n, 100n))).toBeCloseTo(CALM + (0.02 * 136) / 236, 12);
    expect(volatility.of(holding(0n, 100n))).toBe(CALM);
    // A quiet head takes a sixteenth away.
    volatility.observe(at(1.36, -1));
    expect(volatility.of(holding(100n))).toBeCloseTo(CALM + (0.02 * 15) / 16, 12);
  });

  test('is calm for what cannot be said: a price that fails or was nothing, a new asset, nothing at all', () => {
    const volatility = createVolatility();
    volatility.observe(at(1, 0));
    volatility.observe(at(Number.NaN, 1));
    expect(volatility.of(holding(100n, 100n))).toBe(CALM);
    expect(volatility.of(holding(100n, 100n, 100n))).toBe(CALM);
    expect(volatility.of(holding())).toBe(CALM);
    volatility.observe(at(2, 2, 2));
    expect(volatility.of(holding(100n, 100n, 100n))).toBe(CALM);
  });
});

describe('the queue', () => {
  const dueOf = (...ranks: number[]) => new Map(ranks.map((rank, index) => [name(index), rank]));
  const taken = (accounts: readonly Address[]) => accounts.map(Number);

  test('gives everybody a place where there are enough, the highest rank first', () => {
    expect(taken(createQueue<Address>().take(dueOf(3, 9, 5), 4))).toEqual([1, 2, 0]);
  });

  test('gives three quarters to the highest rank, and the rest to who waited longest', () => {
    const queue = createQueue<Address>();
    // Nobody has waited yet: all by rank.
    expect(taken(queue.take(dueOf(10, 9, 8, 7, 6, 5, 4), 4))).toEqual([0, 1, 2, 3]);
    // Whoever stays due at the top stays there; of the others each has a turn.
    expect(taken(queue.take(dueOf(10, 9, 8, 7, 6, 5, 4), 4))).toEqual([0, 1, 2, 4]);
    expect(taken(queue.take(dueOf(10, 9, 8, 7, 6, 5, 4), 4))).toEqual([0, 1, 2, 5]);
    expect(taken(queue.take(dueOf(10, 9, 8, 7, 6, 5, 4), 4))).toEqual([0, 1, 2, 6]);
    expect(taken(queue.take(dueOf(10, 9, 8, 7, 6, 5, 4), 4))).toEqual([0, 1, 2, 3]);
  });

  test('keeps nobody waiting who comes and is worth more', () => {
    const queue = createQueue<Address>();
    queue.take(dueOf(5, 4, 3, 2, 1, 1), 4);
    expect(taken(queue.take(dueOf(0, 0, 0, 0, 1, 1, 7, 8, 9), 4))).toEqual([8, 7, 6, 4]);
  });

  test('forgets who is no longer due', () => {
    const queue = createQueue<Address>();
    queue.take(dueOf(5, 4, 3), 1);
    const due = dueOf(5, 4, 3);
    due.delete(name(1));
    expect(taken(queue.take(due, 1))).toEqual([2]);
    expect(taken(queue.take(dueOf(5, 4, 3), 1))).toEqual([0]);
  });

  test.each([1, 2, 3, 4, 7, 20])(
    'of %d places: nobody who stays due waits longer than 4 · due / places heads',
    (places) => {
      const queue = createQueue<Address>();
      const due = new Map(Array.from({ length: 100 }, (_, index) => [name(index), 100 - index]));
      const heads = Math.ceil((4 * due.size) / places);
      const seen = new Set<Address>();
      for (let head = 0; head < heads; head++) {
        const accounts = queue.take(due, places);
        expect(accounts.length).toBe(places);
        for (const account of accounts) seen.add(account);
      }
      expect(seen.size).toBe(100);
    },
  );
});

test('a book ranks those of most value, depth and volatility first', () => {
  const reserves = (ether: number): ReserveChange[] => [
    { price: dollars(ether), liquidationThreshold: 8_000n },
    { price: dollars(1), liquidationThreshold: 8_000n },
    { price: dollars(1) },
  ];
  /** Collateral in ether or dollars, debt in dollars; health after ether falls from 2,000 to 1,000. */
  const owing = (index: number, slot: number, collateral: number, debt: number): Account => ({
    address: name(index),
    group: 0,
    cells: [
      { slot: collateralSlot(slot), amount: BigInt(Math.round(collateral * 1e6)) * 10n ** 12n },
      { slot: debtSlot(2), amount: BigInt(debt) * 10n ** 18n },
    ].sort((a, b) => a.slot - b.slot),
  });
  const book = createBook();
  // Ether moves by half: 1/32 of a mean, and with the debt beside it about half of that: 16 times CALM.
  book.set(owing(1, 1, 1_000, 900)); //    value 900, health 0.89, calm:       1
  book.set(owing(2, 1, 10_000, 9_000)); //       9,000        0.89, calm:      10
  book.set(owing(3, 0, 1, 900)); //                900        0.89, volatile:  15.7
  book.set(owing(4, 0, 1, 810)); //                810        0.99, volatile:  13.5
  book.set(owing(5, 0, 100, 1_000)); //    well above the line
  const before = scene(10n, reserves(2_000), []);
  const after = scene(10n, reserves(1_000), []);
  const viewOf = ({ pool, state }: typeof before) => marketOf(pool).at(state, book.get, { timestamp: now, number: 2n });
  book.judge(viewOf(before));
  const { underwater } = book.judge(viewOf(after));
  const ranks = [...underwater].map(([address, health]) => [Number(address), book.rank(address, health)] as const);
  expect(ranks.sort(([, a], [, b]) => b - a).map(([index]) => index)).toEqual([3, 4, 2, 1]);
  const [first, last] = [ranks[0]![1], ranks.at(-1)![1]];
  expect(first / last).toBeCloseTo(15.7, 1);
});
