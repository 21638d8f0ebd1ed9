import type { Address, PublicClient } from 'viem';
import { birthBlock, hasCode } from '../chain/birth.ts';
import type { Chain } from '../chain/client.ts';
import type { Head } from '../chain/head.ts';
import type { LightBlock } from '../chain/journal.ts';
import { getLogsInRanges, type LogProgress } from '../chain/logs.ts';
import { eachEndpoint } from '../chain/other-endpoints.ts';
import { KeeperError } from '../config/error.ts';
import type { Logger } from '../log/log.ts';
import type { Market } from '../protocols/protocol.ts';
import { partsOf } from '../store/key.ts';
import type { Backfill, MarketStore } from '../store/markets.ts';
import type { LogReader } from './read-logs.ts';

/** Blocks below the head that are searched by number; those above may still be unwound and are followed by their hashes. */
const UNSETTLED = 64n;
/** Milliseconds between two words about the progress. */
const TELL_EVERY = 2_000;

/**
 * Every borrower from the market's first block to 64 blocks before `head`. Each range is saved as it comes, so that a run that
 * is cut short goes on after the last saved one.
 *
 * @returns those found in this run, lower case, the block the search ended at and its time (seconds), and the first it began with
 */
export async function findBorrowers(options: {
  chain: Chain;
  market: Market;
  reader: LogReader;
  store: MarketStore;
  from: bigint | undefined;
  range: number;
  saved: Backfill | undefined;
  head: Head;
  byNumber: (number: bigint) => Promise<Head>;
  signal: AbortSignal;
  log: Logger;
}): Promise<{ found: Set<Address>; end: LightBlock; endTime: bigint; fromBlock: bigint }> {
  const { chain, market, reader, store, head, range, signal, log } = options;
  // A search that began later than is asked for now begins anew.
  const saved =
    options.saved && options.from !== undefined && options.from < options.saved.fromBlock ? undefined : options.saved;
  const fromBlock =
    saved?.fromBlock ?? options.from ?? (await firstBlock(chain, partsOf(market.key).address, head, log));
  const start = saved?.nextBlock ?? fromBlock;
  if (start - 1n > head.number)
    throw new KeeperError(
      `the store has searched up to block ${start - 1n}, but the chain ends at ${head.number}: pass an endpoint that is in step, or another --store`,
    );
  // What was searched already is never searched less.
  const toBlock = most(most(head.number - UNSETTLED, 0n), start - 1n);

  const found = new Set<Address>();
  let told = Date.now();
  const tell = ({ block, rate, eta }: LogProgress) => {
    if (Date.now() - told < TELL_EVERY) return;
    told = Date.now();
    const numbers = { accounts: found.size, blocksPerSecond: Math.round(rate), secondsLeft: Math.round(eta) };
    log.info({ block, toBlock, ...numbers }, 'searching for borrowers');
  };
  const { addresses, events } = reader.history;
  const query = { address: addresses, events, fromBlock: start, toBlock, range, signal, onProgress: tell };
  for await (const part of getLogsInRanges(chain.client, query)) {
    const { borrowers } = reader.read(part.logs);
    const fresh = [...borrowers].filter((account) => !found.has(account));
    for (const account of fresh) found.add(account);
    const nextBlock = part.toBlock + 1n;
    store.commit({ found: fresh, backfill: { fromBlock, nextBlock, done: false } });
  }
  const { number, hash, parentHash, timestamp } = await options.byNumber(toBlock);
  const end: LightBlock = { number, hash, parentHash, touched: [], found: [] };
  const backfill = { fromBlock, nextBlock: toBlock + 1n, done: true };
  store.commit({ backfill, cursor: { number, hash, timestamp }, journal: { add: [end] } });
  return { found, end, endTime: timestamp, fromBlock };
}

/**
 * The block a market was created in. One endpoint's word is held against another's: a node without old state may answer as if
 * there had been no contract then.
 */
async function firstBlock(chain: Chain, address: Address, head: Head, log: Logger): Promise<bigint> {
  const first = await birthBlock(chain.client, address, head.number);
  const [other, last] = eachEndpoint(chain);
  const isEarlier = other && last && (first.block === undefined || (await hadCode(other, address, first.block - 1n)));
  const birth = isEarlier ? await birthBlock(other, address, head.number) : first;
  if (birth.block !== undefined) return birth.block;
  log.warn(
    { reason: first.reason ?? birth.reason },
    'creation block unknown, searching from block 0; --from-block shortens it',
  );
  return 0n;
}

/** What cannot be asked is not known to be so. */
const hadCode = async (client: PublicClient, address: Address, block: bigint): Promise<boolean> =>
  block >= 0n && (await hasCode(client, address, block).catch(() => false));

const most = (a: bigint, b: bigint) => (a > b ? a : b);
