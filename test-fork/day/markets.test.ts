import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { mineUntilDone } from '../harness/blocks.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';
import { oursOf } from './check.ts';
import { watchKeeper } from './watched.ts';
import { startWsProxy, type WsProxy } from './ws-proxy.ts';

let scene: Scene;
let ws: WsProxy;
beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  ws = await startWsProxy(scene.wsUrl);
});
afterAll(async () => {
  await scene?.stop();
  await ws?.stop();
});

test('two markets in one process: one stream of heads, one lane, and each is liquidated in', async () => {
  const { client, directory } = scene;
  const { aave, aaveV30 } = directory;
  const older = { ...scene, directory: { ...directory, aave: { ...aave, ...aaveV30 } } };
  const accounts = [
    await openAccount(scene, 'of the newer', { collateral: { WETH: 25 }, debt: { USDC: 39_000 } }),
    await openAccount(older, 'of the older', { collateral: { WETH: 25 }, debt: { USDC: 39_000 } }),
  ];
  await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
  const from = await client.getBlockNumber({ cacheTime: 0 });
  await client.setAutomine(false);
  const watched = watchKeeper(scene, join(scene.folder, 'store.sqlite'), ['--market', aaveV30.pool], ws.url);
  watched.start();
  for (const market of [aave.pool, aaveV30.pool])
    await watched.process.waitFor((line) => line.msg === 'every borrower is read' && line.market === market);
  await mineUntilDone(scene, watched.process);

  const landed = watched.lines.filter(({ msg }) => msg === 'landed').map(({ account }) => account);
  expect(landed).toEqual(expect.arrayContaining(accounts));
  expect(ws.count('eth_subscribe')).toBe(1);
  // Nonces without a gap are those of one lane.
  const nonces = (await oursOf(scene, from)).map(({ nonce }) => nonce);
  expect(nonces.length).toBeGreaterThan(1);
  expect(nonces).toEqual(nonces.map((_, index) => index));
  const { head, markets } = watched.look((store) => store.readStatus())!;
  expect(markets.map(({ address }) => address).sort()).toEqual([aave.pool, aaveV30.pool].sort());
  expect(watched.look((store) => store.markets()).map(({ cursor }) => cursor?.hash)).toEqual([head.hash, head.hash]);
  expect(await watched.process.stop()).toBe(0);
});
