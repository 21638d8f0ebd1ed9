import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mineUntilDone } from '../harness/blocks.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { startLab } from '../lab/anvil.ts';
import { landedAgain, type Ours, onlyRivalsBeat, oursOf, sameAsFresh, sentTwice, storeTells } from './check.ts';
import { openScript, type Script } from './script.ts';
import { type Watched, watchKeeper } from './watched.ts';

const SEED = 1;
/** `pnpm test:long` takes a whole day. */
const [BLOCKS, REORGS] = process.env.LONG === 'true' ? [500, 12] : [160, 4];

describe(`a day of ${BLOCKS} blocks, people and reorgs (seed ${SEED})`, () => {
  let scene: Scene;
  let script: Script;
  let watched: Watched;
  let from: bigint;
  let ours: Ours[];

  beforeAll(async () => {
    scene = await openScene(await startLab({ anvil: { autoImpersonate: true } }));
    await scene.client.setAutomine(false);
    script = await openScript(scene, { seed: SEED, blocks: BLOCKS, reorgs: REORGS });
    from = (await scene.client.getBlockNumber({ cacheTime: 0 })) + 1n;
    watched = watchKeeper(scene, join(scene.folder, 'store.sqlite'), ['--max-in-flight', '24']);
    watched.start();
    for (let index = 0; index < BLOCKS; index++) {
      await watched.taken();
      const flying = watched.flying();
      await script.block(index, flying);
      if (!script.reorgs.has(index)) continue;
      await watched.taken();
      await script.after(index);
    }
    await mineUntilDone(scene, watched.process);
    ours = await oursOf(scene, from);
  });
  afterAll(() => scene?.stop());

  test('the day was not empty', () => {
    const said = (msg: string) => watched.lines.filter((line) => line.msg === msg).length;
    const numbers = {
      ...script.counts,
      sent: said('sent'),
      landed: said('landed'),
      unwound: said('unwound'),
      landedAgain: landedAgain(watched.lines),
      lost: said('lost'),
      cancelled: said('cancelled'),
      expired: said('expired'),
      givenUp: watched.lines.filter(({ level }) => level === 'error').length,
    };
    console.log(`day: ${JSON.stringify(numbers)}`);
    expect(numbers.reorgs).toBeGreaterThan(REORGS / 2);
    expect(numbers.landed).toBeGreaterThan(60);
    expect(numbers.landedAgain).toBeGreaterThan(3);
    expect(numbers.rivals).toBeGreaterThan(0);
  });

  test('accounts are those of a new keeper, which finds nothing left to liquidate', async () => {
    await sameAsFresh(scene, watched);
  });

  test('the store tells of every liquidation on the chain, and of no other', async () => {
    expect(await storeTells(scene, watched, from)).toBeGreaterThan(40);
  });

  test('nothing was on its way twice, and nothing reverted but behind a rival', async () => {
    expect(sentTwice(watched.lines)).toEqual([]);
    await onlyRivalsBeat(scene, ours, watched, from, script);
  });

  test('no nonce is left out, and the keeper ends in order', async () => {
    expect(ours.map(({ nonce }) => nonce)).toEqual(ours.map((_, index) => index));
    expect(await watched.process.stop()).toBe(0);
  });
});
