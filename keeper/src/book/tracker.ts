import type { Address } from 'viem';
import type { Chain } from '../chain/client.ts';
import type { Head } from '../chain/head.ts';
import { createJournal, type LightBlock } from '../chain/journal.ts';
import type { Logger } from '../log/log.ts';
import type { Market, MarketState, Moment, Protocol, Us, View } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import type { MarketStore } from '../store/markets.ts';
import { type Advance, advance } from './advance.ts';
import { type Book, createBook, type Judged } from './book.ts';
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
  const { name, protocol, store, head } = options;
  const opened = await open(options, await head());
  const tracked = {
    ...opened,
    options,
    state: undefined,
    book: createBook(),
    journal: createJournal(),
    forgotten: 0,
    rotation: 0,
    touched: 0,
    fromBlock: 0n,
  };
  await sync(tracked);
  return trackerOf(tracked, { name, protocol, key: store.key });
}

function trackerOf(tracked: Parameters<typeof advance>[0], named: Pick<Tracker, 'name' | 'protocol' | 'key'>): Tracker {
  const { book } = tracked;
  let underwater = 0;
  return {
    ...named,
    book,
    advance: (head) => advance(tracked, head),
    reread: () => reread(tracked),
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
