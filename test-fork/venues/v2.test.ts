import { type Address, encodeFunctionData, getAddress, maxUint256, type PublicClient, parseAbi } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readTogether } from '../../keeper/src/chain/view.ts';
import { afterwards, type PoolState, quoteRouteExactIn, quoteRouteExactOut } from '../../keeper/src/venues/paths.ts';
import { findV2Pairs } from '../../keeper/src/venues/pools.ts';
import { pairCalls, pairsRead, quoteV2ExactIn, type V2Pair, type V2State } from '../../keeper/src/venues/v2.ts';
import { type Actor, actor } from '../lab/actor.ts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint } from '../lab/chain.ts';
import { random } from '../lab/random.ts';
import type { AssetSymbol } from '../lab/tokens.ts';

const routerAbi = parseAbi([
  'function getAmountsOut(uint256, address[]) view returns (uint256[])',
  'function getAmountsIn(uint256, address[]) view returns (uint256[])',
  'function swapExactTokensForTokens(uint256, uint256, address[], address, uint256) returns (uint256[])',
]);
const pairAbi = parseAbi([
  'function swap(uint256, uint256, address, bytes)',
  'function getReserves() view returns (uint112, uint112, uint32)',
]);
const erc20Abi = parseAbi(['function approve(address, uint256)', 'function transfer(address, uint256)']);
const SYMBOLS: readonly AssetSymbol[] = ['WETH', 'WBTC', 'USDC', 'DAI', 'USDT'];

const dice = random(2);
let lab: Lab;
let trader: Actor;
let client: PublicClient;
let uniswap: Map<Address, V2State>;

beforeAll(async () => {
  lab = await forkLab({ url: inject('labUrl'), anvil: { autoImpersonate: true } });
  client = lab.client as unknown as PublicClient;
  trader = await actor(lab, labAddress(0, 'trader'));
  for (const symbol of SYMBOLS) {
    const { address, decimals } = lab.directory.tokens[symbol];
    await mint(lab, symbol, trader.address, 10n ** BigInt(decimals + 9));
    await trader.send(address, erc20Abi, 'approve', [lab.directory.uniswapV2.router, maxUint256]);
  }
  uniswap = await read(lab.directory.uniswapV2.factory, 30);
});
afterAll(() => lab?.stop());

/** The pairs' reserves now. */
async function readPairs(pairs: readonly V2Pair[]) {
  return pairsRead(pairs, await readTogether(client, pairCalls(pairs), await lab.client.getBlock()));
}

async function read(factory: Address, fee: number): Promise<Map<Address, V2State>> {
  const tokens = SYMBOLS.map((symbol) => lab.directory.tokens[symbol].address);
  const pairs = await findV2Pairs(client, { factory, fee }, tokens);
  const { states, leftOut } = await readPairs(pairs);
  expect([...leftOut]).toEqual([]);
  return states;
}

/** Every way over one pair or two. */
function routes() {
  const singles = [...uniswap.values()].flatMap(({ address, token0, token1 }) => [
    { hops: [{ pool: address, zeroForOne: true }], tokens: [token0, token1] },
    { hops: [{ pool: address, zeroForOne: false }], tokens: [token1, token0] },
  ]);
  const doubles = singles.flatMap((first) =>
    singles
      .filter(({ tokens }) => tokens[0] === first.tokens[1] && tokens[1] !== first.tokens[0])
      .map((second) => ({
        hops: [...first.hops, ...second.hops],
        tokens: [...first.tokens, second.tokens[1]!],
      })),
  );
  return [...singles, ...doubles];
}

test('the pairs are those of the lab', () => {
  const { pairs } = lab.directory.uniswapV2;
  expect([...uniswap.keys()].sort()).toEqual(
    Object.values(pairs)
      .map((pair) => getAddress(pair))
      .sort(),
  );
});

