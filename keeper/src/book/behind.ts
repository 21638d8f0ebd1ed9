import type { Head } from '../chain/head.ts';
import type { Journal } from '../chain/journal.ts';

/** How far a market was read: the remembered blocks, and the time of the newest, seconds. */
type Read = { journal: Pick<Journal, 'tip' | 'at'>; tipTime: bigint };

/**
 * Whether a head is an older block of the chain we have followed: a node that was stopped the hard way comes back hundreds of
 * blocks lower, and has them again in a while. Nothing is read, planned or given up then; our tip is waited for.
 *
 * It is another chain where it has another block at a height that we remember, or a lower block that is younger than our tip.
 *
 * @example
 * isBehind({ journal, tipTime: 1_700_000_000n }, head); // true: wait
 */
export function isBehind({ journal, tipTime }: Read, { number, hash, parentHash, timestamp }: Head): boolean {
  const { tip } = journal;
  if (!tip || number >= tip.number || timestamp > tipTime) return false;
  const [ours, below] = [journal.at(number), journal.at(number - 1n)];
  return (!ours || ours.hash === hash) && (!below || below.hash === parentHash);
}
