import type { Address, Hash, PublicClient } from 'viem';
import type { LogFilter } from '../chain/block-logs.ts';
import type { Head } from '../chain/head.ts';
import type { V2Factory } from '../config/chains.ts';
import { isPair, type PoolGraph, type PoolState, type PoolStates, poolGraph } from './paths.ts';
import { findV2Pairs, findV3Pools } from './pools.ts';
import { pairCalls, pairsRead, type V2Pair } from './v2.ts';
import type { V3Pool } from './v3-pool.ts';
import { type Known, readPools } from './v3-read.ts';
import { createTickMemory, heldBefore, rememberBlock, TICK_TOPICS, type TickMemory } from './v3-ticks.ts';

/** The pools between the tokens of a market, found once and read as often as there is something to sell. */
export type MarketPools = {
  graph: PoolGraph;
  /** Tokens that most pools trade: what a sale without a pool of its own goes over. */
  hubs: readonly Address[];
  /**
   * The pools that a sale between these pairs could go through, as they are at a block. At a head whose parent they were read
   * at, little is asked of those whose liquidity nobody has changed since.
   *
   * @throws when the node fails
   */
  read(pairs: Iterable<readonly [Address, Address]>, block: Head | { hash: Hash }): Promise<PoolStates>;
  /**
   * The same pools behind all that the node has waiting, where it shows that. Their ticks are taken for what they were when the pools
   * were last read: who provides liquidity in a transaction that waits is not seen.
   *
   * @throws when the node fails
   */
  readPending(pairs: Iterable<readonly [Address, Address]>): Promise<PoolStates>;
};

/** The logs of a head, shared with whoever else looks at them. */
export type HeadLogs = {
  /** Says what is wanted from now on. */
  want(filter: LogFilter): void;
  /** Those of a head. @throws when no endpoint has it */
  of(head: Head): Promise<readonly { address: Address }[]>;
};

/** Where the pools of a chain are found. */
export type Factories = { v3: Address | undefined; v2: readonly V2Factory[] };

/** The wrapped native token, and as many more. */
const MORE_HUBS = 7;

/**
 * @param tokens - the assets of all markets
 * @param logs - tells whose liquidity has changed; without it every read is a whole one
 * @throws when the factory of v3 is none, or the node fails
 */
export async function openMarketPools(
  client: PublicClient,
  { v3, v2 }: Factories,
  tokens: readonly Address[],
  wrappedNative: Address,
  logs?: HeadLogs,
): Promise<MarketPools> {
  const every = [...tokens, wrappedNative];
  const found = await Promise.all([
    v3 ? findV3Pools(client, v3, every) : [],
    ...v2.map((factory) => findV2Pairs(client, factory, every)),
  ]);
  const pools = found.flat();
  const traded = new Map<Address, number>();
  for (const { token0, token1 } of pools) {
    for (const token of [token0, token1]) traded.set(token, (traded.get(token) ?? 0) + 1);
  }
  traded.delete(wrappedNative);
  const most = [...traded].sort(([, a], [, b]) => b - a).slice(0, MORE_HUBS);
  const hubs = [wrappedNative, ...most.map(([token]) => token)];
  const memory = createTickMemory();
  const ticked = found.flat().filter((pool) => !isPair(pool));
  logs?.want({ addresses: ticked.map(({ address }) => address), topics: TICK_TOPICS });
  return {
    graph: poolGraph(pools),
    hubs,
    async read(pairs, block) {
      const wanted = poolsBetween(pools, hubs, pairs);
      const states = new Map<Address, PoolState>();
      for (const { address } of wanted) {
        const last = memory.pools.get(address);
        if (last?.at === block.hash) states.set(address, last.state);
      }
      const unread = wanted.filter(({ address }) => !states.has(address));
      const v2 = unread.filter(isPair);
      const v3 = unread.filter((pool) => !isPair(pool));
      const read = await readPools(client, v3, block, knownAt(memory, block, logs), pairCalls(v2));
      for (const [address, state] of read.states) {
        memory.pools.set(address, { state, at: block.hash });
        states.set(address, state);
      }
      for (const [address, state] of pairsRead(v2, read.alongside).states) states.set(address, state);
      return states;
    },
    async readPending(pairs) {
      const wanted = poolsBetween(pools, hubs, pairs);
      const v2 = wanted.filter(isPair);
      const v3 = wanted.filter((pool) => !isPair(pool));
      const known = new Map([...memory.pools].map(([address, { state }]) => [address, state]));
      const held = { states: known, held: new Set(known.keys()), moved: Promise.resolve(new Set<string>()) };
      const read = await readPools(client, v3, { tag: 'pending' }, held, pairCalls(v2));
      return new Map<Address, PoolState>([...read.states, ...pairsRead(v2, read.alongside).states]);
    },
  };
}

/** What is known of pools before they are read at a block; asks for the block's logs. */
function knownAt(memory: TickMemory, block: Head | { hash: Hash }, logs: HeadLogs | undefined): Known {
  const states = new Map([...memory.pools].map(([address, { state }]) => [address, state]));
  if (!logs || !('parentHash' in block) || states.size === 0) return { states };
  const moved = logs.of(block).then(
    (found) => {
      const addresses = new Set(found.map(({ address }) => address.toLowerCase()));
      rememberBlock(memory, block, addresses);
      return addresses;
    },
    // Whoever wanted them too says what failed; here everything is read.
    () => undefined,
  );
  return { states, held: heldBefore(memory, block), moved };
}

/** The pools between the two tokens of a pair, or from one of them to a hub. */
function poolsBetween(
  pools: readonly (V3Pool | V2Pair)[],
  hubs: readonly Address[],
  pairs: Iterable<readonly [Address, Address]>,
): (V3Pool | V2Pair)[] {
  const wanted = new Set<V3Pool | V2Pair>();
  for (const [a, b] of pairs) {
    const ends = (token: Address) => token === a || token === b;
    for (const pool of pools) {
      const { token0, token1 } = pool;
      if ((ends(token0) || hubs.includes(token0)) && (ends(token1) || hubs.includes(token1))) {
        if (ends(token0) || ends(token1)) wanted.add(pool);
      }
    }
  }
  return [...wanted];
}
