import type { Address } from 'viem';
import { quoteV2ExactIn, quoteV2ExactOut, type V2Pair, type V2State } from './v2.ts';
import {
  type BeyondWindow,
  type Quote,
  quoteV3ExactIn,
  quoteV3ExactOut,
  type V3Pool,
  type V3State,
  windowCapacity,
} from './v3-pool.ts';

/** A pool of any venue at one block. */
export type PoolState = V3State | V2State;

/** Where states are looked up: a Map, or what {@link afterwards} makes of one. */
export type PoolStates = { get(pool: Address): PoolState | undefined };

/** The pools by pair; what `poolGraph` makes. */
export type PoolGraph = ReadonlyMap<string, readonly (V3Pool | V2Pair)[]>;

/** One pool of a route, whether its token0 is sold, and whether it is a pair of Uniswap v2. */
type Hop = { pool: Address; zeroForOne: boolean; v2?: boolean };

/**
 * Whether a pool is a pair of Uniswap v2: it has no ticks.
 *
 * @example
 * pools.filter((pool) => !isPair(pool)); // those with ticks
 */
export const isPair = (pool: V3Pool | V2Pair): pool is V2Pair => !('tickSpacing' in pool);

/** A way from the first token to the last, one pool between each two; `tokens` has one more entry than `hops`. */
export type Route = { hops: readonly Hop[]; tokens: readonly Address[] };

/** Value of an amount of a token, base currency; `undefined` without a price. */
export type Worth = (token: Address, amount: bigint) => bigint | undefined;

/**
 * A route's quote. `amounts`: what the first hop takes, then what leaves each. `after`: the pools it changes. `partial`: a
 * hop takes less than the one before gives, and the rest would lie about; never so for an exact output.
 */
type RouteQuote = Omit<Quote<unknown>, 'after'> & { amounts: readonly bigint[]; after: Map<Address, PoolState> };

const keyOf = (a: Address, b: Address) => [a.toLowerCase(), b.toLowerCase()].sort().join();
const least = (a: bigint, b: bigint) => (a < b ? a : b);
const same = (a: Address, b: Address) => a.toLowerCase() === b.toLowerCase();

/**
 * Sorts the pools by pair, once.
 *
 * @example
 * const graph = poolGraph([...v3Pools, ...v2Pairs]);
 */
export function poolGraph(pools: readonly (V3Pool | V2Pair)[]): PoolGraph {
  return Map.groupBy(pools, ({ token0, token1 }) => keyOf(token0, token1));
}

/**
 * The most promising routes from `tokenIn` to `tokenOut`: over one pool, or over two with a hub between, deepest first. A
 * route is as deep as its shallowest pool; pools whose state is not known are left out.
 *
 * @param options.v3Only - leaves out pairs of Uniswap v2
 * @param options.limit - most routes. @default 4
 * @example
 * const [best] = candidateRoutes(graph, states, weth, usdc, { hubs: [weth], worth });
 */
export function candidateRoutes(
  graph: PoolGraph,
  states: PoolStates,
  tokenIn: Address,
  tokenOut: Address,
  options: { hubs: readonly Address[]; worth: Worth; v3Only?: boolean; limit?: number },
): Route[] {
  const { hubs, worth, v3Only, limit = 4 } = options;
  if (same(tokenIn, tokenOut)) return [];
  type Found = { hops: Hop[]; tokens: Address[]; depth: bigint };
  const deepest = <T extends { depth: bigint }>(found: T[]) =>
    found.sort((a, b) => (a.depth === b.depth ? 0 : a.depth < b.depth ? 1 : -1)).slice(0, limit);
  const between = (a: Address, b: Address): Found[] =>
    deepest(
      (graph.get(keyOf(a, b)) ?? []).flatMap(({ address, token0 }) => {
        const state = states.get(address);
        const v2 = state?.venue === 'uniswapV2';
        if (!state || (v2 && v3Only)) return [];
        const hop = { pool: address, zeroForOne: same(token0, a), ...(v2 ? { v2 } : {}) };
        return [{ hops: [hop], tokens: [a, b], depth: depthOf(state, worth) }];
      }),
    );
  const overHubs = hubs
    .filter((hub) => !same(hub, tokenIn) && !same(hub, tokenOut))
    .flatMap((hub) => {
      const [first, second] = [between(tokenIn, hub), between(hub, tokenOut)];
      return first.flatMap((a) =>
        second.map(
          (b): Found => ({
            hops: [...a.hops, ...b.hops],
            tokens: [tokenIn, hub, tokenOut],
            depth: least(a.depth, b.depth),
          }),
        ),
      );
    });
  return deepest([...between(tokenIn, tokenOut), ...overHubs]).map(({ hops, tokens }) => ({ hops, tokens }));
}

