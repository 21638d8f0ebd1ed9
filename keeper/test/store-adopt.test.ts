import type { Address, Hash } from 'viem';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { accountClaim, type MarketKey, marketKey } from '../src/store/key.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { sentLeg } from './execution/sent.ts';

const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const hash = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;
const [provider, pool, other] = [1, 2, 3].map((n) => marketKey('aave-v3', address(n))) as [
  MarketKey,
  MarketKey,
  MarketKey,
];

let store: Store;
beforeEach(() => {
  store = openStore({ path: ':memory:', chainId: 1 });
});
afterEach(() => store.close());

const row = new Uint8Array([1, 2]);
const block = { number: 5n, hash: hash(5), parentHash: hash(4), touched: [address(9)], found: [] };
const cursor = { number: 5n, hash: hash(5), timestamp: 60n };
function searched(key: MarketKey, n: number, backfill: { nextBlock: bigint; done: boolean }): void {
  const rows = [[address(n), row] as const];
  store.market(key).commit({ rows, cursor, backfill: { fromBlock: 0n, ...backfill }, journal: { add: [block] } });
}

test('what was kept under the provider’s address is the pool’s, to the last row, and of others nothing changes', () => {
  const backfill = { nextBlock: 6n, done: true };
  searched(provider, 20, backfill);
  searched(other, 30, backfill);
  store.adopt(provider, pool);
  const { accounts, ...rest } = store.market(pool).load();
  expect([...accounts]).toEqual([[address(20), row]]);
  expect(rest).toEqual({ cursor, backfill: { fromBlock: 0n, ...backfill }, journal: [block], size: 1 });
  expect(store.markets().map(({ key, accounts }) => [key, accounts])).toEqual([
    [pool, 1],
    [other, 1],
  ]);
});

test.each([
  ['the one that is done', { nextBlock: 3n, done: true }, { nextBlock: 9n, done: false }, provider],
  ['the one that came further', { nextBlock: 4n, done: false }, { nextBlock: 3n, done: false }, provider],
  ['the key’s own, as both came as far', { nextBlock: 4n, done: true }, { nextBlock: 4n, done: true }, pool],
  ['the key’s own, which came further', { nextBlock: 3n, done: true }, { nextBlock: 4n, done: true }, pool],
  ['the key’s own, which is done', { nextBlock: 9n, done: false }, { nextBlock: 4n, done: true }, pool],
] as const)('of two searches it keeps %s, and reads anew what the other one found', (_, ofAlias, ofKey, kept) => {
  searched(provider, 20, ofAlias);
  searched(pool, 30, ofKey);
  store.market(pool).commit({ found: [address(40)] });
  store.adopt(provider, pool);
  const { accounts, backfill, journal } = store.market(pool).load();
  expect(backfill).toEqual({ fromBlock: 0n, ...(kept === provider ? ofAlias : ofKey) });
  expect([...accounts]).toEqual([
    [address(20), kept === provider ? row : null],
    [address(30), kept === provider ? null : row],
    [address(40), null],
  ]);
  expect(journal).toEqual([block]);
  expect(store.markets().map(({ key }) => key)).toEqual([pool]);
});

test('attempts, standings and liquidations go over, and what the key has itself stays', () => {
  const rest = {
    operator: address(7),
    to: address(8),
    data: '0x',
    value: 0n,
    gas: 0n,
    budget: 0n,
    validUntil: 0n,
  } as const;
  const id = store.attempts.insert({ ...rest, legs: [sentLeg(20, 0, provider), sentLeg(21, 1, other)] });
  const foreign = store.attempts.insert({ ...rest, legs: [sentLeg(22, 0, other)] });
  const outcome = (leg: ReturnType<typeof sentLeg>) => ({
    state: 'lost' as const,
    deals: leg.deals.map((deal) => ({ id: deal.id, state: 'lost' as const })),
  });
  store.attempts.update(id, { outcomes: [outcome(sentLeg(20, 0, provider)), outcome(sentLeg(21, 1, other))] });
  const aside = (market: MarketKey, n: number, reason: string) =>
    store.standings.set(accountClaim(market, address(n)), { state: 'set aside', reason, retryBlock: 9n });
  aside(provider, 20, 'of the provider');
  aside(provider, 23, 'older');
  aside(pool, 23, 'newer');
  aside(other, 20, 'another');
  const money = { account: address(20), debt: address(1), collateral: address(2), repaid: 1n, seized: 2n };
  const done = { ...money, profits: [], value: 0n, gasCost: 0n, block: 5n, time: 60n };
  store.liquidations.add({ ...done, hash: hash(1), leg: 0, market: provider });
  store.liquidations.add({ ...done, hash: hash(1), leg: 1, market: other });

  store.adopt(provider, pool);
  store.adopt(pool, pool);

  expect(store.attempts.get(id)).toMatchObject({
    legs: [sentLeg(20, 0, pool), sentLeg(21, 1, other)],
    outcomes: [outcome(sentLeg(20, 0, pool)), outcome(sentLeg(21, 1, other))],
  });
  expect(store.attempts.get(foreign)!.legs).toEqual([sentLeg(22, 0, other)]);
  expect(store.standings.all().map(({ claim, reason, retryBlock }) => [claim, reason, retryBlock])).toEqual([
    [accountClaim(pool, address(20)), 'of the provider', 9n],
    [accountClaim(pool, address(23)), 'newer', 9n],
    [accountClaim(other, address(20)), 'another', 9n],
  ]);
  expect(store.liquidations.of(hash(1)).map(({ market }) => market)).toEqual([pool, other]);
});

test('of a market that nothing is kept of, nothing is made', () => {
  store.adopt(provider, pool);
  expect(store.markets()).toEqual([]);
});
