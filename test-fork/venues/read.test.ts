import {
  type Address,
  concatHex,
  createPublicClient,
  custom,
  encodeAbiParameters,
  type Hex,
  numberToHex,
  type PublicClient,
  parseAbi,
  toHex,
} from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { findV3Pools } from '../../keeper/src/venues/pools.ts';
import { quoteV3ExactIn, type V3Pool, windowCapacity } from '../../keeper/src/venues/v3-pool.ts';
import { extend, readPools } from '../../keeper/src/venues/v3-read.ts';
import { labChain } from '../lab/chain.ts';
import { random } from '../lab/random.ts';
import { askQuoter, mintPosition, openRig, type Rig, readAll } from './rig.ts';

let rig: Rig;
let client: PublicClient;
/** `eth_call`s made by `client`. */
let calls = 0;

beforeAll(async () => {
  rig = await openRig(inject('labUrl'), random(7));
  const request = (body: { method: string; params?: unknown }) => {
    if (body.method === 'eth_call') calls += 1;
    return rig.client.request(body as never);
  };
  client = createPublicClient({ chain: labChain, transport: custom({ request }) }) as PublicClient;
});
afterAll(() => rig?.stop());

/** Answers and how many `eth_call`s they took. */
async function counted<T>(act: () => Promise<T>): Promise<[T, number]> {
  const before = calls;
  const answer = await act();
  return [answer, calls - before];
}

test('three calls for pools that are new, one for pools that are known, two where there is a new tick', async () => {
  const block = await rig.client.getBlock();
  const [first, cold] = await counted(() => readPools(client, rig.pools, block));
  expect([first.states.size, first.leftOut.size, cold]).toEqual([rig.pools.length, 0, 3]);
  const [again, warm] = await counted(() => readPools(client, rig.pools, block, { states: first.states }));
  expect(again).toEqual(first);
  expect(warm).toBe(1);

  const pool = rig.pools.find(({ fee }) => fee === 500)!;
  const { tick, liquidity, ticks } = first.states.get(pool.address)!;
  const [lower, upper] = [Math.floor(tick / 10) * 10 - 1_230, Math.floor(tick / 10) * 10 + 1_770];
  await mintPosition(rig, pool, lower, upper, 10n ** 12n, 10n ** 12n);
  const next = await rig.client.getBlock();
  const [changed, two] = await counted(() => readPools(client, rig.pools, next, { states: first.states }));
  expect(two).toBe(2);
  expect(changed).toEqual(await readPools(client, rig.pools, next));
  const now = changed.states.get(pool.address)!;
  expect(now.liquidity).toBeGreaterThan(liquidity);
  expect(now.ticks.map(({ index }) => index)).toEqual(
    [...new Set([...ticks.map(({ index }) => index), lower, upper])].sort((a, b) => a - b),
  );
  // As it was: read by hash, whatever the newest block says.
  expect(await readPools(client, rig.pools, block, { states: changed.states })).toEqual(first);
});

test('a sale that leaves the window is quoted once the window is extended', async () => {
  const pool = rig.pools.find(({ fee }) => fee === 100)!;
  const { states, block } = await readAll(rig, [pool]);
  const narrow = states.get(pool.address)!;
  for (const zeroForOne of [true, false]) {
    const inside = windowCapacity(narrow, zeroForOne);
    const tokens = zeroForOne ? [pool.token0, pool.token1] : [pool.token1, pool.token0];
    const route = { hops: [{ pool: pool.address, zeroForOne }], tokens };
    const edge = await askQuoter(rig, route, [pool.fee], inside.amountIn, 'in');
    expect(quoteV3ExactIn(narrow, zeroForOne, inside.amountIn)).toMatchObject({ amountOut: edge!.amount });

    const amount = inside.amountIn * 3n;
    let state = narrow;
    let quote = quoteV3ExactIn(state, zeroForOne, amount);
    expect(quote).toMatchObject({ status: 'beyond window', zeroForOne, ...inside });
    let steps = 0;
    for (; quote?.status === 'beyond window'; steps++) {
      state = await extend(client, state, zeroForOne, block);
      quote = quoteV3ExactIn(state, zeroForOne, amount);
    }
    expect(steps).toBeGreaterThan(0);
    const answer = await askQuoter(rig, route, [pool.fee], amount, 'in');
    expect(quote!.amountOut).toBe(answer!.amount);
    expect(state.ticks.map(({ index }) => index)).toEqual(
      expect.arrayContaining(narrow.ticks.map(({ index }) => index)),
    );
  }
});

test('a pool that is locked, not initialized or none is left out and named', async () => {
  const { factory } = rig.directory.uniswapV3;
  const [locked, fine] = rig.pools as [V3Pool, V3Pool];
  const { WETH, USDT } = rig.directory.tokens;
  const factoryAbi = parseAbi(['function createPool(address, address, uint24)']);
  await rig.trader.send(factory, factoryAbi, 'createPool', [WETH.address, USDT.address, 10_000]);
  const pools = await findV3Pools(client, factory, [WETH.address, USDT.address]);
  const bare = pools.find(({ fee }) => fee === 10_000)!;
  const none = { ...fine, address: WETH.address };

  // The highest byte that slot0 uses is the lock.
  const slot = (await rig.client.getStorageAt({ address: locked.address, slot: '0x0' }))!;
  const shut = numberToHex(BigInt(slot) & ((1n << 240n) - 1n), { size: 32 });
  await rig.client.setStorageAt({ address: locked.address, index: 0, value: shut });
  await rig.client.mine({ blocks: 1 });
  try {
    const { states, leftOut } = await readAll(rig, [locked, fine, bare, none]);
    expect([...states.keys()]).toEqual([fine.address]);
    expect([...leftOut]).toEqual([
      [locked.address, 'it is locked'],
      [bare.address, 'it is not initialized'],
      [none.address, 'it does not answer as a pool'],
    ]);
  } finally {
    await rig.client.setStorageAt({ address: locked.address, index: 0, value: slot });
    await rig.client.mine({ blocks: 1 });
  }
});

test("a fork's fee protocol of 32 bits is read over", async () => {
  // PancakeSwap's default for a pool of 0.25 %: 3,200 of 10,000 for either token.
  const feeProtocol = 3_200 + 3_200 * 2 ** 16;
  const price = (1n << 96n) + 5n;
  const slot0 = encodeAbiParameters(
    ['uint160', 'int24', 'uint16', 'uint16', 'uint16', 'uint32', 'bool'].map((type) => ({ type })),
    [price, 0, 1, 1, 1, feeProtocol, true],
  );
  const address: Address = '0x00000000000000000000000000000000f0110b01';
  await rig.client.setCode({ address, bytecode: answersAlways(slot0) });
  await rig.client.mine({ blocks: 1 });
  const { states, leftOut } = await readAll(rig, [{ ...rig.pools[0]!, address, tickSpacing: 50 }]);
  expect([...leftOut]).toEqual([]);
  expect(states.get(address)).toMatchObject({ sqrtPriceX96: price, tick: 0 });
});

/** Code that answers every call with the same data: CODECOPY from behind itself, RETURN. */
function answersAlways(data: Hex): Hex {
  const size = toHex((data.length - 2) / 2, { size: 2 });
  const code: Hex = `0x61${size.slice(2)}600c60003961${size.slice(2)}6000f3`;
  const start = toHex((code.length - 2) / 2, { size: 1 }).slice(2);
  return concatHex([code.replace('600c', `60${start}`) as Hex, data]);
}
