import { concatHex } from 'viem';
import { expect, test } from 'vitest';
import { VENUE } from '../../src/contract/plan.ts';
import { partsOf, swapsOf } from '../../src/planning/sales.ts';
import type { Route } from '../../src/venues/paths.ts';
import { address, BTC, ETHER, OTHER, pair, USD, WETH } from './rig.ts';

const [V3A, V3B, V3C, V2A, V2B] = [0x10, 0x11, 0x12, 0x20, 0x21].map(address) as [
  ReturnType<typeof address>,
  ReturnType<typeof address>,
  ReturnType<typeof address>,
  ReturnType<typeof address>,
  ReturnType<typeof address>,
];
const route = (tokens: Route['tokens'], ...hops: [pool: typeof V3A, v2: boolean][]): Route => ({
  tokens,
  hops: hops.map(([pool, v2]) => ({ pool, v2, zeroForOne: true })),
});
const states = new Map([
  [V2A, pair(0x20, WETH, USD, ETHER, ETHER)],
  [V2B, { ...pair(0x21, WETH, USD, ETHER, ETHER), fee: 2_500 }],
]);

test('pools of v3 that follow one another are one swap, each pair of v2 is one of its own', () => {
  const long = route(
    [WETH, USD, BTC, OTHER, WETH, USD],
    [V3A, false],
    [V3B, false],
    [V2A, true],
    [V2B, true],
    [V3C, false],
  );
  expect(partsOf(long)).toEqual([
    { first: 0, last: 1 },
    { first: 2, last: 2 },
    { first: 3, last: 3 },
    { first: 4, last: 4 },
  ]);
  expect(partsOf(route([WETH, USD, BTC], [V2A, true], [V3A, false]))).toEqual([
    { first: 0, last: 0 },
    { first: 1, last: 1 },
  ]);
});

test('a sale over one pool: what is quoted less the slippage, rounded up', () => {
  const sale = { route: route([WETH, USD], [V3A, false]), amounts: [1_000n, 2_001n] };
  expect(swapsOf(states, sale, 50n)).toEqual([
    // 2,001 less a half of a hundredth is 1,990.995.
    { venue: VENUE.uniswapV3, pool: V3A, tokenIn: WETH, tokenOut: USD, amountIn: 1_000n, minOut: 1_991n, extra: '0x' },
  ]);
  expect(swapsOf(states, { ...sale, amounts: [1_000n, 2_000n] }, 50n)[0]!.minOut).toBe(1_990n);
});

test('over pools of v3 it names the tokens between and the pools after the first', () => {
  const sale = {
    route: route([WETH, USD, BTC, OTHER], [V3A, false], [V3B, false], [V3C, false]),
    amounts: [8n, 7n, 6n, 10_000n],
  };
  expect(swapsOf(states, sale, 100n)).toEqual([
    {
      venue: VENUE.uniswapV3,
      pool: V3A,
      tokenIn: WETH,
      tokenOut: OTHER,
      amountIn: 8n,
      minOut: 9_900n,
      extra: concatHex([USD, V3B, BTC, V3C]),
    },
  ]);
});

test('each part is for what the one before is quoted to give, and has its share of the slippage, rounded down', () => {
  const sale = { route: route([WETH, USD, BTC], [V3A, false], [V2A, true]), amounts: [100n, 10_000n, 20_000n] };
  // 25 bps in all: 12 each.
  expect(swapsOf(states, sale, 25n)).toEqual([
    { venue: VENUE.uniswapV3, pool: V3A, tokenIn: WETH, tokenOut: USD, amountIn: 100n, minOut: 9_988n, extra: '0x' },
    { venue: VENUE.uniswapV2, pool: V2A, tokenIn: USD, tokenOut: BTC, amountIn: 10_000n, minOut: 19_976n, extra: '0x' },
  ]);
});

test('a pair whose fee is not the usual one says it, in bps', () => {
  const sale = { route: route([WETH, USD], [V2B, true]), amounts: [100n, 10_000n] };
  expect(swapsOf(states, sale, 0n)).toEqual([
    {
      venue: VENUE.uniswapV2,
      pool: V2B,
      tokenIn: WETH,
      tokenOut: USD,
      amountIn: 100n,
      minOut: 10_000n,
      extra: '0x0019',
    },
  ]);
});
