import { type Address, createPublicClient, custom, type Hex, type PublicClient, parseAbi } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Head, headOf } from '../../keeper/src/chain/head.ts';
import { type HeadLogs, type MarketPools, openMarketPools } from '../../keeper/src/venues/market-pools.ts';
import type { PoolStates } from '../../keeper/src/venues/paths.ts';
import type { V3Pool, V3State } from '../../keeper/src/venues/v3-pool.ts';
import { readPools } from '../../keeper/src/venues/v3-read.ts';
import { labChain } from '../lab/chain.ts';
import { random } from '../lab/random.ts';
import { mintPosition, openRig, type Rig, sell } from './rig.ts';

const managerAbi = parseAbi([
  'function balanceOf(address owner) view returns (uint256)',
  'function tokenOfOwnerByIndex(address owner, uint256 index) view returns (uint256)',
  'function positions(uint256 id) view returns (uint96, address, address token0, address token1, uint24 fee, int24, int24, uint128 liquidity, uint256, uint256, uint128, uint128)',
  'function decreaseLiquidity((uint256 tokenId, uint128 liquidity, uint256 amount0Min, uint256 amount1Min, uint256 deadline) params)',
]);

let rig: Rig;
let client: PublicClient;
/** Reads inside each multicall so far. */
let reads: number[] = [];
let pairs: [Address, Address][];
let logsFail = false;

beforeAll(async () => {
  rig = await openRig(inject('labUrl'), random(8));
  const request = (body: { method: string; params?: unknown }) => {
    // The length of the list stands behind the selector and its offset.
    const [{ data = '' } = {}] = (body.params ?? []) as [{ data?: Hex }?];
    if (body.method === 'eth_call') reads.push(Number(`0x${data.slice(74, 138)}`));
    return rig.client.request(body as never);
  };
  client = createPublicClient({ chain: labChain, transport: custom({ request }) }) as PublicClient;
  const tokens = Object.values(rig.directory.tokens).map(({ address }) => address);
  pairs = tokens.flatMap((a) => tokens.map((b): [Address, Address] => [a, b]));
});
afterAll(() => rig?.stop());

async function open(logs?: HeadLogs): Promise<MarketPools> {
  const { tokens, uniswapV3 } = rig.directory;
  const every = Object.values(tokens).map(({ address }) => address);
  return openMarketPools(client, { v3: uniswapV3.factory, v2: [] }, every, tokens.WETH.address, logs);
}

/** Asks the node for the logs of a block. */
function nodeLogs(): HeadLogs {
  let wanted: Parameters<HeadLogs['want']>[0];
  return {
    want: (filter) => {
      wanted = filter;
    },
    async of({ hash }) {
      if (logsFail) throw new Error('no logs today');
      const { addresses, topics } = wanted;
      const params = [{ blockHash: hash, address: addresses, topics: [topics] }];
      return rig.client.request({ method: 'eth_getLogs', params } as never);
    },
  };
}

const headNow = async (): Promise<Head> =>
  headOf(await rig.client.request({ method: 'eth_getBlockByNumber', params: ['latest', false] }));

async function next(): Promise<Head> {
  await rig.client.mine({ blocks: 1 });
  return headNow();
}

/** Reads inside the multicalls that `act` makes. */
async function readsOf<T>(act: () => Promise<T>): Promise<[T, number[]]> {
  reads = [];
  return [await act(), reads];
}

/** Pools as they were read, and as the chain has them: their whole windows read again. */
async function bothWays(states: PoolStates, head: Head) {
  const mine = new Map(
    rig.pools.flatMap(({ address }): [Address, V3State][] => {
      const state = states.get(address);
      return state ? [[address, state as V3State]] : [];
    }),
  );
  const pools = rig.pools.filter(({ address }) => mine.has(address));
  const whole = await readPools(client, pools, head, { states: mine });
  return [mine, whole.states] as const;
}

/** Takes half of a position of the pool. */
async function burn(pool: V3Pool): Promise<void> {
  const { trader, directory } = rig;
  const manager = { address: directory.uniswapV3.positionManager, abi: managerAbi } as const;
  const count = await client.readContract({ ...manager, functionName: 'balanceOf', args: [trader.address] });
  for (let index = count - 1n; index >= 0n; index--) {
    const args = [trader.address, index] as const;
    const tokenId = await client.readContract({ ...manager, functionName: 'tokenOfOwnerByIndex', args });
    const [, , token0, token1, fee, , , liquidity] = await client.readContract({
      ...manager,
      functionName: 'positions',
      args: [tokenId],
    });
    if (token0 !== pool.token0 || token1 !== pool.token1 || fee !== pool.fee || liquidity === 0n) continue;
    // All of it now and then, so that its ticks go.
    const part = index % 2n === 0n ? liquidity : (liquidity + 1n) / 2n;
    const params = { tokenId, liquidity: part, amount0Min: 0n, amount1Min: 0n, deadline: 2n ** 64n };
    await trader.send(manager.address, managerAbi, 'decreaseLiquidity', [params]);
    return;
  }
}

