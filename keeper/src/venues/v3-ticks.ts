import { type Address, encodeEventTopics, type Hash, type Hex, parseAbi } from 'viem';
import type { Head } from '../chain/head.ts';
import type { V3State } from './v3-pool.ts';

// Of a pool's own functions only mint and burn move its ticks, and each says so; swaps and flash loans cross ticks and leave
// them as they are.
const liquidityAbi = parseAbi([
  'event Mint(address sender, address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)',
  'event Burn(address indexed owner, int24 indexed tickLower, int24 indexed tickUpper, uint128 amount, uint256 amount0, uint256 amount1)',
]);

/** First topics of the logs that say that a pool's ticks have moved. */
export const TICK_TOPICS: readonly Hex[] = liquidityAbi.map((event) => encodeEventTopics({ abi: [event] })[0] as Hex);

/** Blocks back to which it is looked whether a pool's ticks moved. */
const LONGEST_PATH = 64;

/** The ticks of pools as they were read last, and what is known of the blocks since. */
export type TickMemory = {
  pools: Map<Address, { state: V3State; at: Hash }>;
  /** The pools whose ticks moved in a block, lower case, by the block's hash. */
  blocks: Map<Hash, { parent: Hash; moved: ReadonlySet<string> }>;
};

export const createTickMemory = (): TickMemory => ({ pools: new Map(), blocks: new Map() });

/**
 * The pools whose ticks are after the parent of `head` as they were read: of every block on the way it is known that they did
 * not move in it. After a reorg, or where a head was left out, no way leads to where they were read.
 */
export function heldBefore({ pools, blocks }: TickMemory, head: Pick<Head, 'parentHash'>): Set<Address> {
  const moved = new Set<string>();
  const held = new Set<Address>();
  const readAt = Map.groupBy(pools, ([, { at }]) => at);
  let hash: Hash | undefined = head.parentHash;
  for (let step = 0; hash && step < LONGEST_PATH; step++) {
    for (const [address] of readAt.get(hash) ?? []) if (!moved.has(address.toLowerCase())) held.add(address);
    const block = blocks.get(hash);
    for (const address of block?.moved ?? []) moved.add(address);
    hash = block?.parent;
  }
  return held;
}

/** Keeps which pools' ticks moved in a block, and forgets the blocks that no way is long enough for. */
export function rememberBlock(
  { blocks }: TickMemory,
  { hash, parentHash: parent }: Pick<Head, 'hash' | 'parentHash'>,
  moved: ReadonlySet<string>,
): void {
  blocks.set(hash, { parent, moved });
  for (const old of [...blocks.keys()].slice(0, -LONGEST_PATH)) blocks.delete(old);
}
