import type { Hash } from 'viem';
import { getBlockLogs, type LogFilter } from '../chain/block-logs.ts';
import type { Chain } from '../chain/client.ts';
import type { Head } from '../chain/head.ts';
import type { RawLog } from '../chain/logs.ts';
import type { Member } from '../chain/member.ts';

/** The logs of a block, asked of the node once for all markets of a chain and for its pools. */
export type SharedLogs = {
  /** Says what one of those who share wants from now on, in place of what it wanted before. */
  want(who: object, filter: LogFilter): void;
  /** Those logs of a block that `who` wants. @throws when no endpoint has the block */
  of(who: object, head: Head): Promise<RawLog[]>;
  /** Who gave the logs of a block, where that is not long ago. */
  giver(hash: Hash): Member | undefined;
  /** The same for one of those who share. */
  share(who: object): { want(filter: LogFilter): void; of(head: Head): Promise<RawLog[]> };
};

/** Blocks whose logs are held: every market asks for the same at about the same time. */
const HELD = 4;
/** Blocks of which it is remembered who gave their logs: as many as may still be looked at again. */
const GIVERS = 128;

/** Tells whether a log is one that a filter asks for. Addresses may be in whatever case. */
export function choosing(filter: LogFilter): (log: Pick<RawLog, 'address' | 'topics'>) => boolean {
  const addresses = new Set(filter.addresses.map((address) => address.toLowerCase()));
  const topics = new Set<string>(filter.topics);
  return (log) => addresses.has(log.address.toLowerCase()) && topics.has(log.topics[0] as string);
}

/** One filter that asks for all that several ask for, and for more. */
export const unionOf = (filters: readonly LogFilter[]): LogFilter => ({
  addresses: [...new Set(filters.flatMap(({ addresses }) => addresses))],
  topics: [...new Set(filters.flatMap(({ topics }) => topics))],
});

/** @param ask - asks the node for the logs of a block */
export function shareLogs(chain: Chain, ask: typeof getBlockLogs = getBlockLogs): SharedLogs {
  const wanted = new Map<object, { filter: LogFilter; isFor(log: RawLog): boolean }>();
  const givers = new Map<Hash, Member>();
  const held = new Map<Hash, { of: ReadonlySet<LogFilter>; logs: Promise<RawLog[]> }>();

  function askAll(head: Head): Promise<RawLog[]> {
    const filters = [...wanted.values()].map(({ filter }) => filter);
    const logs = ask(chain, head, unionOf(filters), filters, (member) => {
      givers.set(head.hash, member);
      if (givers.size > GIVERS) givers.delete(givers.keys().next().value!);
    });
    held.set(head.hash, { of: new Set(filters), logs });
    // What failed is asked again by whoever comes next.
    logs.catch(() => held.delete(head.hash));
    for (const hash of [...held.keys()].slice(0, -HELD)) held.delete(hash);
    return logs;
  }

  const shared: SharedLogs = {
    want: (who, filter) => {
      wanted.set(who, { filter, isFor: choosing(filter) });
    },
    giver: (hash) => givers.get(hash),
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
