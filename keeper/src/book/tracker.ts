import { isDeepStrictEqual } from 'node:util';
import { type Address, numberToHex } from 'viem';
import { getBlockLogs } from '../chain/block-logs.ts';
import type { Chain } from '../chain/client.ts';
import { headOf } from '../chain/head.ts';
import type { Head } from '../chain/head.ts';
import { createJournal, JOURNAL_BLOCKS, type LightBlock, pathTo } from '../chain/journal.ts';
import { getLogsInRanges, type RawLog } from '../chain/logs.ts';
import type { Account, Market, MarketState, Option, Protocol } from '../protocols/protocol.ts';
import type { MarketKey, MarketStore } from '../store/market.ts';
import type { Logger } from '../log/log.ts';
import { findBorrowers } from './backfill.ts';
import { type Book, createBook, type Judged } from './book.ts';
import { decodeRow, encodeRow } from './row.ts';
import { type Found, watchOf } from './watch.ts';

/** What a head did to a market. */
export type Advance = {
  /** Accounts that were read again. */
  touched: ReadonlySet<Address>;
  /** Blocks of ours that turned out not to be on the chain, and the newest that is. */
  unwound: { blocks: number; ancestor: bigint } | undefined;
};

/** One market, its accounts kept as they are at the newest head. */
export type Tracker = {
  /** As users know it: a preset's id, or an address. */
  readonly name: string;
  /** Names it in the store. */
  readonly key: MarketKey;
  readonly protocol: Protocol;
  readonly market: Market;
  /** At the last head that was taken. */
  readonly state: MarketState;
  readonly book: Book;
  /** The last head that was taken. */
  readonly tip: LightBlock | undefined;
  /**
   * Brings market and accounts to `head`, and saves them.
   * @throws when the node fails; nothing has moved then, and the next head does the work of both
   */
  advance(head: Head): Promise<Advance>;
  /**
   * Reads a few accounts again, others each time, though no log named them: when there is time for it.
   * @throws when the node fails; nothing has moved then
   */
  reread(): Promise<void>;
  /** The first block that was searched for borrowers. */
  readonly fromBlock: bigint;
  /** Accounts that the last head read again. */
  readonly touched: number;
  /** How the accounts stand at `timestamp` (seconds), but for those that owe less than `dust` (base currency). */
  judge(timestamp: bigint, dust?: number): Judged;
  /** How many were under water when they were last judged. */
  readonly underwater: number;
  /** Every legal liquidation of an account at `timestamp`. */
  options(account: Address, timestamp: bigint): Option[];
};

/** Accounts read at once when a market is read whole. */
const BATCH = 2_000;
/** Accounts that are read again at a time although no log named them: what changed silently is found in the end. */
const ROTATION = 16;
/** As many of those closest to the line, where a protocol says that accounts change silently. */
const NEAR_LINE = 100;

const rowOf = (account: Account) => [account.address, encodeRow(account)] as const;

/**
 * Opens a market: takes up what the store has of it, searches the rest of its history for borrowers, and reads them.
 * May be ended at any moment; the next run goes on where it ended.
 */
