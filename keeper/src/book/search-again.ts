import type { Address } from 'viem';
import { getLogsInRanges } from '../chain/logs.ts';
import { otherEndpoints } from '../chain/other-endpoints.ts';
import type { Tracked } from './sync.ts';

/**
 * Searches all history for borrowers once more, from the first block on or from where the user says that it begins: for where the
 * market counts more debt than the accounts that are known owe. Another endpoint is asked where there is one.
 *
 * @returns who was found that is not tracked, lower case
 * @throws when the node fails
 */
async function findUntracked({ options, book, reader }: Tracked, toBlock: bigint): Promise<Set<Address>> {
  const { chain, range, signal, fromBlock = 0n } = options;
  const { addresses, events } = reader.history;
  const query = { address: addresses, events, fromBlock, toBlock, range, signal };
  const found = new Set<Address>();
  for await (const { logs } of getLogsInRanges(otherEndpoints(chain) ?? chain.client, query)) {
    for (const account of reader.read(logs).borrowers) if (!book.has(account)) found.add(account);
  }
  return found;
}

/** The same, up to the tip; who is found is kept, and read at the next head. @returns how many were found */
export async function searchAgain(tracked: Tracked): Promise<number> {
  const { journal, missed, options } = tracked;
  // The block that is least likely to be unwound: who is found is found for good.
  const [first] = journal.blocks;
  if (!first || !journal.tip) return 0;
  const toBlock = journal.tip.number;
  const found = await findUntracked(tracked, toBlock);
  const { touched = [], borrowers = [], reopen = false } = missed.get(first.hash) ?? {};
  if (found.size > 0) {
    const all = { touched: new Set([...touched, ...found]), borrowers: new Set([...borrowers, ...found]), reopen };
    missed.set(first.hash, all);
  }
  tracked.fromBlock = least(options.fromBlock ?? 0n, tracked.fromBlock);
  const backfill = { fromBlock: tracked.fromBlock, nextBlock: toBlock + 1n, done: true };
  options.store.commit({ found, backfill });
  return found.size;
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
