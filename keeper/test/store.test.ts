import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { Address, Hash, Hex } from 'viem';
import { afterEach, describe, expect, test } from 'vitest';
import type { NewAttempt } from '../src/store/attempts.ts';
import { type MarketKey, marketKey } from '../src/store/key.ts';
import type { Liquidation } from '../src/store/liquidations.ts';
import type { StoredBlock } from '../src/store/markets.ts';
import type { LegOutcome } from '../src/store/outcome.ts';
import { storeFolder, storePath } from '../src/store/path.ts';
import type { Sent } from '../src/store/sent.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { temporaryFolder } from './support/cli.ts';

const MAX = 2n ** 256n - 1n;
const POOL = '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2';
const pool = marketKey('aave-v3', POOL);
const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;
const hash = (n: number): Hash => `0x${n.toString(16).padStart(64, '0')}`;
const block = (n: number): StoredBlock => ({
  number: BigInt(n),
  hash: hash(n),
  parentHash: hash(n - 1),
  touched: [address(n), address(n + 1)],
  found: [address(n + 1)],
});

const open: Store[] = [];
function opened(path = join(temporaryFolder(), 'state', 'a.sqlite')): Store {
  const store = openStore({ path, chainId: 1 });
  open.push(store);
  return store;
}

/** The same file through another process's eyes, as far as one process can have them. */
function reopened(store: Store): Store {
  store.close();
  open.splice(open.indexOf(store), 1);
  return opened(store.path);
}

afterEach(() => {
  for (const store of open.splice(0)) store.close();
});

describe('a market', () => {
  test('that nobody has written to is empty', () => {
    const { accounts, ...rest } = opened().market(pool).load();
    expect(rest).toEqual({ cursor: undefined, backfill: undefined, journal: [], size: 0 });
    expect([...accounts]).toEqual([]);
  });

  test('comes back as it was committed', () => {
    const store = opened();
    const rows = [
      [address(1), new Uint8Array([0, 255, 0])],
      [address(2), new Uint8Array()],
      [address(3), null],
      ['0xffffffffffffffffffffffffffffffffffffffff', new Uint8Array(100_000).fill(7)],
    ] as const;
    const cursor = { number: 2n ** 63n - 1n, hash: hash(9), timestamp: 0n };
    const backfill = { fromBlock: 0n, nextBlock: 2n ** 53n + 1n, done: true };
    store.market(pool).commit({ rows, cursor, backfill, journal: { add: [block(8), block(9)] } });

    const { accounts, ...rest } = reopened(store).market(pool).load();
    expect(rest).toEqual({ cursor, backfill, journal: [block(8), block(9)], size: 4 });
    expect([...accounts]).toEqual(rows);
    // They can be read as often as one likes, also at once.
    expect([...accounts].length).toBe(4);
  });

  test('is one whichever way its address is written, and no other of the same address', () => {
    const store = opened();
    store.market(pool).commit({ found: ['0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD'] });
    const lower: MarketKey = 'aave-v3:0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2';
    expect(store.market(pool).key).toBe(lower);
    expect([...store.market(lower).load().accounts]).toEqual([['0xabcdefabcdefabcdefabcdefabcdefabcdefabcd', null]]);
    expect(store.market(marketKey('compound-v3', POOL)).load().size).toBe(0);
    expect(store.markets()).toEqual([{ key: lower, accounts: 1, cursor: undefined, backfill: undefined }]);
  });

  test('keeps the row of an account that is found again, and lets go of the row that is replaced', () => {
    const { commit, load } = opened().market(pool);
    commit({ found: [address(1), address(2)], rows: [[address(1), new Uint8Array([1])]] });
    commit({ found: [address(1), address(2)], rows: [[address(2), new Uint8Array([2])]] });
    commit({ rows: [[address(1), null]] });
    expect([...load().accounts]).toEqual([
      [address(1), null],
      [address(2), new Uint8Array([2])],
    ]);
    commit({ removed: [address(1), address(3)] });
    expect([...load().accounts]).toEqual([[address(2), new Uint8Array([2])]]);
  });

  test('unwinds its journal before it adds to it, and keeps the newest', () => {
    const { commit, load } = opened().market(pool);
    commit({ journal: { add: [1, 2, 3, 4, 5].map(block), keep: 4 } });
    expect(load().journal.map(({ number }) => number)).toEqual([2n, 3n, 4n, 5n]);
    const other = { ...block(4), hash: hash(44), touched: [], found: [] };
    commit({ journal: { dropAbove: 3n, add: [other], keep: 2 } });
    expect(load().journal).toEqual([block(3), other]);
    commit({ journal: { keep: 0 } });
    expect(load().journal).toEqual([]);
  });

  test('changes in nothing when a commit fails half way', () => {
    const { commit, load } = opened().market(pool);
    commit({ cursor: { number: 1n, hash: hash(1), timestamp: 12n } });
    const rows = [[address(1), null] as const, ['0x1234', null] as const];
    expect(() => commit({ rows, cursor: { number: 2n, hash: hash(2), timestamp: 24n } })).toThrow('CHECK constraint');
    expect(() => commit({ found: [address(1), '0x1234'] })).toThrow('CHECK constraint');
    expect(load()).toMatchObject({ size: 0, cursor: { number: 1n } });
  });

  test('is forgotten for a resync, alone', () => {
    const store = opened();
    const other = marketKey('aave-v3', address(7));
    for (const key of [pool, other]) {
      store.market(key).commit({
        found: [address(1)],
        cursor: { number: 1n, hash: hash(1), timestamp: 12n },
        backfill: { fromBlock: 0n, nextBlock: 1n, done: false },
        journal: { add: [block(1)] },
      });
    }
    store.market(pool).clear();
    const { accounts, ...rest } = store.market(pool).load();
    expect(rest).toEqual({ cursor: undefined, backfill: undefined, journal: [], size: 0 });
    expect([...accounts]).toEqual([]);
    expect(store.market(other).load()).toMatchObject({ size: 1, journal: [block(1)], backfill: { done: false } });
  });
});

