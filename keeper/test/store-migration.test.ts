import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { type Address, getAddress, type Hash, type Hex, maxUint256 } from 'viem';
import { expect, test } from 'vitest';
import { executeData, packPlan } from '../src/contract/pack.ts';
import type { Leg } from '../src/contract/plan.ts';
import { openLedger } from '../src/execution/ledger.ts';
import { accountClaim, marketKey } from '../src/store/key.ts';
import { APPLICATION_ID, migrations } from '../src/store/migrations.ts';
import { openStore } from '../src/store/store.ts';
import { temporaryFolder } from './support/cli.ts';

const address = (n: number): Address => `0x${n.toString(16).padStart(40, 'a')}`;
const hash = (n: number): Hash => `0x${n.toString(16).padStart(64, 'b')}`;
const bytes = (hex: string) => Buffer.from(hex.slice(2), 'hex');
const [POOL, OPERATOR, LIQUIDATOR, WETH, USDC] = [1, 2, 3, 4, 5].map(address) as [
  Address,
  Address,
  Address,
  Address,
  Address,
];
const KEY = marketKey('aave-v3', POOL);
const [alice, bob, carol] = [10, 11, 12].map(address) as [Address, Address, Address];

const leg = (borrower: Address, repay: bigint): Leg => ({
  protocol: 0,
  market: getAddress(POOL),
  borrower: getAddress(borrower),
  collateral: getAddress(WETH),
  repay,
  extra: '0x',
});
const round = (...legs: Leg[]) => ({
  ...{ funding: 1, source: address(6), debtToken: USDC, amount: 9n, maxPay: 8n, extra: '0x' as Hex, legs, swaps: [] },
});
const calldata = executeData(
  packPlan({
    validUntil: 1_000n,
    floor: 1n,
    tip: 0n,
    weth: WETH,
    tokens: [
      { token: WETH, price: 1n },
      { token: USDC, price: 2n },
    ],
    rounds: [round(leg(alice, 5n), leg(bob, maxUint256)), round(leg(alice, 7n))],
  }),
).toLowerCase() as Hex;
const TRIPLES = [alice, bob, alice].map((account) => [account, USDC, WETH]);

/** A database as the first schema made it. */
function firstStore(path: string): DatabaseSync {
  const db = new DatabaseSync(path);
  migrations[0]!(db);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1`);
  db.prepare('INSERT INTO store (id, chain_id) VALUES (1, 1)').run();
  return db;
}

type Row = {
  state: string;
  legs?: unknown;
  data?: Hex;
  nonce?: number;
  reason?: string;
  hashes?: Hash[];
  signed?: Hex;
};
function addAttempt(
  db: DatabaseSync,
  { state, legs = TRIPLES, data = calldata, nonce, reason, hashes = [], signed }: Row,
) {
  const columns = {
    ...{ protocol: 'aave-v3', market: POOL, legs: JSON.stringify(legs), operator: OPERATOR, nonce: nonce ?? null },
    ...{ recipient: LIQUIDATOR, data: bytes(data), signed: signed ? bytes(signed) : null },
    ...{
      hashes: JSON.stringify(hashes),
      state,
      reason: reason ?? null,
      value: '100',
      gas: '200',
      cost: null,
      budget: '50',
    },
    ...{ max_fee: signed ? '7' : null, priority_fee: signed ? '3' : null, valid_until: '1000' },
    ...{ sent_at: signed ? 77 : null, created_at: '2024-01-01T00:00:00.000Z', updated_at: '2024-01-01T00:00:01.000Z' },
  };
  const names = Object.keys(columns);
  db.prepare(`INSERT INTO attempts (${names}) VALUES (${names.map(() => '?')})`).run(...Object.values(columns));
}

/** The legs of the plan, as they are kept now. */
const legs = (
  [
    [alice, 0, 5n, 0],
    [bob, 0, maxUint256, 0],
    [alice, 1, 7n, 1],
  ] as const
).map(([account, round, repay, step]) => ({
  round,
  leg: { protocol: 0, market: POOL, borrower: account, collateral: WETH, repay, extra: '0x' },
  deals: [
    {
      id: `${KEY}/${account}/${USDC}/${WETH}#${step}`,
      market: KEY,
      kind: 'liquidate',
      subjects: [{ key: account, label: getAddress(account) }],
      claims: [accountClaim(KEY, account)],
      spend: USDC,
      gain: WETH,
    },
  ],
}));

