import type { Address, Hash, PublicClient } from 'viem';
import type { Head } from '../chain/head.ts';
import type { Asset } from '../protocols/protocol.ts';
import { type Factories, type HeadLogs, type MarketPools, openMarketPools } from '../venues/market-pools.ts';
import type { PoolStates } from '../venues/paths.ts';

/** Two tokens that something could be sold between. */
export type Pair = readonly [Address, Address];

/** Tells pairs apart. */
export const nameOfPair = ([a, b]: Pair): string => `${a}/${b}`;

/** The pools between all tokens of a chain's markets, read ahead of who needs them. */
export type PoolReader = {
  /** The pools between the tokens of all markets there were so far: asked once, and again where a token is new. */
  of(assets: readonly Asset[]): Promise<MarketPools>;
  /** The pools between pairs at a head; what was read ahead is not read again. */
  states(assets: readonly Asset[], head: Head, pairs: readonly Pair[]): Promise<PoolStates>;
  /** The pools between pairs behind all that the node has waiting. @throws when the node fails */
  pending(assets: readonly Asset[], pairs: readonly Pair[]): Promise<PoolStates>;
  /** Reads ahead what was lately needed, and what is `near`. */
  prepare(assets: readonly Asset[], head: Head, near: readonly Pair[]): void;
};

/** Heads for which pools are read ahead after they were last needed. */
const READ_AHEAD = 300n;

/**
 * - `tokens` and `found`: the pools between these tokens, once they are asked for.
 * - `lately`: pairs that were needed, by name, and the head at which that was last so.
 * - `ahead`: the pools between those as they are at a head.
 */
type Kept = {
  tokens: Set<Address>;
  found?: Promise<MarketPools>;
  lately: Map<string, { pair: Pair; at: bigint }>;
  ahead?: { head: Hash; names: ReadonlySet<string>; states: Promise<PoolStates> };
};

/**
 * Finds and reads the pools of a chain.
 *
 * @param native - the wrapped native token, which sales may go over
 * @param logs - tell whose liquidity has changed since the parent of a head
 * @param openPools - finds them
 * @example
 * const pools = openPoolReader(client, { v3: factory, v2: [] }, weth);
 * pools.prepare(market.assets, head, []);
 * const states = await pools.states(market.assets, head, [[usdc, weth]]);
 */
export function openPoolReader(
  client: PublicClient,
  factories: Factories,
  native: Address,
  logs?: HeadLogs,
  openPools: typeof openMarketPools = openMarketPools,
): PoolReader {
  const kept: Kept = { tokens: new Set(), lately: new Map() };

  function of(assets: readonly Asset[]): Promise<MarketPools> {
    const before = kept.tokens.size;
    for (const { address } of assets) kept.tokens.add(address);
    if (kept.found && kept.tokens.size === before) return kept.found;
    const found = openPools(client, factories, [...kept.tokens], native, logs);
    kept.found = found;
    // An answer that failed is no answer; the next head asks again.
    found.catch(() => {
      if (kept.found === found) delete kept.found;
    });
    return found;
  }

  return {
    of,
    async states(assets, head, pairs) {
      const { read } = await of(assets);
      const wanted = new Map(pairs.map((pair) => [nameOfPair(pair), pair]));
      for (const [name, pair] of wanted) kept.lately.set(name, { pair, at: head.number });
      const known = kept.ahead?.head === head.hash ? kept.ahead : undefined;
      const early = known && (await known.states.catch(() => undefined));
      if (!known || !early) return read(wanted.values(), head);
      const missing = [...wanted].filter(([name]) => !known.names.has(name)).map(([, pair]) => pair);
      if (missing.length === 0) return early;
      const late = await read(missing, head);
      return { get: (pool) => early.get(pool) ?? late.get(pool) };
    },
    async pending(assets, pairs) {
      const { readPending } = await of(assets);
      return readPending(pairs);
    },
    prepare(assets, head, near) {
      for (const [name, { at }] of kept.lately) if (head.number - at > READ_AHEAD) kept.lately.delete(name);
      const pairs = new Map([...kept.lately].map(([name, { pair }]) => [name, pair]));
      for (const pair of near) pairs.set(nameOfPair(pair), pair);
      if (pairs.size === 0) return;
      const states = of(assets).then(({ read }) => read(pairs.values(), head));
      // Whoever plans asks again for what failed.
      states.catch(() => {});
      kept.ahead = { head: head.hash, names: new Set(pairs.keys()), states };
    },
  };
}
