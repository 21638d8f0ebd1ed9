import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Address, encodeFunctionData, keccak256, numberToHex, parseAbi, stringToHex } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { deploy } from '../../test-fork/harness/deploy.ts';
import { labFlags } from '../../test-fork/harness/keeper.ts';
import { type Lab, startLab } from '../../test-fork/lab/anvil.ts';
import { labAddress } from '../../test-fork/lab/borrowers.ts';
import type { Endpoints } from '../src/chain/endpoints.ts';
import { type Head, headOf } from '../src/chain/head.ts';
import { parseFlags } from '../src/config/flags.ts';
import { readSettings } from '../src/config/read.ts';
import { runKeeper } from '../src/keeper.ts';
import { createLogger } from '../src/log/log.ts';
import { prepare } from '../src/preflight.ts';
import type { Account } from '../src/protocols/protocol.ts';
import { openAccounts } from './crowd.ts';
import { median, type Row } from './row.ts';
import { inventAccounts, inventDust, stock } from './stock.ts';
import { roundTrips } from './transport.ts';

const ACCOUNTS = 100_000;
/** Real accounts that come under water at each head. */
const DUE = 20;
/** Takes minutes: it runs only where its word is given. */
export const slow = true;

/** Heads that are measured, as many where two markets are compared, and those before them that warm process and node. */
const [HEADS, COMPARED, WARM] = [300, 60, 10];
const ETHER = 10n ** 18n;
const PRICE = 2_000;
const THRESHOLD = 0.83;
/**
 * Health of the accounts that are due at the n-th head, at the price the lab begins with; they are a hair apart. The price falls
 * by so little in all that nobody is due a second time.
 */
const healthOf = (n: number) => 1.04 + STEP * n;
const [STEP, HAIR] = [0.0004, 0.00001];

/** What one head took: milliseconds until the transaction left, of them with a request under way, and the requests. */
type Taken = { ms: number; waiting: number; requests: number; calls: string[] };
/** The heads of one run, over the transport that was fastest, and what a request took over each, milliseconds. */
type Run = { heads: Taken[]; fastest: string; trips: Record<string, number> };

/**
 * From a head's arrival in the process to the request that carries the signed transaction, in a market of 100,000 accounts of
 * which twenty more come under water at every head; the keeper itself, in this process, handed the heads, on a node of this
 * machine, over whatever is fastest to reach it. Then the same with 100,000 accounts of dust on top.
 */
export default async function headBench(): Promise<Row[]> {
  const { heads: plain, fastest, trips } = await measure(inventAccounts(ACCOUNTS), HEADS);
  const { heads: dusty } = await measure([...inventAccounts(ACCOUNTS), ...inventDust(ACCOUNTS)], COMPARED);
  const sorted = plain.map(({ ms }) => ms).sort((a, b) => a - b);
  const requests = median(plain.map(({ requests }) => requests));
  const calls = plain.find((one) => one.requests === requests)!.calls;
  const p99 = sorted[Math.floor(0.99 * sorted.length)]!;
  const note = `the keeper's node over ${fastest}`;
  return [
    ...Object.entries(trips).map(([kind, value]) => ({ name: `round-trip.${kind}.ms`, value, unit: 'ms' })),
    { name: 'head-to-signed.ms.p50.100k', value: median(sorted), unit: 'ms', target: 14, note },
    { name: 'head-to-signed.ms.p99.100k', value: p99, unit: 'ms', target: 30, note },
    {
      name: 'head-to-signed.own.ms.p50.100k',
      value: median(plain.map(({ ms, waiting }) => ms - waiting)),
      unit: 'ms',
      target: 5,
      note: 'less the time with a request under way',
    },
    { name: 'head-to-signed.waiting.ms', value: median(plain.map(({ waiting }) => waiting)), unit: 'ms' },
    { name: 'head-to-signed.requests', value: requests, unit: 'requests', note: calls.join('; ') },
    {
      name: 'dust.head-ratio',
      value: median(dusty.map(({ ms }) => ms)) / median(plain.slice(0, COMPARED).map(({ ms }) => ms)),
      unit: 'times',
      target: 1.25,
      note: 'head-to-signed with 100,000 accounts of dust more, against without; every real one is found and lands in both',
    },
  ];
}

/** @param count - heads to measure */
async function measure(accounts: readonly Account[], count: number): Promise<Run> {
  const all = count + WARM;
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  const ipc = join(folder, 'anvil.ipc');
  const lab = await startLab({ anvil: { autoImpersonate: true, ipc } });
  try {
    const path = join(folder, 'store');
    await stock(lab, path, accounts);
    const key = keccak256(stringToHex('plimsoll bench operator'));
    const liquidator = await prepareChain(lab, privateKeyToAccount(key).address, all);
    const always = ['--liquidator', liquidator, '--store', path, '--log-level', 'silent'];
    const urls: Record<string, string> = { http: lab.url, ws: lab.wsUrl, ipc };
    const trips = await roundTrips(urls, lab.directory);
    const fastest = Object.keys(urls).reduce((one, other) => (trips[other]! < trips[one]! ? other : one));
    const { flags } = parseFlags([...labFlags(lab.directory, urls[fastest]!), ...always], '') as {
      flags: Record<string, unknown>;
    };
    const heads = await drive(lab, await readSettings({ flags, env: { PLIMSOLL_PRIVATE_KEY: key } }), all);
    return { heads: heads.slice(WARM), fastest, trips };
  } finally {
    rmSync(folder, { recursive: true });
    await lab.stop();
  }
}

