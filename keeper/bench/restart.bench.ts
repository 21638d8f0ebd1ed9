import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { labFlags, startKeeper } from '../../test-fork/harness/keeper.ts';
import { type Lab, startLab } from '../../test-fork/lab/anvil.ts';
import { median, type Row } from './row.ts';
import { inventAccounts, stock } from './stock.ts';

const RUNS = 5;
/** What a run of 10,000 accounts may be told apart by: the rest of the time is the process itself. */
const SIZES: [string, number, number | undefined][] = [
  ['none', 0, undefined],
  ['10k', 10_000, undefined],
  ['100k', 100_000, 5_000],
];

/**
 * A keeper of its own process on a store that holds a market: milliseconds from its start to the first head judged, and the
 * memory it then holds. With no account, it is what the process and its modules take.
 */
export default async function restartBench(): Promise<Row[]> {
  const lab = await startLab();
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  const rows: Row[] = [];
  try {
    for (const [name, size, target] of SIZES) {
      const path = join(folder, name);
      await stock(lab, path, inventAccounts(size));
      const runs: { ms: number; mb: number }[] = [];
      for (let run = 0; run < RUNS; run++) {
        await lab.client.mine({ blocks: 1 });
        runs.push(await restart(lab, path, size));
      }
      const met = target ? { target } : {};
      rows.push({ name: `restart.ms.${name}`, value: median(runs.map(({ ms }) => ms)), unit: 'ms', ...met });
      if (size < 100_000) continue;
      rows.push({ name: `restart.rss-mb.${name}`, value: median(runs.map(({ mb }) => mb)), unit: 'MB', target: 600 });
    }
    return rows;
  } finally {
    rmSync(folder, { recursive: true });
    await lab.stop();
  }
}

async function restart(lab: Lab, path: string, size: number): Promise<{ ms: number; mb: number }> {
  const from = performance.now();
  const flags = ['--dry-run', '--store', path, '--log-level', 'debug', '--polling-interval', '50'];
  const keeper = startKeeper([...labFlags(lab.directory, lab.url), ...flags]);
  try {
    const { accounts } = await keeper.waitFor(({ msg }) => msg === 'head');
    const ms = performance.now() - from;
    if ((accounts as number) < size) throw new Error(`the keeper took up ${accounts} accounts of ${size}`);
    const status = readFileSync(`/proc/${keeper.child.pid}/status`, 'utf8');
    return { ms, mb: (Number(/VmRSS:\s+(\d+) kB/.exec(status)![1]) * 1024) / 1e6 };
  } finally {
    await keeper.stop();
  }
}