/**
 * The reserves of a pair, or those that a constant-product pool of the same price and liquidity would have; smallest units.
 *
 * @example
 * const [reserve0, reserve1] = reservesOf(state);
 */
export const reservesOf = (state: PoolState): readonly [bigint, bigint] =>
  state.venue === 'uniswapV2'
    ? [state.reserve0, state.reserve1]
    : [(state.liquidity << 96n) / state.sqrtPriceX96, (state.liquidity * state.sqrtPriceX96) >> 96n];

/** What pools were found to hold at least, by their state. */
const held = new WeakMap<PoolState, readonly [bigint, bigint]>();

/**
 * What a pool lends at least of token0 and of token1: what it would pay out until its price leaves the ticks that were read. A
 * pool without ticks lends nothing.
 *
 * @example
 * const [most0, most1] = lendableOf(state);
 */
export function lendableOf(state: PoolState): readonly [bigint, bigint] {
  if (state.venue === 'uniswapV2' || state.liquidity === 0n) return [0n, 0n];
  const known = held.get(state) ?? [windowCapacity(state, false).amountOut, windowCapacity(state, true).amountOut];
  held.set(state, known);
  return known;
}

/**
 * How much a pool bears near its price, base currency: the value of the reserves that a constant-product pool of the same
 * liquidity would have. 0 where neither token has a price. To compare pools, not to pay by.
 *
 * @example
 * depthOf(state, (token, amount) => (token === weth ? amount : undefined)); // twice its WETH, in wei
 */
export function depthOf(state: PoolState, worth: Worth): bigint {
  const [amount0, amount1] = reservesOf(state);
  const [value0, value1] = [worth(state.token0, amount0), worth(state.token1, amount1)];
  // At the market's price both sides are worth the same.
  return (value0 ?? value1 ?? 0n) + (value1 ?? value0 ?? 0n);
}

/**
 * What selling exactly `amount` along a route gives. `undefined` where a pool of it cannot, or its state is not known.
 *
 * @example
 * const quote = quoteRouteExactIn(states, route, 10n ** 18n);
 * if (quote && quote.status !== 'beyond window') quote.amountOut; // what the last pool gives
 */
export function quoteRouteExactIn(
  states: PoolStates,
  { hops }: Route,
  amount: bigint,
): RouteQuote | BeyondWindow | undefined {
  const quote = start(amount);
  for (const { pool, zeroForOne } of hops) {
    const given = quote.amounts.at(-1)!;
    const state = states.get(pool);
    const hop =
      state?.venue === 'uniswapV3'
        ? quoteV3ExactIn(state, zeroForOne, given)
        : state && quoteV2ExactIn(state, zeroForOne, given);
    if (!hop || hop.status === 'beyond window') return hop;
    if (hop.status === 'partial') quote.status = 'partial';
    if (quote.amounts.length === 1) quote.amounts[0] = hop.amountIn;
    quote.amounts.push(hop.amountOut);
    quote.after.set(pool, hop.after);
    quote.crossed += hop.crossed;
  }
  return { ...quote, amountIn: quote.amounts[0]!, amountOut: quote.amounts.at(-1)! };
}

/**
 * What getting exactly `amount` at the end of a route costs. `undefined` where a pool of it has not that much, or its state
 * is not known.
 *
 * @example
 * const quote = quoteRouteExactOut(states, route, 2_000n * 10n ** 6n);
 * if (quote && quote.status !== 'beyond window') quote.amountIn; // what the first pool takes
 */
export function quoteRouteExactOut(
  states: PoolStates,
  { hops }: Route,
  amount: bigint,
): RouteQuote | BeyondWindow | undefined {
  const quote = start(amount);
  for (const { pool, zeroForOne } of hops.toReversed()) {
    const wanted = quote.amounts[0]!;
    const state = states.get(pool);
    const hop =
      state?.venue === 'uniswapV3'
        ? quoteV3ExactOut(state, zeroForOne, wanted)
        : state && quoteV2ExactOut(state, zeroForOne, wanted);
    if (!hop || hop.status === 'beyond window') return hop;
    quote.amounts.unshift(hop.amountIn);
    quote.after.set(pool, hop.after);
    quote.crossed += hop.crossed;
  }
  return { ...quote, amountIn: quote.amounts[0]!, amountOut: amount };
}

const start = (amount: bigint) => ({
  status: 'full' as RouteQuote['status'],
  amounts: [amount],
  after: new Map<Address, PoolState>(),
  crossed: 0,
});

/**
 * The states as they are after what was quoted, to quote the next sale of a plan on; nothing is copied.
 *
 * @example
 * quoteRouteExactIn(afterwards(states, first.after), route, amount); // behind the first sale
 */
export function afterwards(states: PoolStates, after: ReadonlyMap<Address, PoolState>): PoolStates {
  return { get: (pool) => after.get(pool) ?? states.get(pool) };
}
