import type { Address, Hash, Hex } from 'viem';
import { getBlockLogs } from '../chain/block-logs.ts';
import type { Chain } from '../chain/client.ts';
import type { Head } from '../chain/head.ts';
import type { RawLog } from '../chain/logs.ts';

/** Which logs of a block somebody wants: of these contracts, with one of these first topics. */
export type LogFilter = { addresses: readonly Address[]; topics: readonly Hex[] };

/** The logs of a block, asked of the node once for all markets of a chain. */
export type SharedLogs = {
  /** Says what one of those who share wants from now on, in place of what it wanted before. */
  want(who: object, filter: LogFilter): void;
  /** Those logs of a block that `who` wants. @throws when no endpoint has the block */
  of(who: object, head: Head): Promise<RawLog[]>;
};

/** Blocks whose logs are held: every market asks for the same at about the same time. */
const HELD = 4;

/** @param ask - asks the node for the logs of a block */
export function shareLogs(chain: Chain, ask: typeof getBlockLogs = getBlockLogs): SharedLogs {
  const wanted = new Map<object, LogFilter>();
  const held = new Map<Hash, { of: ReadonlySet<LogFilter>; logs: Promise<RawLog[]> }>();

  function askAll(head: Head): Promise<RawLog[]> {
    const filters = [...wanted.values()];
    const union: LogFilter = {
      addresses: [...new Set(filters.flatMap(({ addresses }) => addresses))],
      topics: [...new Set(filters.flatMap(({ topics }) => topics))],
    };
    const logs = ask(chain, head, union);
    held.set(head.hash, { of: new Set(filters), logs });
    // What failed is asked again by whoever comes next.
    logs.catch(() => held.delete(head.hash));
    for (const hash of [...held.keys()].slice(0, -HELD)) held.delete(hash);
    return logs;
  }

  return {
    want: (who, filter) => {
      wanted.set(who, filter);
    },
    async of(who, head) {
      const filter = wanted.get(who)!;
      const known = held.get(head.hash);
      const logs = await (known?.of.has(filter) ? known.logs : askAll(head));
      const addresses = new Set(filter.addresses.map((address) => address.toLowerCase()));
      const topics = new Set<string>(filter.topics);
      return logs.filter((log) => addresses.has(log.address.toLowerCase()) && topics.has(log.topics[0] as string));
    },
  };
}
