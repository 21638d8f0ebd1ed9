import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Address, Hash, Hex } from 'viem';
import { afterEach, describe, expect, test } from 'vitest';
import type { NewAttempt } from '../src/store/attempts.ts';
import type { StoredBlock } from '../src/store/markets.ts';
import { storeFolder, storePath } from '../src/store/path.ts';
import type { Position } from '../src/store/positions.ts';
import { openStore, type Store } from '../src/store/store.ts';
import { temporaryFolder } from './support/cli.ts';

const MAX = 2n ** 256n - 1n;
const POOL = '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2';
const pool = { protocol: 'aave-v3', address: POOL } as const;
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
    const lower = { protocol: 'aave-v3', address: POOL.toLowerCase() as Address };
    expect([...store.market(lower).load().accounts]).toEqual([['0xabcdefabcdefabcdefabcdefabcdefabcdefabcd', null]]);
    expect(store.market({ ...pool, protocol: 'compound-v3' }).load().size).toBe(0);
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
    const other = { protocol: 'aave-v3', address: address(7) } as const;
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

const attempt: NewAttempt = {
  market: pool,
  legs: [
    { account: '0xABcdEFABcdEFabcdEfAbCdefabcdeFABcDEFabCD', debt: address(1), collateral: address(2) },
    { account: address(9), debt: address(2), collateral: address(1) },
  ],
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
      market: { protocol: 'aave-v3', address: POOL.toLowerCase() },
      legs: [{ ...attempt.legs[0], account: attempt.legs[0]!.account.toLowerCase() }, attempt.legs[1]],
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

  test('that do not exist cannot change', () => {
    const { attempts } = opened();
    expect(() => attempts.update(7, { state: 'lost' })).toThrow('there is no attempt 7');
    expect(attempts.get(7)).toBeUndefined();
  });
});

describe('candidates', () => {
  test('stand in one place at a time, and come due by block or by time', () => {
    const store = opened();
    const set = (n: number, ...rest: [Parameters<Store['candidates']['set']>[2]]) =>
      store.candidates.set(pool, address(n), ...rest);
    set(1, { state: 'planned' });
    set(1, { state: 'reverted', reason: 'too late', retryAt: { block: 100n } });
    set(2, { state: 'set aside', reason: 'no price', retryAt: { time: 1_000n } });
    set(3, { state: 'landed' });
    set(4, { state: 'watched' });
    set(3, { state: 'watched' });

    const { candidates } = reopened(store);
    const shown = candidates.all().map(({ account, state, reason, retryAt }) => [account, state, reason, retryAt]);
    expect(shown).toEqual([
      [address(1), 'reverted', 'too late', { block: 100n }],
      [address(2), 'set aside', 'no price', { time: 1_000n }],
      [address(3), 'watched', undefined, undefined],
    ]);
    const due = (block: bigint, time: bigint) => candidates.due({ block, time }).map(({ account }) => account);
    expect(due(99n, 999n)).toEqual([]);
    expect(due(100n, 999n)).toEqual([address(1)]);
    expect(due(99n, 1_000n)).toEqual([address(2)]);
    expect(due(100n, 1_000n)).toEqual([address(1), address(2)]);
  });
});

describe('positions', () => {
  const position: Position = {
    hash: hash(1),
    leg: 0,
    market: { protocol: 'aave-v3', address: address(5) },
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
    const second = { ...position, leg: 1, profits: [] };
    const later = { ...position, hash: hash(2), block: 11n };
    for (const each of [position, second, later, position, { ...later, block: 12n }]) store.positions.add(each);
    const { positions } = reopened(store);
    expect(positions.recent(1)).toEqual([{ ...later, block: 12n }]);
    expect(new Set(positions.recent(9))).toEqual(new Set([{ ...later, block: 12n }, position, second]));
    positions.remove(hash(1));
    expect(positions.recent(9)).toEqual([{ ...later, block: 12n }]);
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
