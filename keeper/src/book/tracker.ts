import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from 'viem';
import type { LogFilter } from '../chain/block-logs.ts';
import type { Chain } from '../chain/client.ts';
import type { Head } from '../chain/head.ts';
import { createJournal, type LightBlock } from '../chain/journal.ts';
import type { RawLog } from '../chain/raw-log.ts';
import type { Logger } from '../log/log.ts';
import type { Market, MarketState, Moment, Protocol, Us, View } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import type { MarketStore } from '../store/markets.ts';
import { type Advance, advance } from './advance.ts';
import { isBehind } from './behind.ts';
import { type Book, createBook, type Judged } from './book.ts';
import { type Debt, debtsOf } from './debts.ts';
import { type Late, recheck } from './missed.ts';
import { searchAgain } from './search-again.ts';
import type { SharedLogs } from './share-logs.ts';
import { open, reread, sync } from './sync.ts';

export type { Advance } from './advance.ts';

/** One market, its accounts kept as they are at the newest head. */
export type Tracker = {
  /** As users know it: a preset's id, or an address. */
  readonly name: string;
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
  /** The logs that this market asks for. */
  readonly filter: LogFilter;
  /** The blocks that are remembered, oldest first. */
  readonly blocks: readonly LightBlock[];
  /** Holds logs of blocks we have been at against what it was told of them; what it was not told is taken in at the next head. */
  recheck(logs: readonly RawLog[]): Late[];
  /**
   * What accounts owe by the market's own count, and what of that the book knows of, both at the tip.
   *
   * @returns `undefined` where the market does not count, or is not at its tip
   * @throws when the node fails
   */
  debts(): Promise<Debt[] | undefined>;
  /**
   * Searches all history for borrowers once more, by other endpoints where there are some; they are taken in at the next head.
   *
   * @returns how many were found that were not tracked
   * @throws when the node fails
   */
  searchAgain(): Promise<number>;
  /** The market with its accounts as they are at the tip, at a moment. */
  view(moment: Moment): View;
  /** The same as if everybody who owes had fallen under water: see `Market.stressed`. */
  stressed(moment: Moment): View;
  /** How the accounts stand in a view, but for those that owe less than `dust` (base currency). */
  judge(view: View, dust?: number): Judged;
  /** How many were under water when they were last judged. */
  readonly underwater: number;
  /** The first block that was searched for borrowers. */
  readonly fromBlock: bigint;
  /** Accounts that the last head read again. */
  readonly touched: number;
};

/** What a tracker is opened with. */
export type TrackerOptions = {
  chain: Chain;
  protocol: Protocol;
  name: string;
  /** The market's own address. */
  address: Address;
  us: Us;
  store: MarketStore;
  /** First block to search; looked for where undefined. */
  fromBlock: bigint | undefined;
  /** Most blocks a request for logs. */
  range: number;
  /** The newest head, whenever it is asked. */
  head: () => Promise<Head>;
  /** The logs of each block, shared with the other markets of the chain. */
  logs: SharedLogs;
  signal: AbortSignal;
  log: Logger;
};

/**
 * Opens a market: takes up what the store has of it, searches the rest of its history for borrowers, and reads them.
 * May be ended at any moment; the next run goes on where it ended.
 *
 * @example
 * const tracker = await openTracker(options);
 * await tracker.advance(head);
 * tracker.judge(tracker.view(nextMoment(head, 1))).underwater;
 */
export async function openTracker(options: TrackerOptions): Promise<Tracker> {
  const { name, protocol, store } = options;
  const saved = store.load();
  const opened = await open(options, await caughtUp(options, saved));
  const tracked = {
    ...opened,
    options,
    state: undefined,
    book: createBook(),
    journal: createJournal(),
    tipTime: 0n,
    missed: new Map(),
    forgotten: 0,
    rotation: 0,
    touched: 0,
    fromBlock: 0n,
  };
  await sync(tracked, saved);
  return trackerOf(tracked, { name, protocol, key: store.key });
}

/** Milliseconds between two looks at whether the node has caught up. */
const CATCH_UP = 1_000;

/** The newest head, once the node has come to where an earlier run has read this market. */
async function caughtUp(
  { name, head, signal, log }: TrackerOptions,
  { journal, cursor }: Pick<ReturnType<MarketStore['load']>, 'journal' | 'cursor'>,
): Promise<Head> {
  const read = { journal: createJournal(journal), tipTime: cursor?.timestamp ?? 0n };
  for (let told = false; ; told = true) {
    const newest = await head();
    if (!isBehind(read, newest)) return newest;
    const numbers = { head: newest.number, waitingFor: read.journal.tip?.number };
    if (!told) log.warn({ market: name, ...numbers }, 'the node is behind what was read already; waiting for it');
    await sleep(CATCH_UP, undefined, { signal });
  }
}

function trackerOf(tracked: Parameters<typeof advance>[0], named: Pick<Tracker, 'name' | 'protocol' | 'key'>): Tracker {
  const { book } = tracked;
  let underwater = 0;
  return {
    ...named,
    book,
    advance: (head) => advance(tracked, head),
    reread: () => reread(tracked),
    recheck: (logs) => recheck(tracked, logs),
    debts: () => debtsOf(tracked),
    searchAgain: () => searchAgain(tracked),
    get filter() {
      return tracked.reader.filter;
    },
    get blocks() {
      return tracked.journal.blocks;
    },
    view: (moment) => tracked.market.at(tracked.state!, book.get, moment),
    stressed: (moment) => tracked.market.at(tracked.market.stressed(tracked.state!), book.get, moment),
    judge(view, dust) {
      const judged = book.judge(view, dust, tracked.market.dueBy?.(view.moment));
      underwater = judged.underwater.size;
      return judged;
    },
    get fromBlock() {
      return tracked.fromBlock;
    },
    get touched() {
      return tracked.touched;
    },
    get underwater() {
      return underwater;
    },
    get market() {
      return tracked.market;
    },
    get state() {
      return tracked.state!;
    },
    get tip() {
      return tracked.journal.tip;
    },
  };
}
