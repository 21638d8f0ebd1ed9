import { type Audit, openAudit } from './book/audit.ts';
import type { Debt } from './book/debts.ts';
import type { SharedLogs } from './book/share-logs.ts';
import type { Tracker } from './book/tracker.ts';
import type { Head } from './chain/head.ts';
import { chainPreset } from './config/chains.ts';
import { KeeperError } from './config/error.ts';
import type { Logger } from './log/log.ts';
import type { Ready } from './preflight.ts';
import { type Alarms, createAlarms } from './report/alarms.ts';
import type { MarketKey } from './store/key.ts';
import type { AlarmStatus } from './store/status-snapshot.ts';
import { type Again, createAgain } from './triggers/again.ts';
import { beat, clockOff, type Pulse, quiet, silence, stale, type Ticker, tick } from './triggers/quiet.ts';

/** Taken for the milliseconds between blocks of a chain without a preset. */
const UNKNOWN_BLOCK_TIME = 12_000;
/** Blocks that one endpoint may be behind another at any time, which is no news. */
const USUAL_LAG = 3n;
/** Heads between two times that the book is held against the market's own count of debt. */
const COUNT_EVERY = 256n;
/** Most searches through all history because of debt that nobody known owes, a market and a run. */
const MOST_SEARCHES = 2;
/** Milliseconds between two looks at whether heads still come. */
const LOOK_EVERY = 5_000;

const NOT_COUNTED = 'the debts of a market could not be counted; the next head tries';

/** What is known of one market beside its book. */
type Watched = {
  pulse: Pulse | undefined;
  tickers: Map<string, Ticker>;
  /** The head at which debts were last counted. */
  counted: bigint | undefined;
  debts: readonly Debt[];
  searches: number;
  searching: boolean;
};

/** Looks after what nobody complains of: logs that were kept back, debt that nobody known owes, silence. */
export type Watch = {
  /** The heads, and the last of them again where accounts have come to light since it was taken. */
  heads(signal: AbortSignal): AsyncGenerator<Head, void>;
  /** Those that are not over. */
  alarms(): AlarmStatus[];
  /** The debts of a market as they were last counted. */
  debts(key: MarketKey): readonly Debt[];
  /** A head was taken; what there is to ask is asked while nothing waits for it. */
  head(head: Head): void;
  /** Whether a head, now that the markets were to be brought to it, is older than what was read already: the node is behind then. */
  isOld(head: Head): boolean;
  /**
   * Counts the debts of all markets now.
   * @throws KeeperError where a market has debt of which nobody is known
   */
  check(): Promise<void>;
  stop(): void;
};

type Watching = {
  audit: Audit;
  alarms: Alarms;
  blockTime: number;
  trackers: readonly Tracker[];
  watched: WeakMap<Tracker, Watched>;
  /** The last head, and the Unix time at which it came, milliseconds. */
  last: { head: Head | undefined; at: number };
  busy: boolean;
  told: (last: Head) => void;
  again: Again;
  log: Logger;
};

/**
 * Begins to watch.
 *
 * @param trackers - the markets that are open; may grow
 * @param told - called with the last head when there is news while no head is taken
 */
export function openWatch(
  { chain, settings, heads }: Pick<Ready, 'chain' | 'settings' | 'heads'>,
  logs: SharedLogs,
  trackers: readonly Tracker[],
  told: (last: Head) => void,
  log: Logger,
): Watch {
  const watching: Watching = {
    audit: openAudit({ chain, logs, range: settings.logRange, log }),
    alarms: createAlarms(log),
    blockTime: chainPreset(chain.id)?.blockTime ?? UNKNOWN_BLOCK_TIME,
    trackers,
    watched: new WeakMap(),
    last: { head: undefined, at: Date.now() },
    busy: false,
    told,
    again: createAgain(),
    log,
  };
  const { alarms } = watching;
  const look = () => {
    const { head, at } = watching.last;
    // Heads are not listened for while the first market is searched.
    if (head && alarms.set('heads', silence(Date.now() - at, watching.blockTime))) told(head);
  };
  const timer = setInterval(look, LOOK_EVERY).unref();
  return {
    heads: (signal) => watching.again.of(heads(signal)),
    alarms: alarms.list,
    debts(key) {
      const tracker = trackers.find((each) => each.key === key);
      return tracker ? of(watching, tracker).debts : [];
    },
    head(head) {
      takeHead(watching, head);
      if (!settings.once) void askAround(watching, head);
    },
    isOld(head) {
      const tip = trackers.reduce((highest, { tip: at }) => (at && at.number > highest ? at.number : highest), 0n);
      if (head.number >= tip) return false;
      watching.last = { head, at: Date.now() };
      if (tip - head.number <= USUAL_LAG) return true;
      const behind = `the node is ${tip - head.number} blocks behind what was read already, and waited for`;
      if (alarms.set('node', behind, { head: head.number, waitingFor: tip })) told(head);
      return true;
    },
    async check() {
      for (const tracker of trackers) await count(watching, tracker).catch((err) => log.debug({ err }, NOT_COUNTED));
      if (watching.last.head) told(watching.last.head);
      const empty = trackers.find((tracker) => tracker.book.size === 0 && owed(of(watching, tracker).debts));
      if (!empty) return;
      throw new KeeperError(
        `${empty.name} has debt, and no borrower was found: pass another --rpc endpoint, or --from-block`,
      );
    },
    stop() {
      clearInterval(timer);
      watching.told = () => {};
    },
  };
}

