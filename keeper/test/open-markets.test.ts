import { HttpRequestError } from 'viem';
import { expect, test } from 'vitest';
import type { Chain } from '../src/chain/client.ts';
import { headOf } from '../src/chain/head.ts';
import { KeeperError } from '../src/config/error.ts';
import { openMarkets } from '../src/open-markets.ts';
import type { Ready } from '../src/preflight.ts';
import { marketKey } from '../src/store/key.ts';
import { MEMORY } from '../src/store/path.ts';
import { openStore } from '../src/store/store.ts';
import { block } from './support/chain-node.ts';
import { readableLog } from './support/log-lines.ts';

const MARKET = '0x00000000000000000000000000000000000000a1';

/** Opens one market whose protocol fails with one error after the other. */
async function openWith(...errors: Error[]) {
  const { log, said } = await readableLog();
  let asked = 0;
  const open = async () => {
    throw errors[asked++]!;
  };
  const market = { name: 'one', protocol: { id: 'aave-v3', open }, key: marketKey('aave-v3', MARKET), given: [] };
  const ready = { settings: { logRange: 100 }, chain: {} as Chain, markets: [{ ...market, address: MARKET }] };
  const store = openStore({ path: MEMORY, chainId: 1 });
  const head = async () => headOf(block(100));
  const share = () => ({ want: () => {}, of: async () => [] });
  const logs = { want: () => {}, of: async () => [], share, giver: () => undefined };
  const opening = openMarkets(ready as never as Ready, store, head, logs, new AbortController().signal, log);
  const failure = await opening[0]!.catch((error) => error);
  store.close();
  return { failure, asked, said };
}

const away = () => new HttpRequestError({ body: {}, status: 502, url: 'http://node' });
const refusal = new KeeperError('this is no market');
const AGAIN = 'a market cannot be opened yet; trying again';

test('a market is opened again after its endpoints failed', async () => {
  const { failure, asked, said } = await openWith(away(), refusal);
  expect([failure, asked]).toEqual([refusal, 2]);
  expect(said(AGAIN)).toMatchObject([{ market: 'one' }]);
});

test.each([
  ['what is no market', refusal],
  ['a fault of ours', new Error('a gap in the search for logs')],
])('a market is not opened again after %s', async (_, error) => {
  const { failure, asked, said } = await openWith(error);
  expect([failure, asked]).toEqual([error, 1]);
  expect(said(AGAIN)).toEqual([]);
});
