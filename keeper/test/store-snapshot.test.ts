import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { openStore } from '../src/store/store.ts';
import { temporaryFolder } from './support/cli.ts';

const POOL = '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2';
const rest = {
  chain: 1,
  startedAt: 'then',
  updatedAt: 'now',
  head: { number: '1', hash: '0x', timestamp: '2' },
  endpoints: [],
};
const market = (name: string) => ({
  protocol: 'aave-v3',
  address: POOL,
  name,
  accounts: 1,
  underwater: 0,
  nearest: [],
});
const flight = { nonce: 5, hash: '0x12', sentAt: '9', value: '10' };

/** What is read of a snapshot that another version has left. */
function readOf(json: object) {
  const path = join(temporaryFolder(), 'a.sqlite');
  openStore({ path, chainId: 1 }).close();
  const db = new DatabaseSync(path);
  db.prepare('INSERT INTO snapshot VALUES (1, ?)').run(JSON.stringify(json));
  db.close();
  const store = openStore({ path, readOnly: true });
  const found = store.readStatus();
  store.close();
  return found;
}

test('a snapshot of this version comes back as it was written; in place of the one before', () => {
  const store = openStore({ path: ':memory:', chainId: 1 });
  expect(store.readStatus()).toBeUndefined();
  const snapshot = { ...rest, version: 2, markets: [market('core')], inFlight: [{ ...flight, legs: [] }] } as never;
  store.writeStatus({ ...(snapshot as object), chain: 7 } as never);
  store.writeStatus(snapshot);
  expect(store.readStatus()).toEqual(snapshot);
  store.close();
});

test('one of the first version has the market of its transactions where there was one', () => {
  const inFlight = [{ ...flight, accounts: ['0xa', '0xb'] }];
  const leg = (account: string) => ({ protocol: 'aave-v3', market: 'core', accounts: [account] });
  expect(readOf({ ...rest, version: 1, markets: [market('core')], inFlight })).toEqual({
    ...{ ...rest, version: 2, markets: [market('core')] },
    inFlight: [{ ...flight, legs: [leg('0xa'), leg('0xb')] }],
  });
  const of = (...markets: object[]) => readOf({ ...rest, version: 1, markets, inFlight })!.inFlight[0]!.legs[0];
  expect(of(market('core'), market('prime'))).toEqual({ protocol: 'aave-v3', market: 'unknown', accounts: ['0xa'] });
  expect(of()).toEqual({ protocol: 'unknown', market: 'unknown', accounts: ['0xa'] });
});

test('one of a later version is none', () => {
  expect(readOf({ ...rest, version: 3 })).toBeUndefined();
});
