import { type Address, getAddress, type PublicClient } from 'viem';
import type { Head } from '../chain/heads.ts';
import { getLogsInRanges } from '../chain/logs.ts';
import type { Account, Health, Market, MarketState, Option, Protocol } from '../protocols/protocol.ts';

/** Every tracked account of one market, as read at the newest head. */
export type Book = {
  readonly market: Market;
  readonly state: MarketState;
  readonly size: number;
  /** Brings market and accounts to `head`. When it throws, nothing has moved and the next call does the work. */
  advance(head: Head): Promise<{ touched: number }>;
  /** Exact health of all at `timestamp` (seconds): those under water, and those that cannot be judged, with the reason. */
  judge(timestamp: bigint): { underwater: Map<Address, Health>; unjudged: Map<Address, string> };
  /** Every legal liquidation of an account at `timestamp`. */
  options(account: Address, timestamp: bigint): Option[];
};

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
  let accounts: Map<Address, Account> = await protocol.readAccounts(client, market, state, [...found]);

  /** What the blocks after ours touched; everything when they do not build on ours. */
  async function touchedSince(next: Head): Promise<{ touched: Set<Address>; reopen: boolean }> {
    const unwound = next.number <= head.number || (next.number === head.number + 1n && next.parentHash !== head.hash);
    const touched = new Set<Address>(unwound ? accounts.keys() : []);
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
      return accounts.size;
    },

    async advance(next) {
      if (next.hash === head.hash) return { touched: 0 };
      const { touched, reopen } = await touchedSince(next);
      const newMarket = reopen ? await protocol.open(client, options.address, next) : market;
      if (reopen) for (const account of accounts.keys()) touched.add(account);
      const newState = await protocol.readMarket(client, newMarket, next);
      const read = await protocol.readAccounts(client, newMarket, newState, [...touched]);
      accounts = new Map([...accounts, ...read]);
      [market, state, head] = [newMarket, newState, next];
      discovery = protocol.discovery(market);
      return { touched: touched.size };
    },

    judge(timestamp) {
      const underwater = new Map<Address, Health>();
      const unjudged = new Map<Address, string>();
      for (const [address, account] of accounts) {
        const health = protocol.health(market, state, account, timestamp);
        if ('error' in health) unjudged.set(getAddress(address), health.error);
        else if (health.underwater) underwater.set(getAddress(address), health);
      }
      return { underwater, unjudged };
    },

    options(address, timestamp) {
      const account = accounts.get(address.toLowerCase() as Address);
      return account ? protocol.options(market, state, account, timestamp) : [];
    },
  };
}

/** Blocks that are searched again when the chain turns out to be another one. */
const REORG_DEPTH = 64n;

const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);
