import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { createBook } from '../../src/book/book.ts';
import { marketOf } from '../../src/protocols/aave-v3/index.ts';
import type { AaveState } from '../../src/protocols/aave-v3/state.ts';
import type { Account, Health, View } from '../../src/protocols/protocol.ts';
import { now } from '../aave-v3/scene.ts';
import { inventAccount, inventMarket } from './aave-market.ts';
import { random } from './random.ts';

const AHEAD = now + 12n;

/** A market and 2,000 accounts of which some are at the line, some far from it. */
function inventBook(seed: number) {
  const rng = random(seed);
  const { pool, state } = inventMarket(rng, 10n, false);
  const worth = (slot: number) => ({ numerator: slot % 2 === 0 ? 10n : 8n, denominator: 10n });
  const accounts = Array.from({ length: 2_000 }, () => inventAccount(rng, pool.reserves.length, worth, false));
  const book = createBook();
  for (const account of accounts) book.set(account);
  const view = (of: AaveState = state) => marketOf(pool).at(of, book.get, { timestamp: AHEAD, number: 2n });
  return { state, accounts, book, view };
}

/** Every account judged by its view, whatever the screen says of it. */
function judgeAll(accounts: readonly Account[], view: View) {
  const [underwater, unjudged] = [new Map<Address, Health>(), new Map<Address, string>()];
  for (const { address } of accounts) {
    const health = view.health(address);
    if ('error' in health) unjudged.set(address, health.error);
    else if (health.underwater) underwater.set(address, health);
  }
  return { underwater, unjudged };
}

test('judging the suspects is judging everybody', () => {
  const { book, accounts, view } = inventBook(21);
  const { screened, ...judged } = book.judge(view());
  const expected = judgeAll(accounts, view());
  expect(judged).toEqual(expected);
  expect(expected.underwater.size).toBeGreaterThan(100);
  expect(screened).toBeGreaterThanOrEqual(expected.underwater.size);
  expect(screened).toBeLessThan(1_900);
});

test('accounts that cannot be judged are named with the reason, beside those that can', () => {
  const { book, accounts, state, view } = inventBook(22);
  const broken: AaveState = {
    ...state,
    reserves: state.reserves.map((reserve, id) =>
      reserve && id === 1 ? { ...reserve, price: { error: 'no price for R1' } } : reserve,
    ),
  };
  const { screened, ...judged } = book.judge(view(broken));
  const expected = judgeAll(accounts, view(broken));
  expect(judged).toEqual(expected);
  expect(new Set(expected.unjudged.values())).toEqual(new Set(['no price for R1']));
  expect(expected.underwater.size).toBeGreaterThan(10);
  expect(screened).toBeGreaterThanOrEqual(expected.unjudged.size + expected.underwater.size);
});

test('who the clock alone makes due is judged whatever the screen says, and nobody who is not tracked', () => {
  const { book, accounts, view } = inventBook(21);
  const everybody = judgeAll(accounts, view());
  const owed = 10 ** 100;
  // So much dust that the screen leaves nobody.
  expect(book.judge(view(), owed)).toEqual({ underwater: new Map(), unjudged: new Map(), screened: 0 });
  const [first] = everybody.underwater.keys();
  const stranger = '0x00000000000000000000000000000000000000aa';
  expect(book.judge(view(), owed, [first!, stranger]).underwater).toEqual(
    new Map([[first, everybody.underwater.get(first!)]]),
  );
});

test('deals are those of the accounts as the book has them', () => {
  const { book, accounts, view } = inventBook(21);
  const { underwater } = book.judge(view());
  const copy = new Map(accounts.map((account) => [account.address, structuredClone(account)]));
  const keys = [...underwater.keys()];
  const found = view().deals(keys);
  expect(found.length).toBeGreaterThan(50);
  expect(new Set(found.flatMap(({ subjects }) => subjects.map(({ key }) => key))).size).toBeGreaterThan(20);
  for (const account of copy.values()) book.set(account);
  expect(view().deals(keys)).toEqual(found);
  book.delete(keys[0]!);
  expect(view().deals([keys[0]!])).toEqual([]);
});

test('slices walk through all accounts, and around', () => {
  const { book, accounts } = inventBook(23);
  const walked = [0, 1, 2, 3].flatMap((part) => book.slice(500 * part, 500));
  expect(new Set(walked)).toEqual(new Set(accounts.map(({ address }) => address)));
  expect(book.slice(1_999, 2)).toEqual([walked[1_999], walked[0]]);
  expect(book.slice(5, 9_999)).toHaveLength(2_000);
});