test('four hundred quotes equal the router, from one unit to nearly all there is', async () => {
  const all = routes();
  expect(all).toHaveLength(20);
  const cases = Array.from({ length: 400 }, () => {
    const [route] = dice.pick(all, 1);
    const exact = dice.next() < 0.5 ? ('in' as const) : ('out' as const);
    const { pool, zeroForOne } = exact === 'in' ? route!.hops[0]! : route!.hops.at(-1)!;
    const { reserve0, reserve1 } = uniswap.get(pool)!;
    const most = (exact === 'in') === zeroForOne ? reserve0 : reserve1;
    return { route: route!, exact, amount: BigInt(Math.floor(2 ** dice.between(0, Math.log2(Number(most)) + 0.3))) };
  });
  const answers = await client.multicall({
    contracts: cases.map(({ route, exact, amount }) => ({
      address: lab.directory.uniswapV2.router,
      abi: routerAbi,
      functionName: exact === 'in' ? ('getAmountsOut' as const) : ('getAmountsIn' as const),
      args: [amount, route.tokens] as const,
    })),
  });
  let answered = 0;
  for (const [index, { route, exact, amount }] of cases.entries()) {
    const ours = (exact === 'in' ? quoteRouteExactIn : quoteRouteExactOut)(uniswap, route, amount);
    if (ours?.status === 'beyond window') throw new Error('a pair has no window');
    const { status, result } = answers[index]!;
    // The router answers 0 where the pair would refuse to pay it.
    const refused = status === 'failure' || result.includes(0n);
    expect(ours?.amounts, `${exact} ${amount}`).toEqual(refused ? undefined : result);
    if (ours) answered += 1;
  }
  expect(answered).toBeGreaterThan(250);
});

test('a sale over two pairs leaves both as quoted', async () => {
  const { router } = lab.directory.uniswapV2;
  let states: { get(pool: Address): PoolState | undefined } = uniswap;
  for (const route of dice.pick(routes(), 6)) {
    const first = states.get(route.hops[0]!.pool) as V2State;
    const amount = (route.hops[0]!.zeroForOne ? first.reserve0 : first.reserve1) / 50n;
    const quote = quoteRouteExactIn(states, route, amount);
    if (quote?.status !== 'full') throw new Error('no quote');
    const args = [amount, quote.amountOut, route.tokens, trader.address, 2n ** 64n];
    await trader.send(router, routerAbi, 'swapExactTokensForTokens', args);
    states = afterwards(states, quote.after);
  }
  const now = await read(lab.directory.uniswapV2.factory, 30);
  for (const [address, state] of now) expect(states.get(address)).toEqual(state);
});

test("a fork's pair of another fee pays what was quoted, and not one unit more", async () => {
  const pancake = await read(lab.directory.pancakeV2.factory, 20);
  expect(pancake.size).toBe(4);
  for (const state of pancake.values()) {
    for (const zeroForOne of [true, false]) {
      const before = await reserves(state);
      const amount = (zeroForOne ? before.reserve0 : before.reserve1) / 777n;
      const quote = quoteV2ExactIn(before, zeroForOne, amount)!;
      await trader.send(zeroForOne ? state.token0 : state.token1, erc20Abi, 'transfer', [state.address, amount]);
      const out = (more: bigint) => (zeroForOne ? [0n, quote.amountOut + more] : [quote.amountOut + more, 0n]);
      const swap = (more: bigint) => [...out(more), trader.address, '0x'] as const;
      const greedy = encodeFunctionData({ abi: pairAbi, functionName: 'swap', args: swap(1n) as never });
      await expect(client.call({ account: trader.address, to: state.address, data: greedy })).rejects.toThrow(
        /Pancake: K/,
      );
      await trader.send(state.address, pairAbi, 'swap', swap(0n));
      expect(await reserves(state)).toEqual(quote.after);
    }
  }
});

async function reserves(state: V2State): Promise<V2State> {
  const { states } = await readPairs([state]);
  return states.get(state.address)!;
}