export async function openTracker(options: {
  chain: Chain;
  protocol: Protocol;
  name: string;
  /** Any address `protocol.open` knows the market by. */
  address: Address;
  store: MarketStore;
  /** First block to search; looked for where undefined. */
  fromBlock: bigint | undefined;
  /** Most blocks a request for logs. */
  range: number;
  /** The newest head, whenever it is asked. */
  head: () => Promise<Head>;
  signal: AbortSignal;
  log: Logger;
}): Promise<Tracker> {
  const { chain, protocol, store, signal, log } = options;
  const { client } = chain;
  const source = {
    byNumber: (number: bigint) =>
      client.request({ method: 'eth_getBlockByNumber', params: [numberToHex(number), false] }).then(headOf),
    byHash: (hash: Head['hash']) =>
      client.request({ method: 'eth_getBlockByHash', params: [hash, false] }).then(headOf),
  };

  let market: Market;
  let state: MarketState;
  let watch: ReturnType<typeof watchOf>;
  const book = createBook(protocol);
  let journal = createJournal();
  /** Remembered blocks that a resync has given up. */
  let forgotten = 0;
  let rotation = 0;
  let touchedLast = 0;
  let fromBlock = 0n;
  let underwater = 0;

  async function open(at: Head): Promise<void> {
    market = await protocol.open(client, options.address, at);
    watch = watchOf(protocol.discovery(market));
  }

  /** Searches what the store has not, and reads every account that was never read. */
  async function sync(): Promise<void> {
    const saved = store.load();
    const unread: Address[] = [];
    for (const [address, row] of saved.accounts) {
      if (row) book.set(decodeRow(address, row));
      else unread.push(address);
    }
    journal = createJournal(saved.journal);
    fromBlock = saved.backfill?.fromBlock ?? 0n;
    if (!saved.backfill?.done) {
      const { range, fromBlock: from } = options;
      const query = { chain, market, watch, store, from, range, saved: saved.backfill, signal, log };
      const {
        found,
        end,
        fromBlock: first,
      } = await findBorrowers({ ...query, head: await options.head(), byNumber: source.byNumber });
      const known = new Set(unread);
      for (const address of found) if (!known.has(address) && !book.has(address)) unread.push(address);
      journal.add(end);
      fromBlock = first;
    }
    await readAll(unread);
  }

  async function readAll(accounts: readonly Address[]): Promise<void> {
    for (let at = 0; at < accounts.length; at += BATCH) {
      signal.throwIfAborted();
      const head = await options.head();
      state = await protocol.readMarket(client, market, head);
      const read = await protocol.readAccounts(client, market, state, accounts.slice(at, at + BATCH));
      for (const account of read.values()) book.set(account);
      store.commit({ rows: [...read.values()].map(rowOf) });
      if (accounts.length > BATCH) log.info({ read: at + read.size, of: accounts.length }, 'reading accounts');
    }
  }

  const logsOf = (head: Head) => getBlockLogs(chain, head, watch.filter);

  /** The blocks between our tip and `head` and what their logs say; `undefined` when none of ours leads there. */
  async function newBlocks(head: Head) {
    const path = await pathTo(journal, head, source);
    if (!path) return undefined;
    const blocks: { block: Omit<LightBlock, 'touched' | 'found'>; found: Found }[] = [];
    if (path.range) {
      const logs: RawLog[] = [];
      const { addresses, events } = watch.filter;
      const { from: fromBlock, to: toBlock } = path.range;
      const query = { address: addresses, events, fromBlock, toBlock, range: options.range, signal };
      for await (const part of getLogsInRanges(client, query)) logs.push(...part.logs);
      const next = path.blocks[0]!;
      const block = { number: path.range.to, hash: next.parentHash, parentHash: path.ancestor.hash };
      blocks.push({ block, found: watch.read(logs) });
    }
    const logs = await Promise.all(path.blocks.map(logsOf));
    path.blocks.forEach((block, index) => {
      blocks.push({ block, found: watch.read(logs[index]!) });
    });
    return { ancestor: path.ancestor, blocks };
  }

  /** Accounts that are read at every head though no log may name them. */
  const silent = (): Address[] =>
    protocol.changesSilently ? book.nearest(NEAR_LINE).map(({ address }) => address) : [];

  function tellIfChanged(account: Account, head: { number: bigint }): void {
    const before = book.get(account.address)!;
    if (protocol.changesSilently || isDeepStrictEqual(before, account)) return;
    log.warn({ account: account.address, head: head.number }, 'an account had changed without a log; it is corrected');
  }

  async function resync(head: Head): Promise<void> {
    log.warn({ head: head.number }, 'none of the remembered blocks is on the chain any more: everything is read again');
    forgotten += journal.blocks.length;
    store.clear();
    book.clear();
    try {
      await open(head);
      await sync();
    } catch (error) {
      // Half read is not read: the next head begins anew.
      journal = createJournal();
      throw error;
    }
  }

  async function advance(head: Head): Promise<Advance> {
    const { tip } = journal;
    if (tip?.hash === head.hash) {
      // A run that ended at this very block left all but what the accounts share.
      if (state?.block.hash !== head.hash) state = await protocol.readMarket(client, market, head);
      return { touched: new Set(), unwound: undefined };
    }
    // Asked for beside the logs: what all accounts share hardly ever changes shape at a head.
    const before = market;
    const early = protocol.readMarket(client, market, head);
    early.catch(() => {}); // thrown where it is looked at
    let path = await newBlocks(head);
    if (!path) {
      await resync(head);
      path = await newBlocks(head);
      if (!path) throw new Error('the chain changed while it was read again');
    }
    const { ancestor, blocks } = path;
    const lost = journal.blocks.filter(({ number }) => number > ancestor.number);

    const touched = new Set(lost.flatMap((block) => block.touched));
    const doubtful = new Set(lost.flatMap((block) => block.found));
    const entries: LightBlock[] = blocks.map(({ block, found }) => {
      const { number, hash, parentHash } = block;
      const fresh = [...found.borrowers].filter((account) => !book.has(account) || doubtful.has(account));
      for (const account of found.borrowers) doubtful.delete(account);
      const concerned = [...found.touched].filter((account) => book.has(account) || found.borrowers.has(account));
      for (const account of concerned) touched.add(account);
      return { number, hash, parentHash, touched: concerned, found: fresh };
    });
    const reopen = lost.length > 0 || blocks.some(({ found }) => found.reopen);
    if (reopen) await open(head);
    // What a listing or an upgrade does to accounts is in no log of theirs.
    if (blocks.some(({ found }) => found.reopen)) for (const account of book.addresses()) touched.add(account);

    const newState = await (market === before ? early : protocol.readMarket(client, market, head));
    for (const account of doubtful) touched.delete(account);
    const unnamed = silent().filter((account) => !touched.has(account) && !doubtful.has(account));
    const read = await protocol.readAccounts(client, market, newState, [...touched, ...unnamed]);
    const { number, hash, timestamp } = head;
    store.commit({
      rows: [...read.values()].map(rowOf),
      removed: doubtful,
      cursor: { number, hash, timestamp },
      journal: { dropAbove: ancestor.number, add: entries, keep: JOURNAL_BLOCKS },
    });
    // From here on nothing can fail.
    journal.unwindTo(ancestor.number);
    for (const entry of entries) journal.add(entry);
    for (const account of read.values()) book.set(account);
    for (const account of doubtful) book.delete(account);
    state = newState;
    touchedLast = touched.size;
    // After a resync nothing that was mined is taken for granted.
    const oldest = forgotten > 0 ? 0n : ancestor.number;
    const blocksLost = forgotten + lost.length;
    const unwound = blocksLost > 0 ? { blocks: blocksLost, ancestor: oldest } : undefined;
    forgotten = 0;
    return { touched, unwound };
  }

  async function reread(): Promise<void> {
    if (!state || state.block.hash !== journal.tip?.hash) return;
    const read = await protocol.readAccounts(client, market, state, book.slice(rotation, ROTATION));
    for (const account of read.values()) tellIfChanged(account, state.block);
    store.commit({ rows: [...read.values()].map(rowOf) });
    for (const account of read.values()) book.set(account);
    rotation = (rotation + ROTATION) % Math.max(1, book.size);
  }

  await open(await options.head());
  await sync();
  return {
    name: options.name,
    key: store.key,
    protocol,
    book,
    advance,
    reread,
    judge(timestamp, dust) {
      const judged = book.judge(market, state, timestamp, dust);
      underwater = judged.underwater.size;
      return judged;
    },
    options: (account, timestamp) => book.options(market, state, account, timestamp),
    get fromBlock() {
      return fromBlock;
    },
    get touched() {
      return touchedLast;
    },
    get underwater() {
      return underwater;
    },
    get market() {
      return market;
    },
    get state() {
      return state;
    },
    get tip() {
      return journal.tip;
    },
  };
}