async function mint(pool: V3Pool, state: V3State, width: number): Promise<void> {
  const middle = Math.round(state.tick / pool.tickSpacing);
  const [lower, upper] = [(middle - width) * pool.tickSpacing, (middle + width + 1) * pool.tickSpacing];
  await mintPosition(rig, pool, lower, upper, 10n ** 12n, 10n ** 12n);
}

describe('the ticks of pools that were read at the parent', () => {
  test('are not read again where nobody minted or burned, after swaps either', async () => {
    const { read } = await open(nodeLogs());
    const count = rig.pools.length;
    const [, cold] = await readsOf(async () => read(pairs, await next()));
    expect(cold).toHaveLength(3);
    const [quiet, two] = await readsOf(async () => read(pairs, await next()));
    expect(two).toEqual([2 * count]);

    const [pool] = rig.pools as [V3Pool];
    await sell(rig, pool, true, 10n ** 15n);
    const head = await headNow();
    const [swapped, three] = await readsOf(() => read(pairs, head));
    expect(three).toEqual([2 * count]);
    const [before, now] = [quiet, swapped].map((states) => states.get(pool.address) as V3State) as [V3State, V3State];
    expect(now.sqrtPriceX96).toBeLessThan(before.sqrtPriceX96);
    expect(now.ticks).toBe(before.ticks);
    const [mine, whole] = await bothWays(swapped, head);
    expect(mine).toEqual(whole);
    // What was read at this very head is not asked for at all.
    expect((await readsOf(() => read(pairs, head)))[1]).toEqual([]);
  });

  test('are read again of the one pool where somebody did, in one multicall more, or two where a tick is new', async () => {
    const { read } = await open(nodeLogs());
    const states = await read(pairs, await next());
    const [pool] = rig.pools as [V3Pool];
    const state = states.get(pool.address) as V3State;
    const { words, ticks } = state;
    await mint(pool, state, 3);
    const [minted, three] = await readsOf(async () => read(pairs, await headNow()));
    const asked = words.to - words.from + 1 + ticks.length;
    const fresh = (minted.get(pool.address) as V3State).ticks.length - ticks.length;
    expect(fresh).toBeGreaterThan(0);
    expect(three).toEqual([2 * rig.pools.length, asked, fresh]);
    await burn(pool);
    const [, two] = await readsOf(async () => read(pairs, await headNow()));
    expect(two).toEqual([2 * rig.pools.length, asked + fresh]);
  });

  test('are read whole where a head was left out or the logs cannot be had', async () => {
    const { read } = await open(nodeLogs());
    const [, cold] = await readsOf(async () => read(pairs, await next()));
    await next();
    const [, skipped] = await readsOf(async () => read(pairs, await next()));
    expect(skipped).toHaveLength(1);
    expect(skipped[0]).toBe(cold.reduce((sum, each) => sum + each, 0));
    logsFail = true;
    const [, failed] = await readsOf(async () => read(pairs, await next()));
    logsFail = false;
    expect(failed).toEqual([2 * rig.pools.length, skipped[0]! - 2 * rig.pools.length]);
  });

  test.each([1, 2, 3, 4])(
    'are what a whole read says, whatever happens: seed %i',
    async (seed) => {
      const dice = random(seed);
      const { read } = await open(nodeLogs());
      let snapshot: Hex | undefined;
      const [happened, done]: [string[], Set<string>] = [[], new Set()];
      for (let step = 0; step < 30; step++) {
        const head = await headNow();
        const some = dice.next() < 0.4 ? pairs : dice.pick(pairs, 1);
        // Now and then a head passes unread, or only a few of the pools are wanted.
        if (dice.next() < 0.85) {
          const [mine, whole] = await bothWays(await read(some, head), head);
          expect(mine, happened.join(', ')).toEqual(whole);
        } else happened.push('unread');
        const [pool] = dice.pick(rig.pools, 1) as [V3Pool];
        const what = dice.pick(['mint', 'burn', 'sell', 'buy', 'nothing', 'reorg'], 1)[0]!;
        happened.push(what);
        const state = (await (await open()).read(pairs, head)).get(pool.address) as V3State;
        const acts: Record<string, () => Promise<unknown>> = {
          mint: () => mint(pool, state, Math.floor(dice.between(1, 40))),
          burn: () => burn(pool),
          sell: () => sell(rig, pool, true, 10n ** BigInt(Math.floor(dice.between(12, 19)))),
          buy: () => sell(rig, pool, false, 10n ** BigInt(Math.floor(dice.between(12, 19)))),
          nothing: next,
          // The chain goes on from an older block, along others.
          reorg: async () => {
            if (snapshot) await rig.client.revert({ id: snapshot });
            snapshot = undefined;
            await next();
          },
        };
        // A pool whose price has gone to an end takes nothing more.
        await acts[what]!().then(
          () => done.add(what),
          () => next(),
        );
        snapshot ??= await rig.client.snapshot();
      }
    },
    300_000,
  );
});
