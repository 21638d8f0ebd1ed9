import type { Address, Hash } from 'viem';
import type { Head } from './head.ts';

/** A block we have been at. Addresses are lower case. */
export type LightBlock = {
  number: bigint;
  hash: Hash;
  parentHash: Hash;
  /** Accounts whose state its logs changed, as far as they are tracked. */
  touched: readonly Address[];
  /** Those of them that were not tracked before it. */
  found: readonly Address[];
};

/** Blocks that are remembered: a reorg up to this deep is unwound, a deeper one means a resync. */
export const JOURNAL_BLOCKS = 128;

/** The last blocks we have been at, oldest first, each linked to the one before where none was jumped over. */
export type Journal = {
  readonly blocks: readonly LightBlock[];
  readonly tip: LightBlock | undefined;
  /** The block with this number, if we have been at it. */
  at(number: bigint): LightBlock | undefined;
  /** Takes out and returns the blocks above `ancestor`. */
  unwindTo(ancestor: bigint): LightBlock[];
  add(block: LightBlock): void;
  /** Puts what is known of a block by now in the place of what was; nothing where it is not remembered. */
  amend(block: LightBlock): void;
};

/**
 * @param kept - blocks from an earlier run, oldest first
 * @param limit - most blocks to remember
 */
export function createJournal(kept: readonly LightBlock[] = [], limit = JOURNAL_BLOCKS): Journal {
  const blocks = kept.slice(-limit);
  return {
    blocks,
    get tip() {
      return blocks.at(-1);
    },
    at(number) {
      return blocks.findLast((block) => block.number === number);
    },
    unwindTo(ancestor) {
      const from = blocks.findIndex(({ number }) => number > ancestor);
      return from < 0 ? [] : blocks.splice(from);
    },
    add(block) {
      blocks.push(block);
      if (blocks.length > limit) blocks.splice(0, blocks.length - limit);
    },
    amend(block) {
      const place = blocks.findIndex(({ hash }) => hash === block.hash);
      if (place >= 0) blocks[place] = block;
    },
  };
}

/** Asks the chain for a block's own hash and parent. */
export type BlockSource = {
  byNumber(number: bigint): Promise<Head>;
  byHash(hash: Hash): Promise<Head>;
};

/** Blocks that are linked one by one by their parents' hashes; what is further back is searched by number. */
const LINKED = 64n;

/**
 * The blocks that lead from ours to `head`: the newest of ours that is an ancestor of it, what of ours is not, and the
 * blocks between, oldest first, `head` last.
 *
 * A gap longer than 64 blocks is not walked: `range` then says which numbers come before the walked ones, and can be
 * searched by number, being that deep.
 *
 * @returns `undefined` when no block of ours is on the chain of `head`: only a resync helps
 * @throws when the chain changes under our eyes; the next head is tried
 */
export async function pathTo(
  journal: Pick<Journal, 'blocks' | 'at' | 'tip'>,
  head: Head,
  source: BlockSource,
): Promise<{ ancestor: LightBlock; blocks: Head[]; range: { from: bigint; to: bigint } | undefined } | undefined> {
  const { tip } = journal;
  if (!tip) return undefined;
  const blocks: Head[] = [head];
  const lowest = head.number - LINKED;
  // The usual case asks nothing: the parent is our tip.
  for (let first = head; ; ) {
    const ours = journal.at(first.number - 1n);
    if (ours?.hash === first.parentHash) return { ancestor: ours, blocks, range: undefined };
    if (first.number === 0n) return undefined;
    if (first.number <= lowest) break;
    if (first.number - 1n > tip.number && blocks.length === 1) {
      await linkGap(blocks, tip.number, lowest, source);
      first = blocks[0]!;
      continue;
    }
    first = await source.byHash(first.parentHash);
    blocks.unshift(first);
  }
  const first = blocks[0]!;
  const ancestor = await deepAncestor(journal.blocks, first, source);
  if (!ancestor) return undefined;
  return { ancestor, blocks, range: { from: ancestor.number + 1n, to: first.number - 1n } };
}

/** Puts the blocks above ours in front of `blocks`, down to `lowest`, all asked at once and checked to be linked. */
async function linkGap(blocks: Head[], tip: bigint, lowest: bigint, source: BlockSource): Promise<void> {
  const head = blocks[0]!;
  const from = tip + 1n > lowest ? tip + 1n : lowest;
  const numbers = Array.from({ length: Number(head.number - from) }, (_, index) => from + BigInt(index));
  const between = await Promise.all(numbers.map((number) => source.byNumber(number)));
  blocks.unshift(...between);
  for (let index = 1; index < blocks.length; index++) {
    if (blocks[index]!.parentHash !== blocks[index - 1]!.hash) {
      throw new Error(`the chain changed at block ${blocks[index]!.number} while it was read`);
    }
  }
}

/** The newest of ours that lies under `first` and is still what the chain has at its number. */
async function deepAncestor(
  ours: readonly LightBlock[],
  first: Head,
  source: BlockSource,
): Promise<LightBlock | undefined> {
  const below = ours.filter(({ number }) => number < first.number);
  // Once a block of ours is on the chain, so are all before it.
  let [on, off] = [-1, below.length];
  while (off - on > 1) {
    const middle = (on + off) >> 1;
    const block = below[middle]!;
    if ((await source.byNumber(block.number)).hash === block.hash) on = middle;
    else off = middle;
  }
  return below[on];
}
