/** Why something is wrong that nobody complains of, in words for people; `undefined` where nothing is. */
export type Complaint = string | undefined;

/** Block times without a head, and at least so many milliseconds, after which silence is an event. */
const [SILENT_BLOCKS, SILENT] = [10, 60_000];
/** How far the newest block may be behind the clock, in block times and at least seconds, and how far ahead of it, seconds. */
const [LATE_BLOCKS, LATE, EARLY] = [25, 300, 30];
/** Blocks with logs of a market's that have to be seen before it is known how busy it is. */
const BUSY = 16;
/** A market is quiet after so many times its usual gap between two logs, and not before so many seconds. */
const [QUIET_GAPS, QUIET] = [50, 2 * 3_600];
/** Seconds within which feeds tell the price even where it has not moved: the usual longest heartbeat, a day, and some grace. */
const HEARTBEAT = 26 * 3_600;

/**
 * Nobody has told of a new block for long.
 *
 * @param since - milliseconds since the last head
 * @param blockTime - the chain's, milliseconds
 * @example
 * silence(600_000, 12_000); // 'no new block for 600 s'
 */
export function silence(since: number, blockTime: number): Complaint {
  if (since <= Math.max(SILENT, SILENT_BLOCKS * blockTime)) return undefined;
  return `no new block for ${Math.round(since / 1_000)} s`;
}

/**
 * A new block whose time is not about now: the clock of this machine is off, or the node lives in the past.
 *
 * @param timestamp - the block's, seconds
 * @param now - Unix time at which it came, milliseconds
 * @param blockTime - the chain's, milliseconds
 * @example
 * clockOff(1_700_003_600n, 1_700_000_000_000, 12_000); // '… is 3600 s ahead of …'
 */
export function clockOff(timestamp: bigint, now: number, blockTime: number): Complaint {
  const behind = Math.round(now / 1_000 - Number(timestamp));
  if (behind < -EARLY) return `the newest block is ${-behind} s ahead of this machine's clock: set the clock`;
  if (behind <= Math.max(LATE, (LATE_BLOCKS * blockTime) / 1_000)) return undefined;
  return `the newest block is ${behind} s behind this machine's clock: the clock is off, or the node is behind`;
}

/** When a market's logs came, all in seconds of block time: the last, the mean gap between two, and how many gaps there were. */
export type Pulse = { last: bigint; gap: number; seen: number };

/**
 * Takes in a block.
 *
 * @param pulse - as it was before; `undefined` at the first block
 * @param hadLogs - whether the block had logs of the market
 * @example
 * pulse = beat(pulse, head.timestamp, touched > 0);
 */
export function beat(pulse: Pulse | undefined, timestamp: bigint, hadLogs: boolean): Pulse {
  if (!pulse) return { last: timestamp, gap: 0, seen: 0 };
  if (!hadLogs) return pulse;
  const gap = Number(timestamp - pulse.last);
  const seen = pulse.seen + 1;
  return { last: timestamp, gap: pulse.gap + (gap - pulse.gap) / Math.min(seen, BUSY), seen };
}

/**
 * No log of a market's for far longer than usual.
 *
 * @param timestamp - of the newest block, seconds
 * @example
 * quiet({ last: 0n, gap: 12, seen: 100 }, 8_000n); // 'no log of this market for 2.2 h, …'
 */
export function quiet({ last, gap, seen }: Pulse, timestamp: bigint): Complaint {
  const since = Number(timestamp - last);
  if (seen < BUSY || since <= Math.max(QUIET, QUIET_GAPS * gap)) return undefined;
  return `no log of this market for ${hours(since)} h, where one comes every ${Math.round(gap)} s`;
}

/** The last price of an asset (base currency), since which second it is so, and whether it has ever moved. */
export type Ticker = { price: bigint; since: bigint; moves: boolean };

/**
 * Takes in the price at a block.
 * @example
 * ticker = tick(ticker, view.price(asset).base, head.timestamp);
 */
export function tick(ticker: Ticker | undefined, price: bigint, timestamp: bigint): Ticker {
  if (ticker?.price === price) return ticker;
  return { price, since: timestamp, moves: ticker !== undefined };
}

/**
 * A price that used to move has not for longer than any feed's heartbeat. One that never moved is taken for fixed: some are.
 *
 * @param timestamp - of the newest block, seconds
 * @example
 * stale({ price: 1n, since: 0n, moves: true }, 100_000n); // 'the price has not moved for 27.8 h'
 */
export function stale({ since, moves }: Ticker, timestamp: bigint): Complaint {
  const still = Number(timestamp - since);
  return moves && still > HEARTBEAT ? `the price has not moved for ${hours(still)} h` : undefined;
}

const hours = (seconds: number): string => (seconds / 3_600).toFixed(1);