function migrated(fill: (db: DatabaseSync) => void) {
  const path = join(temporaryFolder(), 'a.sqlite');
  const db = firstStore(path);
  fill(db);
  db.close();
  return openStore({ path, chainId: 1 });
}

test('two transactions in flight are taken over with all that it takes to bump, cancel and settle them', () => {
  const signed: Hex = `0x02${'ab'.repeat(90)}`;
  const store = migrated((db) => {
    addAttempt(db, { state: 'planned', nonce: 4, signed, hashes: [hash(1)] });
    addAttempt(db, { state: 'sent', nonce: 5, signed, hashes: [hash(2), hash(3)], reason: 'being taken back' });
    addAttempt(db, { state: 'planned' });
  });
  const flight = {
    ...{ to: LIQUIDATOR, data: calldata, value: 100n, gas: 200n, budget: 50n, signed, sentAt: 77n },
    fees: { maxFeePerGas: 7n, maxPriorityFeePerGas: 3n },
  };
  expect(openLedger(store, OPERATOR).resume()).toEqual([
    { ...flight, about: { id: 1, legs }, nonce: 4, hashes: [hash(1)] },
    { ...flight, about: { id: 2, legs }, nonce: 5, hashes: [hash(2), hash(3)], cancelling: 'being taken back' },
  ]);
  // What was never signed never was.
  expect(store.attempts.get(3)).toMatchObject({ state: 'expired', legs });
  expect(store.attempts.open(OPERATOR).map(({ id }) => id)).toEqual([1, 2]);
  expect(store.attempts.get(1)).toMatchObject({
    ...{ operator: OPERATOR, validUntil: 1_000n, cost: undefined, outcomes: undefined },
    ...{ createdAt: '2024-01-01T00:00:00.000Z', updatedAt: '2024-01-01T00:00:01.000Z' },
  });
  // Ids go on where they were.
  const { id, ...again } = store.attempts.get(1)!;
  expect(store.attempts.insert(again)).toBe(4);
  store.close();
});

test('nothing is searched again: accounts, cursor, journal and the search through the history stay', () => {
  const store = migrated((db) => {
    db.prepare('INSERT INTO markets VALUES (1, ?, ?, 9, ?, 108, 0, 10, 1)').run('aave-v3', POOL, hash(9));
    db.prepare('INSERT INTO accounts VALUES (1, ?, ?)').run(bytes(alice), new Uint8Array([3]));
    db.prepare('INSERT INTO blocks VALUES (1, 9, ?, ?, ?, ?)').run(hash(9), hash(8), bytes(alice), new Uint8Array());
  });
  const { accounts, ...rest } = store.market(KEY).load();
  expect([...accounts]).toEqual([[alice, new Uint8Array([3])]]);
  expect(rest).toEqual({
    cursor: { number: 9n, hash: hash(9), timestamp: 108n },
    backfill: { fromBlock: 0n, nextBlock: 10n, done: true },
    journal: [{ number: 9n, hash: hash(9), parentHash: hash(8), touched: [alice], found: [] }],
    size: 1,
  });
  store.close();
});

