import type { Address } from 'viem';
import type { Head } from '../chain/head.ts';
import { JOURNAL_BLOCKS, type LightBlock, pathTo } from '../chain/journal.ts';
import { getLogsInRanges, type RawLog } from '../chain/logs.ts';
import { isBehind } from './behind.ts';
import { forgetLate, type TakenLate, takeLate } from './missed.ts';
import type { Found } from './read-logs.ts';
import { blocksOf, open, resync, rowOf, type Tracked } from './sync.ts';

/** What a head did to a market. */
export type Advance = {
  /** Accounts that were read again. */
  touched: ReadonlySet<Address>;
  /** Blocks of ours that turned out not to be on the chain, and the newest that is. */
  unwound: { blocks: number; ancestor: bigint } | undefined;
  /** Where the head is an older block of the chain we have followed: nothing has moved. */
  behind?: true;
};

/** As many of those closest to the line, where a protocol says that accounts change silently. */
const NEAR_LINE = 100;

/** A block without what its logs mean for the book, and what they say. */
type NewBlock = { block: Omit<LightBlock, 'touched' | 'found'>; found: Found };

/**
 * Brings market and accounts to `head`, and saves them.
 * @throws when the node fails; nothing has moved then
 */
export async function advance(tracked: Tracked, head: Head): Promise<Advance> {
  const { options, journal, market } = tracked;
  const { client } = options.chain;
  const isTip = journal.tip?.hash === head.hash;
  if (isTip && tracked.missed.size === 0) {
    // A run that ended at this very block left all but what the accounts share.
    if (tracked.state?.block.hash !== head.hash) tracked.state = await market.read(client, head);
    return { touched: new Set(), unwound: undefined };
  }
  if (isBehind(tracked, head)) return { touched: new Set(), unwound: undefined, behind: true };
  // Asked for beside the logs: what all accounts share hardly ever changes shape at a head.
  const early = market.read(client, head);
  early.catch(() => {}); // thrown where it is looked at
  const { ancestor, blocks } = isTip ? { ancestor: journal.tip!, blocks: [] } : await blocksTo(tracked, head);
  const changes = changesOf(tracked, ancestor, blocks);
  const { touched, lost, late } = changes;
  const reopens = late.reopen || blocks.some(({ found }) => found.reopen);
  if (lost.length > 0 || reopens) Object.assign(tracked, await open(options, head));
  // What a listing or an upgrade does to accounts is in no log of theirs.
  if (reopens) for (const account of tracked.book.addresses()) touched.add(account);
  for (const account of changes.doubtful) touched.delete(account);
  const state = await (tracked.market === market ? early : tracked.market.read(client, head));
  const unnamed = silent(tracked).filter((account) => !touched.has(account) && !changes.doubtful.has(account));
  const read = await tracked.market.readAccounts(client, state, [...touched, ...unnamed]);
  take(tracked, head, ancestor, changes, read.values());
  tracked.state = state;
  tracked.touched = touched.size;
  return { touched, unwound: unwoundBy(tracked, ancestor, lost.length) };
}

/** The blocks between our tip and `head` and what their logs say; after a resync where none of ours leads there. */
async function blocksTo(tracked: Tracked, head: Head): Promise<{ ancestor: LightBlock; blocks: NewBlock[] }> {
  const known = await newBlocks(tracked, head);
  if (known) return known;
  await resync(tracked, head);
  const fresh = await newBlocks(tracked, head);
  if (!fresh) throw new Error('the chain changed while it was read again');
  return fresh;
}

