import { join } from 'node:path';
import { numberToHex } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mineUntilDone } from '../harness/blocks.ts';
import { type RpcProxy, startProxy } from '../harness/proxy.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { startLab } from '../lab/anvil.ts';
import { type Ours, onlyRivalsBeat, oursOf, sameAsFresh, sentTwice, storeTells } from './check.ts';
import { openScript, type Script } from './script.ts';
import { type Watched, watchKeeper } from './watched.ts';
import { startWsProxy, type WsProxy } from './ws-proxy.ts';

const SEED = 4;
/** `pnpm test:long` takes more. */
const [BLOCKS, REORGS] = process.env.LONG === 'true' ? [120, 3] : [80, 2];
/** For these blocks of the day one endpoint says that the newest is the one 20 before. */
const [LAG, LAGS] = [20, { from: 15, to: 35 }];
/** For these the other has dropped its sockets and takes none. */
const AWAY = { from: 55, to: 65 };

describe(`two endpoints: one lags, the other drops its sockets and is away (seed ${SEED})`, () => {
  let scene: Scene;
  let ws: WsProxy;
  let http: RpcProxy;
  let script: Script;
  let watched: Watched;
  let from: bigint;
  let ours: Ours[];

  beforeAll(async () => {
    scene = await openScene(await startLab({ anvil: { autoImpersonate: true } }));
    const { client } = scene;
    await client.setAutomine(false);
    script = await openScript(scene, { seed: SEED, blocks: BLOCKS, reorgs: REORGS });
    from = (await client.getBlockNumber({ cacheTime: 0 })) + 1n;
    ws = await startWsProxy(scene.wsUrl);
    let old: { number: string } | undefined;
    http = await startProxy(scene.url, ({ method, params }) => {
      if (!old) return undefined;
      if (method === 'eth_blockNumber') return { result: old.number };
      return method === 'eth_getBlockByNumber' && params[0] === 'latest' ? { result: old } : undefined;
    });
    const path = join(scene.folder, 'store.sqlite');
    watched = watchKeeper(scene, path, ['--max-in-flight', '24'], `${ws.url},${http.url}`);
    watched.start();
    for (let index = 0; index < BLOCKS; index++) {
      await watched.taken();
      await script.block(index, watched.flying());
      const number = (await client.getBlockNumber({ cacheTime: 0 })) - BigInt(LAG);
      const params = [numberToHex(number), false];
      const lags = index >= LAGS.from && index < LAGS.to;
      old = lags ? await client.request({ method: 'eth_getBlockByNumber', params } as never) : undefined;
      if (index === AWAY.from) {
        ws.serves = false;
        ws.drop();
      }
      if (index === AWAY.to) ws.serves = true;
      if (!script.reorgs.has(index)) continue;
      await watched.taken();
      await script.after(index);
    }
    await mineUntilDone(scene, watched.process);
    ours = await oursOf(scene, from);
  });
  afterAll(async () => {
    await scene?.stop();
    await Promise.all([ws?.stop(), http?.stop()]);
  });

  test('both were found out, and the keeper went on', () => {
    const said = (msg: string) => watched.lines.filter((line) => line.msg === msg);
    const numbers = { ...script.counts, sent: said('sent').length, landed: said('landed').length };
    console.log(`endpoints: ${JSON.stringify({ ...numbers, subscriptions: ws.count('eth_subscribe') })}`);
    expect(said('endpoint is set aside').map(({ reason }) => reason)).toEqual(
      expect.arrayContaining([expect.stringMatching(/^\d+ blocks behind$/)]),
    );
    expect(said('the socket of an endpoint was closed; connecting again')).toHaveLength(1);
    expect(numbers.landed).toBeGreaterThan(10);
  });

  test('no liquidation is missed, and accounts are those of a new keeper', async () => {
    await sameAsFresh(scene, watched);
  });

  test('the store tells of every liquidation on the chain, and of no other', async () => {
    expect(await storeTells(scene, watched, from)).toBeGreaterThan(10);
  });

  test('nothing was on its way twice, and nothing reverted but behind a rival', async () => {
    expect(sentTwice(watched.lines)).toEqual([]);
    await onlyRivalsBeat(scene, ours, watched, from, script);
    expect(await watched.process.stop()).toBe(0);
  });
});