/** Deploys, and opens the accounts, those of each head a little nearer to the line than those of the next. */
async function prepareChain(lab: Lab, operator: Address, all: number): Promise<Address> {
  const { client } = lab;
  const [owner, treasury] = [labAddress(0, 'owner'), labAddress(0, 'treasury')];
  await client.setBalance({ address: owner, value: 10n * ETHER });
  await client.setBalance({ address: operator, value: 1_000n * ETHER });
  const { liquidator } = await deploy(lab.url, owner, { owner, treasury, operators: [operator] });
  await client.setAutomine(false);
  const wanted = Array.from({ length: all * DUE }, (_, index) => {
    const collateral = 1 + (index % 4);
    const health = healthOf(Math.floor(index / DUE)) + HAIR * (index % DUE);
    return {
      collateral,
      debt: (collateral * PRICE * THRESHOLD) / health,
      of: index % 3 === 2 ? 'DAI' : 'USDC',
    } as const;
  });
  await openAccounts(lab, wanted);
  return liquidator;
}

/** The oracle's price alone, USD with 8 decimals, in the next block. */
async function setFeed({ client, directory }: Lab, price: bigint): Promise<void> {
  const data = encodeFunctionData({ abi: parseAbi(['function set(int256)']), functionName: 'set', args: [price] });
  const fees = { maxFeePerGas: numberToHex(10n ** 12n), maxPriorityFeePerGas: numberToHex(10n ** 10n) };
  const transaction = {
    from: labAddress(0, 'owner'),
    to: directory.feeds.WETH,
    data,
    gas: numberToHex(200_000),
    ...fees,
  };
  await client.request({ method: 'eth_sendTransaction', params: [transaction] });
}

async function drive(lab: Lab, settings: Awaited<ReturnType<typeof readSettings>>, all: number): Promise<Taken[]> {
  const { client } = lab;
  const log = await createLogger({ format: 'json', level: settings.logLevel });
  const ready = await prepare(settings, log);
  const wire = tap(ready.chain.endpoints);
  const taken: Taken[] = [];
  const mine = async (): Promise<Head> => {
    await client.mine({ blocks: 1 });
    return headOf(await client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }));
  };
  let n = 0;
  async function* heads(): AsyncGenerator<Head, void> {
    // Asked for again when all is over, for what is still on its way.
    while (n === all) yield await mine();
    for (; n < all; n++) {
      // Between those of this head and those of the next.
      const line = (healthOf(n) + HAIR * DUE + healthOf(n + 1)) / 2;
      const price = BigInt(Math.round((PRICE / line) * 1e8));
      await setFeed(lab, price);
      const head = await mine();
      const began = wire.begin();
      yield head;
      taken.push(wire.until(began));
      // What was sent lands.
      yield await mine();
    }
  }
  const summary = await runKeeper({ ...ready, heads }, new AbortController().signal, log);
  const due = all * DUE;
  if (summary.liquidated < due) throw new Error(`${summary.liquidated} of ${due} accounts were liquidated`);
  return taken;
}

/** Listens to what goes to the node. */
function tap(endpoints: Endpoints) {
  const plain = endpoints.ask;
  let spans: { from: number; to: number; method: string }[] = [];
  endpoints.ask = async (member, body, options) => {
    const span = { from: performance.now(), to: Number.POSITIVE_INFINITY, method: body.method };
    spans.push(span);
    try {
      return await plain(member, body, options);
    } finally {
      span.to = performance.now();
    }
  };
  return {
    begin() {
      spans = [];
      return performance.now();
    },
    until(began: number): Taken {
      const end = spans.findIndex(({ method }) => method === 'eth_sendRawTransaction');
      if (end < 0) throw new Error('nothing was sent at this head');
      const sent = spans[end]!.from;
      const before = spans.slice(0, end);
      let [waiting, seen] = [0, began];
      for (const { from, to } of before) {
        waiting += Math.max(0, Math.min(to, sent) - Math.max(from, seen));
        seen = Math.max(seen, Math.min(to, sent));
      }
      const calls = before.map(
        ({ from, to, method }) => `${(from - began).toFixed(1)}-${(to - began).toFixed(1)} ${method}`,
      );
      return { ms: sent - began, waiting, requests: before.length, calls };
    },
  };
}