async function newBlocks({ options, journal, reader }: Tracked, head: Head) {
  const path = await pathTo(journal, head, blocksOf(options));
  if (!path) return undefined;
  const { chain, range, signal, logs: shared, store } = options;
  const blocks: NewBlock[] = [];
  if (path.range) {
    const logs: RawLog[] = [];
    const { addresses, events } = reader.filter;
    const { from: fromBlock, to: toBlock } = path.range;
    const query = { address: addresses, events, fromBlock, toBlock, range, signal };
    for await (const part of getLogsInRanges(chain.client, query)) logs.push(...part.logs);
    const next = path.blocks[0]!;
    const block = { number: path.range.to, hash: next.parentHash, parentHash: path.ancestor.hash };
    blocks.push({ block, found: reader.read(logs) });
  }
  const logs = await Promise.all(path.blocks.map((block) => shared.of(store, block)));
  path.blocks.forEach((block, index) => {
    blocks.push({ block, found: reader.read(logs[index]!) });
  });
  return { ancestor: path.ancestor, blocks };
}

/** What the new blocks, and those of ours that are lost, mean for the book. */
type Changes = {
  /** Our blocks that are not on the chain any more. */
  lost: LightBlock[];
  /** Accounts to read again. */
  touched: Set<Address>;
  /** Accounts that only lost blocks had made borrowers. */
  doubtful: Set<Address>;
  entries: LightBlock[];
  /** What logs say that came after their block. */
  late: TakenLate;
};

function changesOf(tracked: Tracked, ancestor: LightBlock, blocks: readonly NewBlock[]): Changes {
  const { book, journal } = tracked;
  const lost = journal.blocks.filter(({ number }) => number > ancestor.number);
  const late = takeLate(tracked, lost);
  const touched = new Set([...lost.flatMap((block) => block.touched), ...late.touched]);
  const doubtful = new Set(lost.flatMap((block) => block.found));
  // Where what came late names the block that was first, who borrowed there stays.
  const kept = lost.length === 0 ? [] : journal.blocks.filter(({ number }) => number <= ancestor.number);
  for (const block of [...kept, ...late.amended]) for (const account of block.found) doubtful.delete(account);
  const entries = blocks.map(({ block, found }): LightBlock => {
    const fresh = [...found.borrowers].filter((account) => !book.has(account) || doubtful.has(account));
    for (const account of found.borrowers) doubtful.delete(account);
    const isTracked = (account: Address) =>
      book.has(account) || found.borrowers.has(account) || late.touched.has(account);
    const concerned = [...found.touched].filter(isTracked);
    for (const account of concerned) touched.add(account);
    const { number, hash, parentHash } = block;
    return { number, hash, parentHash, touched: concerned, found: fresh };
  });
  return { lost, touched, doubtful, entries, late };
}

/** Saves first, and then moves: from there on nothing can fail. */
function take(
  tracked: Tracked,
  { number, hash, timestamp }: Head,
  ancestor: LightBlock,
  { doubtful, entries, late }: Changes,
  accounts: Iterable<Parameters<typeof rowOf>[0]>,
): void {
  const { options, book, journal } = tracked;
  const read = [...accounts];
  options.store.commit({
    rows: read.map(rowOf),
    removed: doubtful,
    cursor: { number, hash, timestamp },
    journal: { dropAbove: ancestor.number, add: [...late.amended, ...entries], keep: JOURNAL_BLOCKS },
  });
  journal.unwindTo(ancestor.number);
  for (const block of late.amended) journal.amend(block);
  for (const entry of entries) journal.add(entry);
  for (const account of read) book.set(account);
  for (const account of doubtful) book.delete(account);
  forgetLate(tracked, late);
  tracked.tipTime = timestamp;
}

/** After a resync nothing that was mined is taken for granted. */
function unwoundBy(tracked: Tracked, ancestor: LightBlock, lost: number): Advance['unwound'] {
  const { forgotten } = tracked;
  tracked.forgotten = 0;
  if (forgotten + lost === 0) return undefined;
  return { blocks: forgotten + lost, ancestor: forgotten > 0 ? 0n : ancestor.number };
}

/** Accounts that are read at every head though no log may name them. */
const silent = ({ market, book }: Tracked): Address[] =>
  market.changesSilently ? book.nearest(NEAR_LINE).map(({ address }) => address) : [];