const MIXED = '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD';
const lowerMixed = MIXED.toLowerCase();
const legs: Sent[] = [
  {
    round: 0,
    leg: { protocol: 0, market: POOL, borrower: MIXED, collateral: MIXED, repay: MAX, extra: '0x' },
    deals: [
      {
        id: `${pool}/${address(9)}#0`,
        market: pool,
        kind: 'liquidate',
        subjects: [{ key: address(9), label: 'nine' }],
        claims: [`${pool}/account/${address(9)}`],
        spend: MIXED,
        gain: address(2),
      },
    ],
  },
  {
    round: 3,
    leg: { protocol: 3, market: address(4), borrower: address(5), collateral: address(6), repay: 0n, extra: '0xAbCd' },
    deals: [
      { id: 'a', market: `dex223:${address(4)}`, kind: 'freeze', subjects: [], claims: [] },
      { id: 'b', market: `dex223:${address(4)}`, kind: 'buy', subjects: [], claims: ['c', 'd'], gain: MIXED },
    ],
  },
];
const attempt: NewAttempt = {
  legs,
  operator: '0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266',
  to: address(3),
  data: '0x1234',
  value: MAX,
  gas: 0n,
  budget: -MAX,
  validUntil: MAX,
};

describe('attempts', () => {
  test('come back to the last wei, with every version of the transaction', () => {
    const store = opened();
    const id = store.attempts.insert(attempt);
    const { createdAt, updatedAt, ...planned } = reopened(store).attempts.get(id)!;
    expect(planned).toEqual({
      ...attempt,
      id,
      legs: [
        {
          ...legs[0],
          leg: { ...legs[0]!.leg, market: POOL.toLowerCase(), borrower: lowerMixed, collateral: lowerMixed },
          deals: [{ ...legs[0]!.deals[0], spend: lowerMixed }],
        },
        { ...legs[1], deals: [legs[1]!.deals[0], { ...legs[1]!.deals[1], gain: lowerMixed }] },
      ],
      outcomes: undefined,
      operator: attempt.operator.toLowerCase(),
      state: 'planned',
      nonce: undefined,
      signed: undefined,
      hashes: [],
      reason: undefined,
      cost: undefined,
      fees: undefined,
      sentAt: undefined,
    });
    expect(createdAt).toBe(updatedAt);
    expect(new Date(createdAt).toISOString()).toBe(createdAt);
  });

  test('are open while planned or sent, an operator each', () => {
    const { attempts } = opened();
    const [first, second, third] = [attempts.insert(attempt), attempts.insert(attempt), attempts.insert(attempt)];
    attempts.insert({ ...attempt, operator: address(9) });
    const signed = `0x${'ab'.repeat(3_000)}` as Hex;
    const sent = {
      state: 'sent',
      nonce: 0,
      signed,
      hashes: [hash(1), hash(2)],
      fees: { maxFeePerGas: 2n ** 96n, maxPriorityFeePerGas: 0n },
      sentAt: 100n,
    } as const;
    attempts.update(second, sent);
    attempts.update(third, { state: 'landed', value: 5n, cost: MAX, gas: 21_000n });
    expect(attempts.open(attempt.operator).map(({ id }) => id)).toEqual([first, second]);
    expect(attempts.get(second)).toMatchObject({ ...sent, value: MAX });
    expect(attempts.get(third)).toMatchObject({ state: 'landed', value: 5n, cost: MAX, gas: 21_000n, data: '0x1234' });
    expect(attempts.recent(2).map(({ id }) => id)).toEqual([third + 1, third]);
  });

  test('give up what a patch empties, and nothing else', () => {
    const { attempts } = opened();
    const id = attempts.insert({ ...attempt, state: 'sent', nonce: 3, reason: 'being taken back', sentAt: 4n });
    attempts.update(id, { reason: undefined });
    expect(attempts.get(id)).toMatchObject({ state: 'sent', nonce: 3, reason: undefined, sentAt: 4n });
  });

  test('keep what became of each leg, until they are on their way again', () => {
    const store = opened();
    const id = store.attempts.insert(attempt);
    const outcomes: LegOutcome[] = [
      { state: 'landed', deals: [{ id: legs[0]!.deals[0]!.id, state: 'landed' }] },
      {
        state: 'skipped',
        reason: 'paused',
        revert: 'ReservePaused()',
        deals: [
          { id: 'a', state: 'lost', reason: 'gone', revert: 'Gone()' },
          { id: 'b', state: 'skipped', reason: 'paused', revert: 'ReservePaused()' },
        ],
      },
    ];
    store.attempts.update(id, { state: 'landed', outcomes });
    const { attempts } = reopened(store);
    expect(attempts.get(id)!.outcomes).toEqual(outcomes);
    attempts.update(id, { state: 'sent', outcomes: undefined });
    expect(attempts.get(id)!.outcomes).toBeUndefined();
  });

  test('of a later version are not read as if they were of this one', () => {
    const store = opened();
    store.attempts.insert(attempt);
    store.close();
    open.splice(open.indexOf(store), 1);
    const db = new DatabaseSync(store.path);
    db.exec(`UPDATE attempts SET legs = '{"version":2,"legs":[]}'`);
    db.close();
    expect(() => opened(store.path).attempts.recent(1)).toThrow('the store has legs of version 2; this one knows 1');
  });

  test('that do not exist cannot change', () => {
    const { attempts } = opened();
    expect(() => attempts.update(7, { state: 'lost' })).toThrow('there is no attempt 7');
    expect(attempts.get(7)).toBeUndefined();
  });
});

