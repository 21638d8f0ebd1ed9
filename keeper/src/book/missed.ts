import type { Address, Hash } from 'viem';
import type { LightBlock } from '../chain/journal.ts';
import type { RawLog } from '../chain/raw-log.ts';
import type { Found } from './read-logs.ts';
import { choosing } from './share-logs.ts';
import type { Tracked } from './sync.ts';

/** What logs say that came after their block was taken in, by the block's hash. It is taken in at the next head. */
export type Missed = Map<Hash, Found>;

/** Accounts whose logs in a block the book has not had. */
export type Late = { block: LightBlock; accounts: Address[] };

/**
 * Holds logs of blocks we have been at against what the book was told of these blocks. What it was not told is taken in at the next
 * head as if it had come in time.
 *
 * An account is missed where a log names it and nothing since has made it be read. Before the first block that is remembered it is not
 * known who was read, so that only borrowers that are not tracked are missed there.
 *
 * @param logs - of any contracts; those that this market does not ask for, and those of other branches, are passed over
 * @example
 * recheck(tracked, logs); // [{ block, accounts: ['0xab…'] }]
 */
export function recheck(tracked: Tracked, logs: readonly RawLog[]): Late[] {
  const { journal, reader } = tracked;
  const isFor = choosing(reader.filter);
  const byBlock = new Map<LightBlock, RawLog[]>();
  for (const log of logs) {
    const block = isFor(log) ? blockOf(journal.blocks, log) : undefined;
    if (block) byBlock.set(block, [...(byBlock.get(block) ?? []), log]);
  }
  // From the newest on: who was read in a block was read as all before it had left them.
  const late: Late[] = [];
  const since: Since = { read: new Set(), found: new Set() };
  for (const block of journal.blocks.toReversed()) {
    for (const account of block.touched) since.read.add(account);
    const own = byBlock.get(block);
    const accounts = own ? note(tracked, block, reader.read(own), since) : [];
    if (accounts.length > 0) late.unshift({ block, accounts });
    for (const account of block.found) since.found.add(account);
  }
  return late;
}

/** Accounts that were read at a block or after it, and that blocks after it were the first to name as borrowers. */
type Since = { read: Set<Address>; found: Set<Address> };

/** The remembered block that stands for a log's: its own, or the first after those that were jumped over. */
function blockOf(blocks: readonly LightBlock[], log: RawLog): LightBlock | undefined {
  const block = blocks.find(({ number }) => number >= log.blockNumber);
  return block?.number === log.blockNumber && block.hash !== log.blockHash ? undefined : block;
}

/** @returns whom a block's logs name that have not been read since */
function note({ book, journal, missed }: Tracked, block: LightBlock, found: Found, since: Since): Address[] {
  const first = journal.blocks[0] === block;
  const noted = missed.get(block.hash);
  const isNew = (account: Address) => !since.read.has(account) && !noted?.touched.has(account);
  const fresh = [...found.borrowers].filter((account) => !book.has(account) && !noted?.borrowers.has(account));
  const stale = first ? [] : [...found.touched].filter((account) => book.has(account) && isNew(account));
  // Who borrowed here stays although a later block, which seemed to be the first that named them, is unwound.
  const earlier = [...found.borrowers].filter((account) => since.found.has(account));
  const reopen = found.reopen && !first && !noted;
  if (fresh.length + stale.length + earlier.length === 0 && !reopen) return [];
  missed.set(block.hash, {
    touched: new Set([...(noted?.touched ?? []), ...stale, ...fresh]),
    borrowers: new Set([...(noted?.borrowers ?? []), ...fresh, ...earlier]),
    reopen: (noted?.reopen ?? false) || reopen,
  });
  return [...fresh, ...stale];
}

/** What came late, as the next head takes it in. */
export type TakenLate = {
  /** Of which it consists: what is noted meanwhile stays for the head after. */
  of: readonly (readonly [Hash, Found])[];
  touched: Set<Address>;
  reopen: boolean;
  /** Blocks with what is known of them by now. */
  amended: LightBlock[];
};

/** @param lost - blocks that are not on the chain any more: what came late of these counts no more than what came in time */
export function takeLate({ journal, missed }: Tracked, lost: readonly LightBlock[]): TakenLate {
  const late: TakenLate = { of: [...missed], touched: new Set(), reopen: false, amended: [] };
  for (const [hash, { touched, borrowers, reopen }] of late.of) {
    if (lost.some((block) => block.hash === hash)) continue;
    for (const account of touched) late.touched.add(account);
    late.reopen ||= reopen;
    const block = journal.blocks.find((remembered) => remembered.hash === hash);
    if (!block) continue;
    const both = (a: readonly Address[], b: Iterable<Address>) => [...new Set([...a, ...b])];
    late.amended.push({ ...block, touched: both(block.touched, touched), found: both(block.found, borrowers) });
  }
  return late;
}

/** Forgets what was taken in. */
export function forgetLate({ missed }: Tracked, { of }: TakenLate): void {
  for (const [hash, found] of of) if (missed.get(hash) === found) missed.delete(hash);
}
