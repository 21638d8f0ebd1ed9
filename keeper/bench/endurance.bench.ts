import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { openScript } from '../../test-fork/day/script.ts';
import { labFlags } from '../../test-fork/harness/keeper.ts';
import { openScene, type Scene } from '../../test-fork/harness/scene.ts';
import { startLab } from '../../test-fork/lab/anvil.ts';
import { root } from '../../test-fork/lab/paths.ts';
import type { Held, Said } from './endurance-keeper.ts';
import type { Row } from './row.ts';

/** Takes minutes: it runs only where its word is given. */
export const slow = true;

const [EMPTY, BUSY] = [20_000, 2_000];
/** How often a process is asked what it holds. */
const SAMPLES = 40;
/** Milliseconds for one head. */
const PATIENCE = 120_000;

/**
 * What a keeper holds after many blocks: 20,000 in which nothing happens, and 2,000 of a day with people, prices and liquidations. By
 * least squares over the last three quarters, since the first fills caches; in a process of its own, after a whole collection.
 *
 * @throws when the keeper ends, or does not take a head
 */
export default async function enduranceBench(): Promise<Row[]> {
  const empty = await measure(async (scene, each) => {
    for (let block = 0; block < EMPTY; block++) {
      await scene.client.mine({ blocks: 1 });
      await each(block, EMPTY);
    }
  });
  const busy = await measure(async (scene, each) => {
    const script = await openScript(scene, { seed: 1, blocks: BUSY, reorgs: 0 });
    for (let block = 0; block < BUSY; block++) {
      await script.block(block);
      await each(block, BUSY);
    }
  });
  return [
    growth('empty', empty, EMPTY),
    growth('busy', busy, BUSY),
    quarters('handles', [empty, busy]),
    quarters('timers', [empty, busy]),
    {
      name: 'endurance.loop-lag.ms.p99',
      value: Math.max(...busy.map(({ lagMs }) => lagMs)),
      unit: 'ms',
      note: 'of the busy blocks, the worst fortieth of them',
    },
  ];
}

/** Runs a keeper over the blocks, and asks it at even distances what it holds. */
async function measure(
  blocks: (scene: Scene, each: (block: number, of: number) => Promise<void>) => Promise<void>,
): Promise<Held[]> {
  const lab = await startLab({ anvil: { autoImpersonate: true } });
  const scene = await openScene(lab);
  const keeper = startKeeper(scene);
  const samples: Held[] = [];
  try {
    await scene.client.setAutomine(false);
    await blocks(scene, async (block, of) => {
      await keeper.taken(Number(await scene.client.getBlockNumber({ cacheTime: 0 })));
      if ((block + 1) % (of / SAMPLES) === 0) samples.push(await keeper.held());
    });
  } finally {
    await keeper.stop();
    await scene.stop();
  }
  return samples;
}

function startKeeper({ directory, wsUrl, liquidator, folder, key }: Scene) {
  const always = ['--liquidator', liquidator, '--store', join(folder, 'store.sqlite'), '--log-level', 'error'];
  const child: ChildProcess = fork(
    join(import.meta.dirname, 'endurance-keeper.ts'),
    [...labFlags(directory, wsUrl), ...always],
    {
      cwd: root,
      // Its own are this process's: tools/bench.mjs gives them the keeper's.
      execArgv: process.execArgv,
      env: { ...process.env, PLIMSOLL_PRIVATE_KEY: key },
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    },
  );
  const ended = once(child, 'exit');
  let newest = 0;
  child.on('message', (said: Said) => {
    if ('head' in said) newest = said.head;
  });
  const next = async (): Promise<Said> => {
    const over = ended.then(([code]) => {
      throw new Error(`the keeper ended with code ${code}`);
    });
    const [said] = await Promise.race([once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) }), over]);
    return said as Said;
  };
  return {
    async taken(head: number): Promise<void> {
      while (newest < head) await next();
    },
    async held(): Promise<Held> {
      child.send('held');
      for (;;) {
        const said = await next();
        if ('held' in said) return said.held;
      }
    },
    async stop(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** MB that a process grows by in 1,000 blocks. */
function growth(kind: string, samples: readonly Held[], blocks: number): Row {
  const last = samples.slice(samples.length / 4);
  const points = last.map(({ rssMb }, index) => ({ x: (index * blocks) / samples.length / 1_000, y: rssMb }));
  const mean = (of: (point: { x: number; y: number }) => number) =>
    points.reduce((sum, point) => sum + of(point), 0) / points.length;
  const [x, y] = [mean((point) => point.x), mean((point) => point.y)];
  const slope = mean((point) => (point.x - x) * (point.y - y)) / mean((point) => (point.x - x) ** 2);
  const note = `from ${samples[0]!.rssMb.toFixed(0)} to ${samples.at(-1)!.rssMb.toFixed(0)} MB in ${blocks} blocks`;
  return { name: `endurance.${kind}.rss-mb-per-1k`, value: slope, unit: 'MB', target: 1, note };
}

/** How far apart the numbers of open things are at the ends of the quarters. */
function quarters(what: 'handles' | 'timers', runs: readonly (readonly Held[])[]): Row {
  const at = runs.map((samples) => [1, 2, 3, 4].map((quarter) => samples[(samples.length * quarter) / 4 - 1]![what]));
  const value = Math.max(...at.map((numbers) => Math.max(...numbers) - Math.min(...numbers)));
  const note = `at the quarters of the empty and of the busy blocks: ${at.map((numbers) => numbers.join(' ')).join('; ')}`;
  return { name: `endurance.${what}`, value, unit: 'more', target: 0, note };
}
