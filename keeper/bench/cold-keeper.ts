import { getAbiItem, type Hex, keccak256, toFunctionSelector } from 'viem';
import { liquidatorAbi } from '../src/bindings.ts';
import type { Endpoints } from '../src/chain/endpoints.ts';
import type { Head } from '../src/chain/head.ts';
import { parseFlags } from '../src/config/flags.ts';
import { readSettings } from '../src/config/read.ts';
import { runKeeper } from '../src/keeper.ts';
import { createLogger } from '../src/log/log.ts';
import { prepare } from '../src/preflight.ts';

// The process that the cold bench measures: a keeper with the flags it is given, its log in JSON on standard output, which
// tells its parent of each head what left it when.

/** A request of a head: when it began and ended, and how long this thread had been running by then, milliseconds since the head came. */
export type Asked = { method: string; from: number; to: number; running: number };
/**
 * A transaction that was sent: when; how much of the time until then the node alone was at work, in a rehearsal; and for how
 * long this thread was running.
 */
export type Left = { hash: Hex; at: number; rehearsing: number; running: number };
/** A head that the keeper is done with. */
export type HeadTaken = { number: number; sent: Left[]; asked: Asked[] };

const EXECUTE = toFunctionSelector(getAbiItem({ abi: liquidatorAbi, name: 'execute' }));

/** Milliseconds for which this thread has been running. */
function running(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

/** Listens to what goes to the endpoints, from the arrival of one head to that of the next. */
function listen(endpoints: Endpoints) {
  const { ask, onHead } = endpoints;
  const anew = () => ({ came: performance.now(), ran: running(), sent: [] as Left[], asked: [] as Asked[] });
  let now = anew();
  /** Rehearsals under way, and for how long this thread had not been running in all when the first of them began. */
  const rehearsals = { open: 0, since: 0, total: 0 };
  // By the thread's own clock: the event loop's count of its idle time leaves whole rehearsals out where the garbage collector ran.
  const idle = () => performance.now() - running();
  const rehearsed = () => rehearsals.total + (rehearsals.open > 0 ? idle() - rehearsals.since : 0);
  let before = 0;

  // The newest that any endpoint has said; heads come in turn here, as no block is mined before the last is done with.
  let newest = 0n;
  endpoints.onHead = (member, head) => {
    if (head.number > newest) {
      newest = head.number;
      now = anew();
      before = rehearsed();
    }
    onHead(member, head);
  };
  endpoints.ask = async (member, body, options) => {
    const { came, ran, sent, asked } = now;
    const span = {
      method: body.method,
      from: performance.now() - came,
      to: Number.POSITIVE_INFINITY,
      running: running() - ran,
    };
    asked.push(span);
    const isRehearsal = isOfPlan(body);
    if (isRehearsal) {
      span.method += ' of a plan';
      if (rehearsals.open === 0) rehearsals.since = idle();
      rehearsals.open += 1;
    }
    if (body.method === 'eth_sendRawTransaction') {
      const hash = keccak256((body.params as [Hex])[0]);
      sent.push({ hash, at: span.from, rehearsing: rehearsed() - before, running: span.running });
    }
    try {
      return await ask(member, body, options);
    } finally {
      span.to = performance.now() - came;
      if (isRehearsal) {
        rehearsals.total = rehearsed();
        rehearsals.open -= 1;
        rehearsals.since = idle();
      }
    }
  };
  return () => now;
}

/** Whether a request runs a plan without sending it. */
function isOfPlan({ method, params }: { method: string; params?: unknown }): boolean {
  if (method === 'eth_simulateV1') return true;
  if (method !== 'eth_call' && method !== 'eth_estimateGas') return false;
  const [{ data, input }] = params as [{ data?: Hex; input?: Hex }];
  return (data ?? input ?? '').startsWith(EXECUTE);
}

const { flags } = parseFlags(process.argv.slice(2), '') as { flags: Record<string, unknown> };
const settings = await readSettings({ flags, env: process.env });
const log = await createLogger({ format: 'json', level: settings.logLevel });
const ready = await prepare(settings, log);
const taken = listen(ready.chain.endpoints);

async function* heads(signal: AbortSignal): AsyncGenerator<Head, void> {
  for await (const head of ready.heads(signal)) {
    yield head;
    // Asked for the next, the keeper is done with this one.
    const { sent, asked } = taken();
    process.send!({ number: Number(head.number), sent, asked } satisfies HeadTaken);
  }
}
await runKeeper({ ...ready, heads }, new AbortController().signal, log);
