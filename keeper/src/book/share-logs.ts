import type { Hash } from 'viem';
import { getBlockLogs, type LogFilter } from '../chain/block-logs.ts';
import type { Chain } from '../chain/client.ts';
import type { Head } from '../chain/head.ts';
import type { RawLog } from '../chain/logs.ts';

/** The logs of a block, asked of the node once for all markets of a chain and for its pools. */
export type SharedLogs = {
  /** Says what one of those who share wants from now on, in place of what it wanted before. */
  want(who: object, filter: LogFilter): void;
  /** Those logs of a block that `who` wants. @throws when no endpoint has the block */
  of(who: object, head: Head): Promise<RawLog[]>;
  /** The same for one of those who share. */
  share(who: object): { want(filter: LogFilter): void; of(head: Head): Promise<RawLog[]> };
};

/** Blocks whose logs are held: every market asks for the same at about the same time. */
const HELD = 4;

/** @param ask - asks the node for the logs of a block */
export function shareLogs(chain: Chain, ask: typeof getBlockLogs = getBlockLogs): SharedLogs {
  const wanted = new Map<object, { filter: LogFilter; isFor(log: RawLog): boolean }>();
  const held = new Map<Hash, { of: ReadonlySet<LogFilter>; logs: Promise<RawLog[]> }>();

  function askAll(head: Head): Promise<RawLog[]> {
    const filters = [...wanted.values()].map(({ filter }) => filter);
    const union: LogFilter = {
      addresses: [...new Set(filters.flatMap(({ addresses }) => addresses))],
      topics: [...new Set(filters.flatMap(({ topics }) => topics))],
    };
    const logs = ask(chain, head, union, filters);
    held.set(head.hash, { of: new Set(filters), logs });
    // What failed is asked again by whoever comes next.
    logs.catch(() => held.delete(head.hash));
    for (const hash of [...held.keys()].slice(0, -HELD)) held.delete(hash);
    return logs;
  }

  const shared: SharedLogs = {
    want: (who, filter) => {
      const addresses = new Set(filter.addresses.map((address) => address.toLowerCase()));
      const topics = new Set<string>(filter.topics);
      const isFor = (log: RawLog) => addresses.has(log.address.toLowerCase()) && topics.has(log.topics[0] as string);
      wanted.set(who, { filter, isFor });
    },
    share: (who) => ({ want: (filter) => shared.want(who, filter), of: (head) => shared.of(who, head) }),
    async of(who, head) {
      const { filter, isFor } = wanted.get(who)!;
      const known = held.get(head.hash);
      const logs = await (known?.of.has(filter) ? known.logs : askAll(head));
      return logs.filter(isFor);
    },
  };
  return shared;
}
