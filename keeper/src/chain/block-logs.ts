import type { Address, Hex } from 'viem';
import { mayHold } from './bloom.ts';
import type { Endpoints, Member } from './endpoints.ts';
import { route } from './failover.ts';
import type { Head } from './head.ts';
import { type RawLog, rawLogs } from './raw-log.ts';

/** Which logs of a block somebody wants: of these contracts, with one of these first topics. */
export type LogFilter = { addresses: readonly Address[]; topics: readonly Hex[] };

/**
 * The logs of one block, in their order.
 *
 * An endpoint may know a block before it has its logs, and say there are none. Where the block's bloom allows for some,
 * another endpoint has to say so too; with one endpoint it is asked twice.
 *
 * @param filter.topics - first topics, any of them
 * @param parts - the filters that make it up, where there are several: a bloom that allows for the address of one and the topic of
 * another allows for no log
 * @param given - told whose word was taken
 * @throws when no endpoint has the block
 */
export async function getBlockLogs(
  { endpoints }: { endpoints: Endpoints },
  head: Pick<Head, 'hash' | 'logsBloom'>,
  filter: LogFilter,
  parts: readonly LogFilter[] = [filter],
  given: (member: Member) => void = () => {},
): Promise<RawLog[]> {
  if (filter.addresses.length === 0) return [];
  const first = await ask([]);
  given(first.member);
  if (first.logs.length > 0 || !parts.some((part) => mayHold(head.logsBloom, part))) return first.logs;
  const others = endpoints.ranked([first.member]).length > 0;
  const second = await ask(others ? [first.member] : []).catch((error) => {
    if (!others) throw error;
    return ask([]);
  });
  if (second.logs.length > 0 && second.member !== first.member) {
    endpoints.charge(first.member, new Error(`gave no logs of block ${head.hash}, which has some`), 1);
    given(second.member);
  }
  return second.logs;

  async function ask(except: readonly Member[]): Promise<{ logs: RawLog[]; member: Member }> {
    const topics = filter.topics.length > 0 ? [filter.topics] : [];
    const params = [{ blockHash: head.hash, address: filter.addresses, topics }];
    const { result, member } = await route(endpoints, { method: 'eth_getLogs', params }, except);
    return { logs: rawLogs(result), member };
  }
}
