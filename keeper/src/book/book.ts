import { type Address, getAddress, type PublicClient } from 'viem';
import type { Head } from '../chain/heads.ts';
import { getLogsInRanges } from '../chain/logs.ts';
import type { Health, Market, MarketState, Option, Protocol } from '../protocols/protocol.ts';
import { createColumns } from './columns.ts';
import { createScreen, type Near } from './screen.ts';

/** Every tracked account of one market, as read at the newest head. */
export type Book = {
  readonly market: Market;
  readonly state: MarketState;
  readonly size: number;
  /** Brings market and accounts to `head`. When it throws, nothing has moved and the next call does the work. */
  advance(head: Head): Promise<{ touched: number }>;
  /** Memory the accounts take. */
  bytes(): number;
  /**
   * All at `timestamp` (seconds): the exact health of those under water, and why others cannot be judged. `screened` is how
   * many the screen left to be looked at. Addresses are checksummed.
   */
  judge(timestamp: bigint): Judged;
  /** The accounts with debt that were nearest to the line when they were last judged, the nearest first; lower case. */
  nearest(count: number): Near[];
  /** Every legal liquidation of an account at `timestamp`. */
  options(account: Address, timestamp: bigint): Option[];
};

export type Judged = { underwater: Map<Address, Health>; unjudged: Map<Address, string>; screened: number };

/**
 * Opens a market and reads every borrower it ever had.
 *
 * @param options.range - most blocks a request for logs
 * @param options.onProgress - while the history is searched
 */
export async function openBook(
  client: PublicClient,
  protocol: Protocol,
  options: {
    address: Address;
    fromBlock: bigint;
    head: Head;
    range: number;
    signal: AbortSignal;
    onProgress: (progress: { block: bigint; toBlock: bigint; accounts: number }) => void;
  },
): Promise<Book> {
  let head = options.head;
  let market = await protocol.open(client, options.address, head);
  let discovery = protocol.discovery(market);

  const found = new Set<Address>();
  const { addresses, events } = discovery.backfill;
  const history = { address: addresses, events, fromBlock: options.fromBlock, toBlock: head.number };
  for await (const { logs, toBlock } of getLogsInRanges(client, {
    ...history,
    range: options.range,
    signal: options.signal,
  })) {
    for (const log of logs) for (const account of discovery.accounts(log)) found.add(account);
    options.onProgress({ block: toBlock, toBlock: head.number, accounts: found.size });
  }
  let state = await protocol.readMarket(client, market, head);
  const columns = createColumns();
  const screen = createScreen(columns);
  for (const account of (await protocol.readAccounts(client, market, state, [...found])).values()) {
    columns.upsert(account);
  }

  /** What the blocks after ours touched; everything when they do not build on ours. */
  async function touchedSince(next: Head): Promise<{ touched: Set<Address>; reopen: boolean }> {
    const unwound = next.number <= head.number || (next.number === head.number + 1n && next.parentHash !== head.hash);
    const touched = new Set<Address>(unwound ? columns.addresses() : []);
    // After a reorg the blocks since may hold borrowers of their own, so some older ones are searched again.
    const fromBlock = unwound ? most(0n, least(next.number, head.number) - REORG_DEPTH) : head.number + 1n;
    const query = { address: discovery.addresses, events: discovery.events, fromBlock, toBlock: next.number };
    let reopen = false;
    for await (const { logs } of getLogsInRanges(client, { ...query, range: options.range, signal: options.signal })) {
      for (const log of logs) {
        for (const account of discovery.accounts(log)) touched.add(account);
        reopen ||= discovery.reopens(log);
      }
    }
    return { touched, reopen };
  }

  return {
    get market() {
      return market;
    },
    get state() {
      return state;
    },
    get size() {
      return columns.size;
    },

    async advance(next) {
      if (next.hash === head.hash) return { touched: 0 };
      const { touched, reopen } = await touchedSince(next);
      const newMarket = reopen ? await protocol.open(client, options.address, next) : market;
      if (reopen) for (const account of columns.addresses()) touched.add(account);
      const newState = await protocol.readMarket(client, newMarket, next);
      const read = await protocol.readAccounts(client, newMarket, newState, [...touched]);
      for (const account of read.values()) columns.upsert(account);
      [market, state, head] = [newMarket, newState, next];
      discovery = protocol.discovery(market);
      return { touched: touched.size };
    },

    bytes: columns.bytes,

    judge(timestamp) {
      const underwater = new Map<Address, Health>();
      const unjudged = new Map<Address, string>();
      const candidates = screen.candidates(protocol.coefficients(market, state, timestamp));
      for (const row of candidates) {
        const account = columns.at(row);
        const health = protocol.health(market, state, account, timestamp);
        if ('error' in health) unjudged.set(getAddress(account.address), health.error);
        else if (health.underwater) underwater.set(getAddress(account.address), health);
      }
      return { underwater, unjudged, screened: candidates.length };
    },

    nearest: screen.nearest,

    options(address, timestamp) {
      const account = columns.get(address);
      return account ? protocol.options(market, state, account, timestamp) : [];
    },
  };
}

/** Blocks that are searched again when the chain turns out to be another one. */
const REORG_DEPTH = 64n;

const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);
