import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { mineUntilDone } from '../harness/blocks.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { startLab } from '../lab/anvil.ts';
import { random } from '../lab/random.ts';
import { landedAgain, type Ours, onlyRivalsBeat, oursOf, sameAsFresh, sentTwice, storeTells } from './check.ts';
import { openScript, type Script } from './script.ts';
import { type Watched, watchKeeper } from './watched.ts';

/** `pnpm test:long` takes the very day of day.test.ts; a shorter one has every kind of kill and reorg too. */
const whole = process.env.LONG === 'true';
const [SEED, BLOCKS, REORGS, KILLS] = whole ? [1, 500, 12, 25] : [2, 90, 2, 6];
/** Every third is killed again while it starts: while it looks for borrowers, reads them, takes up what it had sent. */
const AGAIN = 3;
/** Milliseconds within which it is killed: after the block, or, every other time, after the first plan that it makes for it. */
const WHILE_IT_ACTS = 400;
const WHILE_IT_SENDS = 40;
/** Milliseconds after its first line within which it is killed as it starts. */
const WHILE_IT_STARTS = 1_500;
/** Most blocks that come while no keeper runs. */
const DARK = 4;

describe(`${whole ? 'the same' : 'a'} day, with ${KILLS} kill -9 (seed ${SEED})`, () => {
  let scene: Scene;
  let script: Script;
  let watched: Watched;
  let from: bigint;
  let ours: Ours[];
  let kills = 0;

  beforeAll(async () => {
    scene = await openScene(await startLab({ anvil: { autoImpersonate: true } }));
    await scene.client.setAutomine(false);
    script = await openScript(scene, { seed: SEED, blocks: BLOCKS, reorgs: REORGS });
    from = (await scene.client.getBlockNumber({ cacheTime: 0 })) + 1n;
    // Small ranges: the search through the past takes long enough to be cut short.
    const flags = ['--max-in-flight', '24', '--log-range', '3'];
    watched = watchKeeper(scene, join(scene.folder, 'store.sqlite'), flags, scene.wsUrl);
    watched.start();

    const rng = random(3);
    const step = Math.floor(BLOCKS / KILLS);
    const instants = new Map(
      Array.from({ length: KILLS }, (_, index) => {
        const near = script.moves.filter((block) => Math.floor(block / step) === index);
        // Rather when the price has just moved and there is something to do.
        const at = near[0] ?? index * step + Math.floor(rng.next() * step);
        // Not all by the clock: on a slow machine it would be dead before it sends anything.
        const sends = index % 2 === 1;
        const after = rng.between(0, sends ? WHILE_IT_SENDS : WHILE_IT_ACTS);
        return [at, { sends, after, dark: Math.floor(rng.next() * (DARK + 1)) }] as const;
      }),
    );
    await dieAtStart(rng.between(0, WHILE_IT_STARTS));
    let running = true;
    for (let index = 0, dark = 0; index < BLOCKS; index++) {
      if (running) await watched.taken();
      await script.block(index, running ? watched.flying() : []);
      if (script.reorgs.has(index)) {
        if (running) await watched.taken();
        await script.after(index);
      }
      const instant = instants.get(index);
      if (instant && running) {
        if (instant.sends) await watched.acts();
        await sleep(instant.after);
        await watched.kill();
        kills += 1;
        running = false;
        dark = instant.dark;
      } else dark -= 1;
      if (running || dark > 0) continue;
      watched.start();
      running = true;
      if (kills % AGAIN === 0) await dieAtStart(rng.between(0, WHILE_IT_STARTS));
    }
    // The day may end in the dark.
    if (!running) watched.start();
    await mineUntilDone(scene, watched.process);
    ours = await oursOf(scene, from);
  }, 1_500_000);
  afterAll(() => scene?.stop());

  async function dieAtStart(after: number): Promise<void> {
    await watched.process.waitFor(({ msg }) => msg === 'ready');
    await sleep(after);
    await watched.kill();
    kills += 1;
    watched.start();
  }

  test('the day was not empty', () => {
    const said = (msg: string) => watched.lines.filter((line) => line.msg === msg).length;
    const told = {
      ...{ sent: said('sent'), takenUp: said('taken up'), landed: said('landed'), unwound: said('unwound') },
      ...{ lost: said('lost'), reverted: said('reverted'), cancelled: said('cancelled') },
      ...{ expired: said('expired'), replaced: said('replaced') },
    };
    const numbers = { ...script.counts, kills, ...told, landedAgain: landedAgain(watched.lines) };
    console.log(`killed: ${JSON.stringify(numbers)}`);
    expect(kills).toBeGreaterThanOrEqual(KILLS);
    expect(numbers.reorgs).toBeGreaterThan(REORGS / 2);
    expect(numbers.landed).toBeGreaterThan(40);
    expect(numbers.takenUp).toBeGreaterThan(0);
    expect(numbers.replaced).toBe(0);
  });

  test('accounts are those of a new keeper, which finds nothing left to liquidate', async () => {
    await sameAsFresh(scene, watched);
  });

  test('the store tells of every liquidation on the chain, and of no other', async () => {
    expect(await storeTells(scene, watched, from)).toBeGreaterThan(30);
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