function of({ watched }: Watching, tracker: Tracker): Watched {
  const known = watched.get(tracker);
  if (known) return known;
  const fresh: Watched = {
    pulse: undefined,
    tickers: new Map(),
    counted: undefined,
    debts: [],
    searches: 0,
    searching: false,
  };
  watched.set(tracker, fresh);
  return fresh;
}

/** What a head tells without a question. */
function takeHead(watching: Watching, head: Head): void {
  const { alarms, trackers, blockTime } = watching;
  const { timestamp } = head;
  watching.last = { head, at: Date.now() };
  alarms.set('heads', undefined);
  alarms.set('node', undefined);
  alarms.set('clock', clockOff(timestamp, Date.now(), blockTime));
  for (const tracker of trackers) {
    if (tracker.state.block.hash !== head.hash) continue;
    const market = of(watching, tracker);
    const name = `${tracker.protocol.id} ${tracker.name}`;
    market.pulse = beat(market.pulse, timestamp, tracker.touched > 0);
    alarms.set(`${name} logs`, quiet(market.pulse, timestamp));
    const view = tracker.view(tracker.state.block);
    for (const { address, symbol } of tracker.market.assets) {
      const price = view.price(address)?.base;
      if (price === undefined) continue;
      const ticker = tick(market.tickers.get(address), price, timestamp);
      market.tickers.set(address, ticker);
      alarms.set(`${name} price of ${symbol}`, stale(ticker, timestamp));
    }
  }
}

/** What has to be asked for. One round at a time: a head that comes while one is under way has none. */
async function askAround(watching: Watching, head: Head): Promise<void> {
  const { audit, trackers, log } = watching;
  if (watching.busy) return;
  watching.busy = true;
  try {
    if ((await audit(trackers)) > 0) watching.again.ask();
    for (const tracker of trackers) {
      const market = of(watching, tracker);
      if (market.counted !== undefined && head.number < market.counted + COUNT_EVERY) continue;
      await count(watching, tracker);
      // The next head may be far.
      watching.told(head);
      if (isShort(tracker, market.debts)) void searchAgain(watching, tracker);
    }
  } catch (err) {
    log.debug({ err }, NOT_COUNTED);
  } finally {
    watching.busy = false;
  }
}

/** Takes hours on a long chain, so that nothing waits for it. */
async function searchAgain(watching: Watching, tracker: Tracker): Promise<void> {
  const market = of(watching, tracker);
  if (market.searching || market.searches >= MOST_SEARCHES) return;
  market.searching = true;
  market.searches += 1;
  try {
    const found = await tracker.searchAgain();
    watching.log.info({ market: tracker.name, found }, 'all history was searched again for who owes the rest');
    // Counted again once they are read.
    market.counted = undefined;
    if (found > 0) watching.again.ask();
  } catch (err) {
    watching.log.debug({ err }, 'history could not be searched again');
  } finally {
    market.searching = false;
  }
}

/** Holds the book of a market against the market's own count. @throws when the node fails */
async function count(watching: Watching, tracker: Tracker): Promise<void> {
  const market = of(watching, tracker);
  const debts = await tracker.debts();
  if (!debts) return;
  market.debts = debts;
  market.counted = tracker.tip?.number;
  const about = `${tracker.protocol.id} ${tracker.name} debts`;
  const accounts = tracker.book.size;
  watching.alarms.set(about, difference(tracker, debts), { accounts }, accounts === 0 ? 'error' : 'warn');
}

const owed = (debts: readonly Debt[]): boolean => debts.some(({ counted }) => counted > 0n);

/** Whether debt is counted that no account that is known owes. One unit an account is let pass: it may be owed without a flag. */
const isShort = ({ book }: Tracker, debts: readonly Debt[]): boolean =>
  debts.some(({ counted, known }) => counted - known > BigInt(book.size));

/** What is wrong with the book, by the market's own count. */
function difference(tracker: Tracker, debts: readonly Debt[]): string | undefined {
  const { size } = tracker.book;
  if (size === 0 && owed(debts)) return 'the market has debt, and no borrower is known';
  const short = debts.filter(({ counted, known }) => counted - known > BigInt(size));
  const over = debts.filter(({ counted, known }) => known - counted > BigInt(size));
  const shares = short.map(({ asset, counted, known }) => `${percent(counted - known, counted)} of ${asset.symbol}`);
  if (short.length > 0) return `nobody known owes ${shares.join(', ')}: accounts are missing`;
  if (over.length === 0) return undefined;
  return `the accounts owe more ${over.map(({ asset }) => asset.symbol).join(', ')} than the market counts: some are out of date`;
}

/** Hundredths of a per cent, rounded up, so that nothing that is missing is none. */
const percent = (part: bigint, whole: bigint): string =>
  `${(Number((10_000n * part + whole - 1n) / whole) / 100).toFixed(2)} %`;
