import { type Address, type Hash, numberToHex, type PublicClient } from 'viem';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Head } from '../../src/chain/head.ts';
import { nameOfPair, openPoolReader, type Pair } from '../../src/planning/pools-ahead.ts';
import type { MarketPools } from '../../src/venues/market-pools.ts';
import { type PoolState, poolGraph } from '../../src/venues/paths.ts';
import { BTC, ETHER, OTHER, pair, USD, WETH } from './rig.ts';

const opened: (readonly Address[])[] = [];
const reads: { pairs: string[]; head: Hash }[] = [];
let fails: { open: boolean; read: boolean } = { open: false, read: false };
const pools = [
  pair(0x10, WETH, USD, ETHER, ETHER),
  pair(0x11, USD, BTC, ETHER, ETHER),
  pair(0x12, WETH, OTHER, ETHER, ETHER),
];

const openPools = async (_client: unknown, _factories: unknown, tokens: readonly Address[]): Promise<MarketPools> => {
  opened.push(tokens);
  if (fails.open) throw new Error('no node');
  return {
    graph: poolGraph(pools),
    hubs: [WETH],
    async read(pairs, { hash }) {
      const wanted = [...pairs];
      reads.push({ pairs: wanted.map(nameOfPair), head: hash });
      if (fails.read) throw new Error('no block');
      const within = ({ token0, token1 }: PoolState) =>
        wanted.some((each) => each.includes(token0) && each.includes(token1));
      return new Map(pools.filter(within).map((state) => [state.address, state]));
    },
    readPending: async () => new Map(),
  };
};

const head = (number: bigint): Head => ({
  number,
  hash: numberToHex(number, { size: 32 }),
  parentHash: numberToHex(number - 1n, { size: 32 }),
  timestamp: number * 12n,
  gasLimit: 30_000_000n,
  baseFeePerGas: 0n,
  logsBloom: '0x',
});
const assets = (...tokens: Address[]) => tokens.map((address) => ({ address, symbol: 'T', decimals: 18 }));
const reader = () => openPoolReader({} as PublicClient, { v3: undefined, v2: [] }, WETH, undefined, openPools);
const A: Pair = [USD, WETH];
const B: Pair = [USD, BTC];
const C: Pair = [WETH, OTHER];
const found = (states: { get(pool: Address): PoolState | undefined }) =>
  pools.flatMap(({ address }, index) => (states.get(address) ? [index] : []));

beforeEach(() => {
  opened.length = 0;
  reads.length = 0;
  fails = { open: false, read: false };
});

test('pools are looked for once, and again with all tokens where one is new', async () => {
  const { of } = reader();
  const first = await of(assets(WETH, USD));
  expect(await of(assets(USD))).toBe(first);
  expect(opened).toEqual([[WETH, USD]]);
  await of(assets(BTC, USD));
  expect(opened).toEqual([
    [WETH, USD],
    [WETH, USD, BTC],
  ]);
});

test('a search for pools that failed is done again', async () => {
  const { of } = reader();
  fails.open = true;
  await expect(of(assets(WETH))).rejects.toThrow('no node');
  fails.open = false;
  await expect(of(assets(WETH))).resolves.toBeDefined();
  expect(opened).toHaveLength(2);
});

test('what was needed lately is read ahead, and not read again at that head', async () => {
  const { states, prepare } = reader();
  expect(found(await states(assets(WETH, USD), head(1n), [A, A]))).toEqual([0]);
  expect(reads).toEqual([{ pairs: [nameOfPair(A)], head: head(1n).hash }]);
  prepare(assets(WETH, USD), head(2n), []);
  expect(found(await states(assets(WETH, USD), head(2n), [A]))).toEqual([0]);
  expect(reads.slice(1)).toEqual([{ pairs: [nameOfPair(A)], head: head(2n).hash }]);
  // Of another head nothing is known.
  expect(found(await states(assets(WETH, USD), head(3n), [A]))).toEqual([0]);
  expect(reads.slice(2)).toEqual([{ pairs: [nameOfPair(A)], head: head(3n).hash }]);
});

test('what is near is read ahead too; of what is asked only the rest is read late', async () => {
  const { states, prepare } = reader();
  prepare(assets(WETH, USD, BTC, OTHER), head(1n), [B]);
  expect(found(await states(assets(WETH, USD, BTC, OTHER), head(1n), [A, B, C]))).toEqual([0, 1, 2]);
  expect(reads.map(({ pairs }) => pairs)).toEqual([[nameOfPair(B)], [A, C].map(nameOfPair)]);
});

test('nothing is read ahead where nothing was needed', async () => {
  const { prepare } = reader();
  prepare(assets(WETH), head(1n), []);
  await Promise.resolve();
  expect([opened, reads]).toEqual([[], []]);
});

test('what was not needed for 300 heads is not read ahead any more', async () => {
  const { states, prepare } = reader();
  await states(assets(WETH, USD), head(1n), [A]);
  prepare(assets(WETH, USD), head(301n), []);
  await vi.waitFor(() => expect(reads).toHaveLength(2));
  prepare(assets(WETH, USD), head(302n), []);
  prepare(assets(WETH, USD), head(303n), [B]);
  await vi.waitFor(() => expect(reads.at(-1)).toEqual({ pairs: [nameOfPair(B)], head: head(303n).hash }));
  expect(reads).toHaveLength(3);
});

test('a reading ahead that failed is done again by who plans, who hears of it', async () => {
  const { states, prepare } = reader();
  fails.read = true;
  prepare(assets(WETH, USD), head(1n), [A]);
  await vi.waitFor(() => expect(reads).toHaveLength(1));
  await expect(states(assets(WETH, USD), head(1n), [A])).rejects.toThrow('no block');
  fails.read = false;
  expect(found(await states(assets(WETH, USD), head(1n), [A]))).toEqual([0]);
});
