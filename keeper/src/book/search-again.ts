import type { Address, PublicClient } from 'viem';
import { getLogsInRanges } from '../chain/logs.ts';
import { eachEndpoint } from '../chain/other-endpoints.ts';
import type { Tracked } from './sync.ts';

/** Most endpoints that are asked to search all history, one after the other. */
const MOST_ENDPOINTS = 3;

/**
 * Searches all history for borrowers once more, from the first block on or from where the user says that it begins: for where the
 * market counts more debt than the accounts that are known owe. Each endpoint is asked alone, the usual one last, until one of them
 * knows somebody. Who is found is kept, and read at the next head.
 *
 * @returns how many were found
 * @throws when the node fails
 */
export async function searchAgain(tracked: Tracked): Promise<number> {
  const { journal, missed, options } = tracked;
  const { tip } = journal;
  if (!tip) return 0;
  let found = new Set<Address>();
  const clients = eachEndpoint(options.chain).slice(0, MOST_ENDPOINTS);
  for (const client of clients) {
    found = await findUntracked(tracked, client, tip.number);
    if (found.size > 0) break;
  }
  // The block that is least likely to be unwound: who is found is found for good.
  const { hash } = journal.blocks[0]!;
  const { touched = [], borrowers = [], reopen = false } = missed.get(hash) ?? {};
  if (found.size > 0) {
    const all = { touched: new Set([...touched, ...found]), borrowers: new Set([...borrowers, ...found]), reopen };
    missed.set(hash, all);
  }
  tracked.fromBlock = least(options.fromBlock ?? 0n, tracked.fromBlock);
  const backfill = { fromBlock: tracked.fromBlock, nextBlock: tip.number + 1n, done: true };
  options.store.commit({ found, backfill });
  return found.size;
}

/** Who borrowed up to a block and is not tracked, lower case. */
async function findUntracked({ options, book, reader }: Tracked, client: PublicClient, toBlock: bigint) {
  const { range, signal, fromBlock = 0n } = options;
  const { addresses, events } = reader.history;
  const query = { address: addresses, events, fromBlock, toBlock, range, signal };
  const found = new Set<Address>();
  for await (const { logs } of getLogsInRanges(client, query)) {
    for (const account of reader.read(logs).borrowers) if (!book.has(account)) found.add(account);
  }
  return found;
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
