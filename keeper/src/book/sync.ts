import { isDeepStrictEqual } from 'node:util';
import { type Address, numberToHex } from 'viem';
import { type Head, headOf } from '../chain/head.ts';
import { createJournal, type Journal } from '../chain/journal.ts';
import type { Account, Market, MarketState } from '../protocols/protocol.ts';
import type { MarketStore } from '../store/markets.ts';
import { findBorrowers } from './backfill.ts';
import type { Book } from './book.ts';
import type { Missed } from './missed.ts';
import { type LogReader, logReaderOf } from './read-logs.ts';
import { decodeRow, encodeRow } from './row.ts';
import type { TrackerOptions } from './tracker.ts';

/** A market as it is tracked: what the functions of this room work on. */
export type Tracked = {
  readonly options: TrackerOptions;
  readonly book: Book;
  /** Opened anew when a log says that what it was opened with has changed. */
  market: Market;
  reader: LogReader;
  /** Undefined until it is first read. */
  state: MarketState | undefined;
  journal: Journal;
  /** Time of the newest remembered block, seconds. */
  tipTime: bigint;
  /** What logs say that came after their block. */
  missed: Missed;
  /** Remembered blocks that a resync has given up. */
  forgotten: number;
  /** Where the next accounts are that are read again without a log. */
  rotation: number;
  /** Accounts that the last head read again. */
  touched: number;
  /** The first block that was searched for borrowers. */
  fromBlock: bigint;
};

/** Accounts read at once when a market is read whole. */
const BATCH = 2_000;
/** Accounts that are read again at a time although no log named them: what changed silently is found in the end. */
const ROTATION = 16;

/** An account as the store keeps it. */
export const rowOf = (account: Account) => [account.address, encodeRow(account)] as const;

/** Asks the chain for blocks. */
export const blocksOf = ({ chain: { client } }: Pick<TrackerOptions, 'chain'>) => ({
  byNumber: (number: bigint) =>
    client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] }).then(headOf),
  byHash: (hash: Head['hash']) => client.request({ method: 'eth_getBlockByHash', params: [hash, false] }).then(headOf),
});

/** The market as it is at a block, and how its logs are read from there on. */
export async function open(options: TrackerOptions, at: Head): Promise<Pick<Tracked, 'market' | 'reader'>> {
  const { chain, protocol, address, us, logs, store } = options;
  const market = await protocol.open(chain.client, address, us, at);
  const reader = logReaderOf(market.discovery);
  logs.want(store, reader.filter);
  return { market, reader };
}

/**
 * Searches what the store has not, and reads every account that was never read.
 *
 * @param saved - what the store has
 */
export async function sync(tracked: Tracked, saved: ReturnType<MarketStore['load']>): Promise<void> {
  const { options, book, market, reader } = tracked;
  const { chain, store, range, signal, log } = options;
  const unread: Address[] = [];
  for (const [address, row] of saved.accounts) {
    if (row) book.set(decodeRow(address, row));
    else unread.push(address);
  }
  tracked.journal = createJournal(saved.journal);
  tracked.tipTime = saved.cursor?.timestamp ?? 0n;
  tracked.fromBlock = saved.backfill?.fromBlock ?? 0n;
  const known = new Set(unread);
  const add = (found: Iterable<Address>) => {
    for (const address of found) if (!known.has(address) && !book.has(address)) unread.push(address);
  };
  const head = await options.head();
  if (!saved.backfill?.done) {
    const query = { chain, market, reader, store, from: options.fromBlock, range, saved: saved.backfill, signal, log };
    const { found, end, endTime, fromBlock } = await findBorrowers({
      ...query,
      head,
      byNumber: blocksOf(options).byNumber,
    });
    add(found);
    tracked.journal.add(end);
    tracked.tipTime = endTime;
    tracked.fromBlock = fromBlock;
  }
  add((await market.enumerate?.(chain.client, head)) ?? []);
  await readAll(tracked, unread);
}

async function readAll(tracked: Tracked, accounts: readonly Address[]): Promise<void> {
  const { options, book, market } = tracked;
  const { chain, store, signal, log } = options;
  for (let at = 0; at < accounts.length; at += BATCH) {
    signal.throwIfAborted();
    const state = await market.read(chain.client, await options.head());
    const read = await market.readAccounts(chain.client, state, accounts.slice(at, at + BATCH));
    for (const account of read.values()) book.set(account);
    store.commit({ rows: [...read.values()].map(rowOf) });
    tracked.state = state;
    if (accounts.length > BATCH) {
      log.info({ market: options.name, read: at + read.size, of: accounts.length }, 'reading accounts');
    }
  }
}

/** Gives up all that is known and reads everything again. Half read is not read: what fails begins anew at the next head. */
export async function resync(tracked: Tracked, head: Head): Promise<void> {
  const { options, book } = tracked;
  options.log.warn(
    { market: options.name, head: head.number },
    'none of the remembered blocks is on the chain any more: everything is read again',
  );
  tracked.forgotten += tracked.journal.blocks.length;
  options.store.clear();
  book.clear();
  tracked.missed.clear();
  try {
    Object.assign(tracked, await open(options, head));
    await sync(tracked, options.store.load());
  } catch (error) {
    tracked.journal = createJournal();
    throw error;
  }
}

/** Reads some accounts again at the tip, others each time: what changed without a log is found in the end. */
export async function reread(tracked: Tracked): Promise<void> {
  const { options, book, market, state, journal } = tracked;
  if (!state || state.block.hash !== journal.tip?.hash) return;
  const some = book.slice(tracked.rotation, ROTATION);
  const read = await market.readAccounts(options.chain.client, state, some);
  for (const account of read.values()) tellIfChanged(tracked, account, state.block.number);
  options.store.commit({ rows: [...read.values()].map(rowOf) });
  for (const account of read.values()) book.set(account);
  tracked.rotation = (tracked.rotation + ROTATION) % Math.max(1, book.size);
}

function tellIfChanged({ options, book, market }: Tracked, account: Account, head: bigint): void {
  if (market.changesSilently || isDeepStrictEqual(book.get(account.address), account)) return;
  options.log.warn(
    { market: options.name, account: account.address, head },
    'an account had changed without a log; it is corrected',
  );
}
