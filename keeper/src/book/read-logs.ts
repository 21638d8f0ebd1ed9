import { type Address, encodeEventTopics, type Hex } from 'viem';
import type { RawLog } from '../chain/raw-log.ts';
import type { Discovery } from '../protocols/protocol.ts';

/** What the logs of some blocks say of a market's accounts. */
export type Found = {
  /** Accounts whose state they may have changed, lower case, whether tracked or not. */
  touched: Set<Address>;
  /** Accounts that borrow: from now on they are tracked. */
  borrowers: Set<Address>;
  /** Whether what the market was opened with has changed. */
  reopen: boolean;
};

/** How a market's logs are asked for, and how the answers are read. */
export type LogReader = {
  /** For every block from now on. */
  filter: { addresses: readonly Address[]; events: Discovery['events']; topics: readonly Hex[] };
  /** For the blocks of the past: enough to find every borrower. */
  history: Discovery['backfill'];
  read(logs: readonly Pick<RawLog, 'address' | 'topics' | 'data'>[]): Found;
};

const selectors = (events: Discovery['events']): Hex[] =>
  events.map((event) => encodeEventTopics({ abi: [event] })[0] as Hex);

/**
 * Only borrowers can be liquidated, so only they are tracked: a log that names somebody else concerns nobody yet.
 *
 * @example
 * logReaderOf(market.discovery).read(logs).borrowers;
 */
export function logReaderOf(discovery: Discovery): LogReader {
  const { addresses, events, backfill } = discovery;
  const finding = new Set<string>(selectors(backfill.events));
  const from = new Set(backfill.addresses.map((address) => address.toLowerCase()));
  return {
    filter: { addresses, events, topics: selectors(events) },
    history: backfill,
    read(logs) {
      const found: Found = { touched: new Set(), borrowers: new Set(), reopen: false };
      for (const log of logs) {
        const finds = finding.has(log.topics[0] as string) && from.has(log.address.toLowerCase());
        for (const account of discovery.accounts(log)) {
          found.touched.add(account);
          if (finds) found.borrowers.add(account);
        }
        found.reopen ||= discovery.reopens(log);
      }
      return found;
    },
  };
}