describe('standings', () => {
  test('are one a claim, and to be watched is no news of one that nothing is known of', () => {
    const store = opened();
    const { standings } = store;
    standings.set('b', { state: 'planned' });
    standings.set('b', { state: 'set aside', reason: 'too late', retryBlock: 2n ** 62n });
    standings.set('c', { state: 'landed' });
    standings.set('a', { state: 'skipped', reason: 'paused' });
    standings.set('d', { state: 'watched' });
    standings.set('c', { state: 'watched' });
    const shown = reopened(store).standings.all();
    expect(shown.map(({ claim, state, reason, retryBlock }) => [claim, state, reason, retryBlock])).toEqual([
      ['a', 'skipped', 'paused', undefined],
      ['b', 'set aside', 'too late', 2n ** 62n],
      ['c', 'watched', undefined, undefined],
    ]);
    for (const { updatedAt } of shown) expect(new Date(updatedAt).toISOString()).toBe(updatedAt);
  });
});

describe('liquidations', () => {
  const liquidation: Liquidation = {
    hash: hash(1),
    leg: 0,
    market: marketKey('aave-v3', address(5)),
    account: address(1),
    debt: address(2),
    collateral: address(3),
    repaid: MAX,
    seized: 0n,
    profits: [
      { token: address(2), amount: MAX },
      { token: address(3), amount: 1n },
    ],
    value: -1n,
    gasCost: 2n ** 64n,
    block: 10n,
    time: 120n,
  };

  test('are told twice and counted once, and go when their block goes', () => {
    const store = opened();
    const second = { ...liquidation, leg: 1, profits: [] };
    const later = { ...liquidation, hash: hash(2), block: 11n };
    for (const each of [liquidation, second, later, liquidation, { ...later, block: 12n }])
      store.liquidations.add(each);
    const { liquidations } = reopened(store);
    expect(liquidations.recent(1)).toEqual([{ ...later, block: 12n }]);
    // Of one block, what was written last comes first.
    expect(liquidations.recent(9)).toEqual([{ ...later, block: 12n }, liquidation, second]);
    expect(liquidations.of(hash(1))).toEqual([liquidation, second]);
    expect(liquidations.of(hash(3))).toEqual([]);
    liquidations.remove(hash(1));
    expect(liquidations.recent(9)).toEqual([{ ...later, block: 12n }]);
  });

  test('are found however their addresses and hashes are written', () => {
    const { liquidations } = opened();
    const upper = <Text extends string>(text: Text) => text.replaceAll('a', 'A') as Text;
    const spelt = `0x${'a'.repeat(40)}` as Address;
    const one = `0x${'a'.repeat(64)}` as Hash;
    const plain = { ...liquidation, hash: one, account: spelt, debt: spelt, collateral: spelt };
    liquidations.add({
      ...{ ...plain, hash: upper(one), account: upper(spelt), debt: upper(spelt), collateral: upper(spelt) },
      profits: [{ token: upper(spelt), amount: 1n }],
    });
    expect(liquidations.of(upper(one))).toEqual([{ ...plain, profits: [{ token: spelt, amount: 1n }] }]);
    liquidations.remove(upper(one));
    expect(liquidations.of(one)).toEqual([]);
  });
});

