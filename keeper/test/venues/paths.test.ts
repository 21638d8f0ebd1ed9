import type { Address } from 'viem';
import { expect, test } from 'vitest';
import {
  afterwards,
  candidateRoutes,
  depthOf,
  type PoolState,
  poolGraph,
  quoteRouteExactIn,
  quoteRouteExactOut,
} from '../../src/venues/paths.ts';
import type { V2State } from '../../src/venues/v2.ts';
import type { V3State } from '../../src/venues/v3-pool.ts';

const address = (last: number): Address => `0x${last.toString(16).padStart(40, '0')}`;
const [A, B, HUB, OTHER] = [address(1), address(2), address(3), address(4)] as const;
/** Every token is worth its amount. */
const worth = (_: Address, amount: bigint) => amount;

const v2 = (id: number, token0: Address, token1: Address, reserve: bigint): V2State => ({
  venue: 'uniswapV2',
  address: address(id),
  token0,
  token1,
  fee: 3_000,
  reserve0: reserve,
  reserve1: reserve,
});
const v3 = (id: number, token0: Address, token1: Address, liquidity: bigint): V3State => ({
  venue: 'uniswapV3',
  address: address(id),
  token0,
  token1,
  fee: 500,
  tickSpacing: 10,
  sqrtPriceX96: 1n << 96n,
  tick: 0,
  liquidity,
  ticks: [],
  words: { from: -1, to: 0 },
});

const all: PoolState[] = [
  v2(0x10, A, B, 10n ** 20n),
  v3(0x11, A, B, 10n ** 22n),
  v3(0x12, A, HUB, 10n ** 24n),
  v2(0x13, B, HUB, 10n ** 21n),
  v3(0x14, A, OTHER, 10n ** 25n),
];
const graph = poolGraph(all);
const states = new Map(all.map((state) => [state.address, state]));
const routes = (options: Partial<Parameters<typeof candidateRoutes>[4]> = {}) =>
  candidateRoutes(graph, states, A, B, { hubs: [HUB, A], worth, ...options }).map(({ hops }) =>
    hops.map(({ pool }) => Number(pool)),
  );

test('routes in the order of their shallowest pool', () => {
  expect(routes()).toEqual([[0x11], [0x12, 0x13], [0x10]]);
  expect(routes({ limit: 2 })).toEqual([[0x11], [0x12, 0x13]]);
  expect(routes({ hubs: [] })).toEqual([[0x11], [0x10]]);
  expect(routes({ v3Only: true })).toEqual([[0x11]]);
  expect(routes({ hubs: [OTHER] })).toEqual([[0x11], [0x10]]);
});

test('a pool whose state is not known is in no route', () => {
  const few = candidateRoutes(graph, new Map([[address(0x10), all[0]!]]), A, B, { hubs: [HUB], worth });
  expect(few).toEqual([{ hops: [{ pool: address(0x10), zeroForOne: true, v2: true }], tokens: [A, B] }]);
  expect(candidateRoutes(graph, states, A, A, { hubs: [HUB], worth })).toEqual([]);
});

test('the direction of a hop goes by the order of its tokens', () => {
  const known = { get: (pool: Address) => (pool === address(0x11) ? undefined : states.get(pool)) };
  const [route] = candidateRoutes(graph, known, B, A, { hubs: [HUB], worth });
  expect(route).toEqual({
    hops: [
      { pool: address(0x13), zeroForOne: true, v2: true },
      { pool: address(0x12), zeroForOne: false },
    ],
    tokens: [B, HUB, A],
  });
});

test('depth: the value of both reserves, or twice the one whose token has a price', () => {
  expect(depthOf(all[0]!, worth)).toBe(2n * 10n ** 20n);
  expect(depthOf(all[1]!, worth)).toBe(2n * 10n ** 22n);
  expect(depthOf(all[0]!, (token, amount) => (token === A ? 3n * amount : undefined))).toBe(6n * 10n ** 20n);
  expect(depthOf(all[0]!, () => undefined)).toBe(0n);
});

test('a route over both venues, hop by hop, and back', () => {
  const route = {
    hops: [
      { pool: address(0x12), zeroForOne: true },
      { pool: address(0x13), zeroForOne: false, v2: true },
    ],
    tokens: [A, HUB, B],
  };
  const quote = quoteRouteExactIn(states, route, 10n ** 18n);
  // 0.05 % off, price 1, slippage 1e-6: rounded down by the pool once at the price and once at the amount.
  const hub = (10n ** 24n * 999_500_000_000_000_000n) / (10n ** 24n + 999_500_000_000_000_000n);
  const b = (hub * 997n * 10n ** 21n) / (10n ** 24n + hub * 997n);
  expect(quote).toMatchObject({ status: 'full', amountIn: 10n ** 18n, crossed: 0 });
  if (quote?.status !== 'full') throw new Error('no quote');
  expect(hub - quote.amounts[1]!).toBeLessThanOrEqual(2n);
  expect(b - quote.amountOut).toBeLessThanOrEqual(2n);
  expect(quote.amounts).toEqual([10n ** 18n, quote.amounts[1], quote.amountOut]);

  const back = quoteRouteExactOut(states, route, quote.amountOut);
  if (back?.status !== 'full') throw new Error('no quote');
  expect(10n ** 18n - back.amountIn).toBeGreaterThanOrEqual(0n);
  expect(10n ** 18n - back.amountIn).toBeLessThanOrEqual(4n);

  // The next sale on the same pools gets less.
  const next = quoteRouteExactIn(afterwards(states, quote.after), route, 10n ** 18n);
  if (next?.status !== 'full') throw new Error('no quote');
  expect(next.amountOut).toBeLessThan(quote.amountOut);
});

test('a hop beyond its window is named; one without a state has no quote', () => {
  const hops = [{ pool: address(0x11), zeroForOne: true }];
  expect(quoteRouteExactIn(states, { hops, tokens: [A, B] }, 10n ** 30n)).toMatchObject({
    status: 'beyond window',
    pool: address(0x11),
    zeroForOne: true,
  });
  expect(quoteRouteExactOut(new Map(), { hops, tokens: [A, B] }, 1n)).toBeUndefined();
});
