import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type Address, getAddress } from 'viem';
import { startLab } from '../../test-fork/lab/anvil.ts';
import { shareLogs } from '../src/book/share-logs.ts';
import { openTracker } from '../src/book/tracker.ts';
import { connect } from '../src/chain/client.ts';
import { headOf } from '../src/chain/head.ts';
import { createLogger } from '../src/log/log.ts';
import { aaveV3 } from '../src/protocols/aave-v3/index.ts';
import type { Account } from '../src/protocols/protocol.ts';
import { marketKey } from '../src/store/key.ts';
import { openStore } from '../src/store/store.ts';
import { crowd } from './crowd.ts';
import { type PlainAccount, plainSync } from './plain.ts';
import { median, type Row } from './row.ts';

const ACCOUNTS = 2_400;
const EMPTY_BLOCKS = 800;
/** Blocks a request, of both: as many requests as a year of Ethereum takes at 10,000 blocks each would be 260. */
const RANGE = 10;
const RUNS = 5;

/**
 * From nothing to every borrower read and kept: our tracker with a store file, against a program with viem alone.
 *
 * @throws when they do not find the same accounts with the same amounts
 */
export default async function syncBench(): Promise<Row[]> {
  // Without the states of all blocks: keeping them would make each block slower than the one before.
  const pruned = { preserveHistoricalStates: undefined, pruneHistory: 128 } as never;
  const lab = await startLab({ anvil: { autoImpersonate: true, noMining: true, ...(pruned as object) } });
  try {
    await crowd(lab, ACCOUNTS, EMPTY_BLOCKS);
    // Few of a market's borrowers are met in its newest blocks, which are followed one by one.
    await lab.client.mine({ blocks: 60 });
    const { pool, creationBlock } = lab.directory.aave;
    const of = { pool, fromBlock: BigInt(creationBlock), range: RANGE };
    const times: [number[], number[]] = [[], []];
    // In turns, so that whatever else the machine does meets both; the first turn warms node and process.
    for (let run = 0; run <= RUNS; run++) {
      const began = performance.now();
      const ours = await sync(lab.url, of);
      const between = performance.now();
      const theirs = await plainSync(lab.url, { ...of, range: BigInt(RANGE) });
      const ended = performance.now();
      if (ours.size < ACCOUNTS || !isDeepStrictEqual(ours, theirs)) {
        throw new Error(`${ours.size} accounts here and ${theirs.size} by viem alone, or other amounts`);
      }
      if (run === 0) continue;
      times[0].push(between - began);
      times[1].push(ended - between);
    }
    const [mine, viems] = times.map(median) as [number, number];
    return [
      { name: 'sync.ms', value: mine, unit: 'ms' },
      { name: 'sync.ratio-to-plain-viem', value: viems / mine, unit: 'times', target: 2, atLeast: true },
    ];
  } finally {
    await lab.stop();
  }
}

async function sync(url: string, { pool, fromBlock, range }: { pool: Address; fromBlock: bigint; range: number }) {
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  const log = await createLogger({ format: 'json', level: 'silent' });
  const chain = await connect({ rpc: [url], chain: undefined }, log);
  const store = openStore({ path: join(folder, 'store'), chainId: chain.id });
  try {
    const head = async () =>
      headOf(await chain.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }));
    const tracker = await openTracker({
      chain,
      protocol: aaveV3,
      name: 'lab',
      address: pool,
      us: { liquidator: pool, wrappedNative: pool },
      store: store.market(marketKey(aaveV3.id, pool)),
      logs: shareLogs(chain),
      fromBlock,
      range,
      head,
      signal: new AbortController().signal,
      log,
    });
    await tracker.advance(await head());
    return new Map(
      [...tracker.book.addresses()].map((address) => [getAddress(address), plainly(tracker.book.get(address)!)]),
    );
  } finally {
    store.close();
    rmSync(folder, { recursive: true });
  }
}

function plainly({ group, cells }: Account): PlainAccount {
  const account: PlainAccount = { eMode: group, debts: new Map(), collaterals: new Map() };
  for (const { slot, amount } of cells) account[slot % 2 === 0 ? 'debts' : 'collaterals'].set(slot >> 1, amount);
  return account;
}
