import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { createBook } from '../../src/book/book.ts';
import { aaveV3 } from '../../src/protocols/aave-v3/index.ts';
import type { AaveState } from '../../src/protocols/aave-v3/state.ts';
import type { Account, Health } from '../../src/protocols/protocol.ts';
import { now } from '../aave-v3/scene.ts';
import { inventAccount, inventMarket } from './aave-market.ts';
import { random } from './random.ts';

const AHEAD = now + 12n;

/** A market and 2,000 accounts of which some are at the line, some far from it. */
function inventBook(seed: number) {
  const rng = random(seed);
  const { market, state } = inventMarket(rng, 10n, false);
  const worth = (slot: number) => ({ numerator: slot % 2 === 0 ? 10n : 8n, denominator: 10n });
  const accounts = Array.from({ length: 2_000 }, () => inventAccount(rng, market.reserves.length, worth, false));
  const book = createBook(aaveV3);
  for (const account of accounts) book.set(account);
  return { market, state, accounts, book };
}

function judgeAll({ market, accounts }: ReturnType<typeof inventBook>, state: AaveState, timestamp: bigint) {
  const [underwater, unjudged] = [new Map<Address, Health>(), new Map<Address, string>()];
  for (const account of accounts) {
    const health = aaveV3.health(market, state, account, timestamp);
    if ('error' in health) unjudged.set(account.address, health.error);
    else if (health.underwater) underwater.set(account.address, health);
  }
  return { underwater, unjudged };
}

test('judging the candidates is judging everybody', () => {
  const invented = inventBook(21);
  const { book, market, state } = invented;
  const { screened, ...judged } = book.judge(market, state, AHEAD);
  const expected = judgeAll(invented, state, AHEAD);
  expect(judged).toEqual(expected);
  expect(expected.underwater.size).toBeGreaterThan(100);
  expect(screened).toBeGreaterThanOrEqual(expected.underwater.size);
  expect(screened).toBeLessThan(1_900);
});

test('accounts that cannot be judged are named with the reason, beside those that can', () => {
  const invented = inventBook(22);
  const { book, market, state } = invented;
  const broken: AaveState = {
    ...state,
    reserves: state.reserves.map((reserve, id) =>
      reserve && id === 1 ? { ...reserve, price: { error: 'no price for R1' } } : reserve,
    ),
  };
  const { screened, ...judged } = book.judge(market, broken, AHEAD);
  const expected = judgeAll(invented, broken, AHEAD);
  expect(judged).toEqual(expected);
  expect(new Set(expected.unjudged.values())).toEqual(new Set(['no price for R1']));
  expect(expected.underwater.size).toBeGreaterThan(10);
  expect(screened).toBeGreaterThanOrEqual(expected.unjudged.size + expected.underwater.size);
});

test('options are those of the account as the book has it', () => {
  const { book, market, state, accounts } = inventBook(21);
  const { underwater } = book.judge(market, state, AHEAD);
  const byAddress = new Map<string, Account>(accounts.map((account) => [account.address, account]));
  let options = 0;
  for (const address of underwater.keys()) {
    const found = book.options(market, state, address, AHEAD);
    expect(found).toEqual(aaveV3.options(market, state, byAddress.get(address)!, AHEAD));
    options += found.length;
  }
  expect(options).toBeGreaterThan(50);
  book.delete(accounts[0]!.address);
  expect(book.options(market, state, accounts[0]!.address, AHEAD)).toEqual([]);
});

test('slices walk through all accounts, and around', () => {
  const { book, accounts } = inventBook(23);
  const walked = [0, 1, 2, 3].flatMap((part) => book.slice(500 * part, 500));
  expect(new Set(walked)).toEqual(new Set(accounts.map(({ address }) => address)));
  expect(book.slice(1_999, 2)).toEqual([walked[1_999], walked[0]]);
  expect(book.slice(5, 9_999)).toHaveLength(2_000);
});
