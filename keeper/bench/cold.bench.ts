import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { gunzipSync } from 'node:zlib';
import { type Address, type Hex, hexToBytes, keccak256, numberToHex, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { deploy } from '../../test-fork/harness/deploy.ts';
import { labFlags } from '../../test-fork/harness/keeper.ts';
import { BLOCK_SECONDS, type Lab, startAnvil, startLab } from '../../test-fork/lab/anvil.ts';
import { labAddress } from '../../test-fork/lab/borrowers.ts';
import { setPrice, testClient } from '../../test-fork/lab/chain.ts';
import { root } from '../../test-fork/lab/paths.ts';
import type { HeadTaken } from './cold-keeper.ts';
import { median, type Row } from './row.ts';

/** Takes minutes: it runs only where its word is given. */
export const slow = true;

/** Runs over each transport. */
const RUNS = Number(process.env.COLD_RUNS ?? 40);
/** Heads at which nothing is to be done, before the one that is measured. */
const QUIET = 100;
/** What ether falls to, USD with 8 decimals: 56 of the lab's accounts are underwater then. */
const CRASH = 1_700n * 10n ** 8n;
/** The part of a head's planned profit that must be out. */
const PART = 0.9;
const ETHER = 10n ** 18n;
const KEY = keccak256(stringToHex('plimsoll bench operator'));
/** Most heads that the accounts' history takes to be found, milliseconds. */
const PATIENCE = 60_000;

type Kind = 'http' | 'ws';
/** A transaction as it was sent once, to be sent again. */
type Sent = { from: Address; to: Address; input: Hex; value: Hex; gas: Hex };
/** The lab with a Liquidator, as a file that a node begins with, and the block of the crash, not yet mined. */
type Prepared = {
  statePath: string;
  timestamp: number;
  lab: Pick<Lab, 'directory'>;
  liquidator: Address;
  crash: Sent[];
};
/** Milliseconds from the head until enough was out, less the node's own time in rehearsals; that time; what this took of the CPU. */
type Taken = { ms: number; rehearsal: number; running: number; calls: string };

/**
 * A crash that meets a keeper which has just started: a fresh process, 100 quiet heads on a node of this machine that forks no
 * other, then 56 accounts underwater at once. From the arrival of that head in the process until the transactions with 90 % of
 * the profit that it planned at that head are out, less the time in which nobody but the node was at work, in a rehearsal.
 *
 * @throws when nothing is sent at the head of the crash
 */
export default async function coldBench(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  try {
    const prepared = await prepareChain(folder);
    const taken: Record<Kind, Taken[]> = { http: [], ws: [] };
    // In turns, so that whatever else the machine does meets both.
    for (let run = 0; run < RUNS; run++) {
      for (const kind of ['http', 'ws'] as const) taken[kind].push(await crash(prepared, kind));
    }
    return (['http', 'ws'] as const).flatMap((kind) => rowsOf(kind, taken[kind]));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function rowsOf(kind: Kind, runs: readonly Taken[]): Row[] {
  const sorted = runs.toSorted((a, b) => a.ms - b.ms);
  const [middle, last] = [sorted[sorted.length >> 1]!, sorted.at(-1)!];
  const name = `head-to-signed.cold.${kind}`;
  return [
    { name: `${name}.ms.p50`, value: middle.ms, unit: 'ms', target: 45, note: middle.calls },
    { name: `${name}.ms.max`, value: last.ms, unit: 'ms', target: 90, note: last.calls },
    { name: `${name}.rehearsal.ms`, value: median(runs.map(({ rehearsal }) => rehearsal)), unit: 'ms' },
    {
      name: `${name}.cpu.ms`,
      value: median(runs.map(({ running }) => running)),
      unit: 'ms',
      note: 'for which the thread of the keeper ran, whatever else the machine did',
    },
  ];
}

/** Deploys on the lab, keeps the state, and learns what a crash's block holds by letting one happen. */
async function prepareChain(folder: string): Promise<Prepared> {
  const lab = await startLab({ anvil: { autoImpersonate: true } });
  try {
    const { client } = lab;
    const [owner, treasury] = [labAddress(0, 'owner'), labAddress(0, 'treasury')];
    const operator = privateKeyToAccount(KEY).address;
    await client.setBalance({ address: owner, value: 10n * ETHER });
    await client.setBalance({ address: operator, value: 1_000n * ETHER });
    // Who moves the price wraps ether for it.
    await client.setBalance({ address: labAddress(0, 'arbitrageur'), value: 10n ** 30n });
    const { liquidator } = await deploy(lab.url, owner, { owner, treasury, operators: [operator] });
    // A keeper looks some way back for the block that its own begin with. Of two genesis blocks, the lab's and this node's, a node
    // that loads the state may take either.
    await client.mine({ blocks: 2 * QUIET });
    const state = gunzipSync(hexToBytes(await client.dumpState()));
    const statePath = join(folder, 'state.json');
    writeFileSync(statePath, state);
    const { timestamp } = await client.getBlock();
    await setPrice(lab, 'WETH', CRASH);
    const { transactions } = await client.getBlock({ includeTransactions: true });
    const crash = transactions.map(({ from, to, input, value, gas }) => {
      return { from, to: to!, input, value: numberToHex(value), gas: numberToHex(gas) };
    });
    return { statePath, timestamp: Number(timestamp), lab, liquidator, crash };
  } finally {
    await lab.stop();
  }
}

async function crash({ statePath, timestamp, lab, liquidator, crash }: Prepared, kind: Kind): Promise<Taken> {
  const { chainId } = lab.directory;
  const node = await startAnvil({ loadState: statePath, chainId, timestamp, autoImpersonate: true });
  const client = testClient(node.url);
  await client.setBlockTimestampInterval({ interval: BLOCK_SECONDS });
  await client.setAutomine(false);
  const url = kind === 'ws' ? node.wsUrl : node.url;
  const keeper = startKeeper([...labFlags(lab.directory, url), '--liquidator', liquidator]);
  try {
    await keeper.next();
    for (let quiet = 0; quiet < QUIET; quiet++) {
      await client.mine({ blocks: 1 });
      await keeper.next();
    }
    for (const { input: data, ...transaction } of crash) {
      await client.request({ method: 'eth_sendTransaction', params: [{ ...transaction, data }] });
    }
    await client.mine({ blocks: 1 });
    return takenOf(await keeper.next(), keeper.planned);
  } finally {
    await keeper.stop();
    await node.stop();
  }
}

/** @param planned - what each transaction is planned to bring, ether */
function takenOf({ sent, asked }: HeadTaken, planned: ReadonlyMap<Hex, number>): Taken {
  const worth = sent.map(({ hash }) => planned.get(hash) ?? 0);
  const wanted = PART * worth.reduce((sum, each) => sum + each, 0);
  let out = 0;
  const enough = sent.find((_, index) => {
    out += worth[index]!;
    return out >= wanted;
  });
  if (!enough || wanted <= 0) throw new Error('nothing was sent at the head of the crash');
  const { at, rehearsing, running } = enough;
  const calls = asked
    .filter(({ from }) => from <= at)
    .map(({ method, from, to, running }) => `${from.toFixed(1)}-${to.toFixed(1)} (${running.toFixed(1)}) ${method}`);
  return { ms: at - rehearsing, rehearsal: rehearsing, running, calls: calls.join('; ') };
}

/** A keeper in a new process, what it says of its heads, and what it logs of what it sends. */
function startKeeper(flags: readonly string[]) {
  const always = ['--store', 'memory', '--log-level', 'info', '--polling-interval', '50'];
  const child: ChildProcess = fork(join(import.meta.dirname, 'cold-keeper.ts'), [...flags, ...always], {
    cwd: root,
    // Its own are this process's: tools/bench.mjs gives them the keeper's.
    execArgv: process.execArgv,
    env: { ...process.env, PLIMSOLL_PRIVATE_KEY: KEY },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const planned = new Map<Hex, number>();
  const lines = createInterface({ input: child.stdout! });
  lines.on('line', (text) => {
    const { msg, hash, net } = JSON.parse(text) as { msg: string; hash: Hex; net: string };
    if (msg === 'sent') planned.set(hash, Number(net));
  });
  const ended = once(child, 'exit');
  return {
    planned,
    /** The next head that it is done with, when all that it logged until then is read. */
    async next(): Promise<HeadTaken> {
      const [taken] = await Promise.race([
        once(child, 'message', { signal: AbortSignal.timeout(PATIENCE) }),
        ended.then(([code]) => {
          throw new Error(`the keeper ended with code ${code}`);
        }),
      ]);
      const { sent } = taken as HeadTaken;
      while (sent.some(({ hash }) => !planned.has(hash)))
        await once(lines, 'line', { signal: AbortSignal.timeout(PATIENCE) });
      return taken as HeadTaken;
    },
    async stop(): Promise<void> {
      child.kill('SIGKILL');
      await ended;
    },
  };
}
