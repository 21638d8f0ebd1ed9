import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { oursOf, sameAsFresh, storeTells } from '../day/check.ts';
import { mineUntilDone } from '../harness/blocks.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { statusOf } from '../harness/told.ts';
import { startLab } from '../lab/anvil.ts';
import { beatenByOurselves, logTells } from './check.ts';
import { type ChaosDay, runDay } from './day.ts';
import { faults } from './faults.ts';

/** `pnpm chaos` gives others. */
const { CHAOS_SEED = '1', CHAOS_BLOCKS = '56', CHAOS_KILLS = '2', CHAOS_ONLY, CHAOS_ALL, CHAOS_LOG } = process.env;
const [SEED, BLOCKS, KILLS] = [CHAOS_SEED, CHAOS_BLOCKS, CHAOS_KILLS].map(Number) as [number, number, number];
const chosen = faults.filter(({ name, long, awaits }) =>
  CHAOS_ONLY ? CHAOS_ONLY.split(',').includes(name) : CHAOS_ALL || !(long || awaits),
);

describe(`a day of ${BLOCKS} blocks behind endpoints that fail, with ${KILLS} blows (pnpm chaos --seed ${SEED} --blocks ${BLOCKS} --kills ${KILLS})`, () => {
  let scene: Scene;
  let day: ChaosDay;

  beforeAll(async () => {
    console.log(`chaos: seed ${SEED}`);
    expect(chosen).not.toEqual([]);
    scene = await openScene(await startLab({ anvil: { autoImpersonate: true } }));
    await scene.client.setAutomine(false);
    const reorgs = Math.max(1, Math.floor(BLOCKS / 40));
    day = await runDay(scene, { seed: SEED, blocks: BLOCKS, reorgs, kills: KILLS, faults: chosen, patience: 5_000 });
    await mineUntilDone(scene, day.watched.process);
  });
  afterAll(async () => {
    if (CHAOS_LOG) writeFileSync(CHAOS_LOG, day.watched.lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
    await scene?.stop();
    await day?.stop();
  });

  test('the day was not empty, and no keeper ended by itself', () => {
    const { watched, script, schedule, reckoning, crashes, late } = day;
    const said = (msg: string) => watched.lines.filter((line) => line.msg === msg).length;
    const givenUp = watched.lines.filter(({ msg }) => msg.startsWith('this head is given up')).length;
    const numbers = { ...script.counts, faults: schedule.faults.length, due: reckoning.due, sent: said('sent') };
    console.log(`chaos: ${JSON.stringify({ ...numbers, landed: said('landed'), late: late.length, givenUp })}`);
    console.log(`chaos: answers that faults have changed: ${JSON.stringify(day.met())}`);
    expect(crashes).toEqual([]);
    expect(said('landed')).toBeGreaterThan(BLOCKS / 20);
  });

  test('whoever was due was liquidated in time', () => {
    expect(day.reckoning.missed).toEqual([]);
  });

  test('accounts are those of a new keeper, which finds nothing left to liquidate', async () => {
    await sameAsFresh(scene, day.watched);
  });

  test('store and log tell of every liquidation on the chain, and of no other', async () => {
    await storeTells(scene, day.watched, day.from, day.lost);
    await logTells(scene, day);
  });

  test('none of ours failed because of another of ours', async () => {
    const ours = await oursOf(scene, day.from);
    expect(await beatenByOurselves(scene, day, ours)).toEqual([]);
  });

  test('status is of the newest head, and the keeper ends in order', async () => {
    const { hash } = await scene.client.getBlock();
    expect(day.watched.look((store) => store.readStatus()?.head.hash)).toBe(hash);
    expect((await statusOf(day.watched.process)).attempts.length).toBeGreaterThan(0);
    expect(await day.watched.process.stop()).toBe(0);
  });
});