test('who was set aside is found by its claim, until the same block', () => {
  const store = migrated((db) => {
    const add = db.prepare('INSERT INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
    add.run('aave-v3', POOL, alice, 'set aside', 'no pool', 120, null, 'then');
    add.run('aave-v3', POOL, bob, 'lost', 'a rival', null, null, 'then');
    add.run('aave-v3', POOL, carol, 'set aside', 'no price', null, 5_000, 'then');
  });
  const [a, b, c] = [alice, bob, carol].map((account) => accountClaim(KEY, account)) as [string, string, string];
  expect(store.standings.all()).toEqual([
    { claim: a, state: 'set aside', reason: 'no pool', retryBlock: 120n, updatedAt: 'then' },
    { claim: b, state: 'lost', reason: 'a rival', retryBlock: undefined, updatedAt: 'then' },
    { claim: c, state: 'set aside', reason: 'no price', retryBlock: undefined, updatedAt: 'then' },
  ]);
  const ledger = openLedger(store, OPERATOR);
  const at = (number: bigint) => ledger.due([a, b, c], { number } as never);
  expect(at(119n)).toEqual([b, c]);
  expect(at(120n)).toEqual([a, b, c]);
  store.close();
});

test('what landed keeps its place in its plan, and what was written down as landed with it is skipped', () => {
  const store = migrated((db) => {
    addAttempt(db, { state: 'landed', hashes: [hash(1), hash(2)], nonce: 1, signed: '0x02' });
    addAttempt(db, { state: 'lost', hashes: [hash(3)], reason: 'a rival' });
    addAttempt(db, { state: 'reverted', legs: TRIPLES.slice(0, 1), data: '0x1234', hashes: [] });
    const add = db.prepare('INSERT INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
    const position = (h: Hash, at: number, account: Address) =>
      add.run(h, at, 'aave-v3', POOL, account, USDC, WETH, '11', '22', `[["${WETH}","3"]]`, '4', '5', 9, 108);
    position(hash(2), 0, bob);
    position(hash(2), 1, alice);
    // Of a transaction that is no attempt of ours any more.
    position(hash(9), 4, carol);
  });
  const done = {
    ...{ market: KEY, debt: USDC, collateral: WETH, repaid: 11n, seized: 22n, profits: [{ token: WETH, amount: 3n }] },
    ...{ value: 4n, gasCost: 5n, block: 9n, time: 108n },
  };
  expect(store.liquidations.of(hash(2))).toEqual([
    { ...done, hash: hash(2), leg: 1, account: bob },
    { ...done, hash: hash(2), leg: 2, account: alice },
  ]);
  expect(store.liquidations.of(hash(9))).toEqual([{ ...done, hash: hash(9), leg: 4, account: carol }]);
  const NOT_TOLD = 'an earlier version of plimsoll did not say why';
  const told = (leg: number, state: string, reason?: string) => {
    const now = reason === undefined ? { state } : { state, reason };
    return { ...now, deals: [{ id: legs[leg]!.deals[0]!.id, ...now }] };
  };
  expect(store.attempts.get(1)!.outcomes).toEqual([told(0, 'skipped', NOT_TOLD), told(1, 'landed'), told(2, 'landed')]);
  expect(store.attempts.get(2)!.outcomes).toEqual([0, 1, 2].map((leg) => told(leg, 'lost', 'a rival')));
  // Of calldata that is no plan no more is known than whom it concerns.
  const [first] = legs;
  expect(store.attempts.get(3)).toMatchObject({
    legs: [{ ...first, leg: { ...first!.leg, repay: maxUint256 } }],
    outcomes: [told(0, 'reverted')],
  });
  store.close();
});

test('a store of this version is left as it is', () => {
  const path = join(temporaryFolder(), 'a.sqlite');
  openStore({ path, chainId: 1 }).close();
  const version = () => {
    const db = new DatabaseSync(path);
    const found = db.prepare('PRAGMA user_version').get()!.user_version;
    db.close();
    return found;
  };
  expect(version()).toBe(2);
  openStore({ path, chainId: 1 }).close();
  expect(version()).toBe(2);
});
