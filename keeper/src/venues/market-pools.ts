import type { Address, Hash, PublicClient } from 'viem';
import type { V2Factory } from '../config/chains.ts';
import { isPair, type PoolGraph, type PoolState, type PoolStates, poolGraph } from './paths.ts';
import { findV2Pairs, findV3Pools } from './pools.ts';
import { pairCalls, pairsRead, type V2Pair } from './v2.ts';
import type { V3Pool, V3State } from './v3-pool.ts';
import { readPools } from './v3-read.ts';

/** The pools between the tokens of a market, found once and read as often as there is something to sell. */
export type MarketPools = {
  graph: PoolGraph;
  /** Tokens that most pools trade: what a sale without a pool of its own goes over. */
  hubs: readonly Address[];
  /** The pools that a sale between these pairs could go through, as they are at a block. */
  read(pairs: Iterable<readonly [Address, Address]>, block: { hash: Hash }): Promise<PoolStates>;
};

/** Where the pools of a chain are found. */
export type Factories = { v3: Address | undefined; v2: readonly V2Factory[] };

/** The wrapped native token, and as many more. */
const MORE_HUBS = 7;

/**
 * @param tokens - the market's assets
 * @throws when the factory of v3 is none, or the node fails
 */
export async function openMarketPools(
  client: PublicClient,
  { v3, v2 }: Factories,
  tokens: readonly Address[],
  wrappedNative: Address,
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
  const known = new Map<Address, V3State>();
  return {
    graph: poolGraph(pools),
    hubs,
    async read(pairs, block) {
      const wanted = new Set<V3Pool | V2Pair>();
      for (const [a, b] of pairs) {
        const ends = (token: Address) => token === a || token === b;
        for (const pool of pools) {
          const { token0, token1 } = pool;
          // Between the two, or from one of them to a hub.
          if ((ends(token0) || hubs.includes(token0)) && (ends(token1) || hubs.includes(token1))) {
            if (ends(token0) || ends(token1)) wanted.add(pool);
          }
        }
      }
      const [pairsWanted, poolsWanted] = [[...wanted].filter(isPair), [...wanted].filter((pool) => !isPair(pool))];
      const { states, alongside } = await readPools(client, poolsWanted, block, known, pairCalls(pairsWanted));
      for (const [address, state] of states) known.set(address, state);
      return new Map<Address, PoolState>([...states, ...pairsRead(pairsWanted, alongside).states]);
    },
  };
}
