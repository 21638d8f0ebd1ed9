import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Head } from '../src/chain/head.ts';
import { parseFlags } from '../src/config/flags.ts';
import { readSettings } from '../src/config/read.ts';
import { runKeeper } from '../src/keeper.ts';
import { createLogger } from '../src/log/log.ts';
import { prepare } from '../src/preflight.ts';

// The process that the endurance bench measures: a keeper with the flags it is given. It tells its parent of each head that it is
// done with, and how it stands whenever it is asked.

/** What a process holds, after a whole collection of its garbage: MB, and how many things are open or due. */
export type Held = { rssMb: number; handles: number; timers: number; lagMs: number };
/** What it says: the number of a head that it is done with, or what it holds. */
export type Said = { head: number } | { held: Held };

const { flags } = parseFlags(process.argv.slice(2), '') as { flags: Record<string, unknown> };
const settings = await readSettings({ flags, env: process.env });
const log = await createLogger({ format: 'json', level: settings.logLevel });
const ready = await prepare(settings, log);
const lag = monitorEventLoopDelay({ resolution: 5 });
lag.enable();
process.on('message', () => process.send!({ held: heldBy(lag) } satisfies Said));

async function* heads(signal: AbortSignal): AsyncGenerator<Head, void> {
  for await (const head of ready.heads(signal)) {
    yield head;
    // Asked for the next, the keeper is done with this one.
    process.send!({ head: Number(head.number) } satisfies Said);
  }
}
await runKeeper({ ...ready, heads }, new AbortController().signal, log);

function heldBy(lag: ReturnType<typeof monitorEventLoopDelay>): Held {
  const lagMs = lag.percentile(99) / 1e6;
  // Twice: what a finalizer lets go of is collected by the second.
  for (let pass = 0; pass < 2; pass++) globalThis.gc!();
  lag.reset();
  const resources = process.getActiveResourcesInfo();
  const timers = resources.filter((kind) => kind === 'Timeout').length;
  return { rssMb: process.memoryUsage.rss() / 2 ** 20, handles: resources.length - timers, timers, lagMs };
}
