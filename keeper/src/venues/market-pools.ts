import type { Address, Hash, PublicClient } from 'viem';
import { type PoolGraph, type PoolStates, poolGraph } from './paths.ts';
import { findV3Pools } from './pools.ts';
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

/** The wrapped native token, and as many more. */
const MORE_HUBS = 7;

/**
 * @param tokens - the market's assets
 * @throws when the factory is none, or the node fails
 */
export async function openMarketPools(
  client: PublicClient,
  factory: Address,
  tokens: readonly Address[],
  wrappedNative: Address,
): Promise<MarketPools> {
  const pools = await findV3Pools(client, factory, [...tokens, wrappedNative]);
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
      const wanted = new Set<V3Pool>();
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
      const { states } = await readPools(client, [...wanted], block, known);
      for (const [address, state] of states) known.set(address, state);
      return states;
    },
  };
}