describe('the store', () => {
  test('keeps all that belongs together, or none of it', () => {
    const store = opened();
    const id = store.attempts.insert(attempt);
    const both = () =>
      store.atomic(() => {
        store.attempts.update(id, { state: 'landed' });
        store.market(pool).commit({ found: [address(1)] });
        throw new Error('struck');
      });
    expect(both).toThrow('struck');
    expect(store.attempts.get(id)!.state).toBe('planned');
    expect(store.markets()).toEqual([]);
  });

  test('is for its owner alone, with the folder it makes', () => {
    const store = opened();
    store.market(pool).commit({ found: [address(1)] });
    const folder = join(store.path, '..');
    const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
    expect(mode(folder)).toBe('700');
    expect(Object.fromEntries(readdirSync(folder).map((name) => [name, mode(join(folder, name))]))).toEqual({
      'a.sqlite': '600',
      'a.sqlite-shm': '600',
      'a.sqlite-wal': '600',
      'a.sqlite.lock': '600',
    });
  });

  test('in memory begins empty each time and is nobody else’s', () => {
    const [one, two] = [opened(':memory:'), opened(':memory:')];
    one.market(pool).commit({ found: [address(1)] });
    expect(one.market(pool).load().size).toBe(1);
    expect(two.market(pool).load().size).toBe(0);
    expect(reopened(one).market(pool).load().size).toBe(0);
  });

  test('lies where the settings say, or where such things lie', () => {
    expect(storePath('memory', 1)).toBe(':memory:');
    expect(storePath(':memory:', 1)).toBe(':memory:');
    expect(storePath('./x.sqlite', 1)).toBe('./x.sqlite');
    expect(storePath('~/x.sqlite', 1)).toBe(join(homedir(), 'x.sqlite'));
    expect(storePath(undefined, 8453)).toBe(join(storeFolder(), '8453.sqlite'));
    expect(storeFolder({ XDG_STATE_HOME: '/var/state' })).toBe('/var/state/plimsoll');
    expect(storeFolder({ XDG_STATE_HOME: 'relative' })).toBe(join(homedir(), '.plimsoll'));
    expect(storeFolder({})).toBe(join(homedir(), '.plimsoll'));
  });
});
