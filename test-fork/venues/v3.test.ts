import type { Address } from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { quoteRouteExactIn, quoteRouteExactOut, type Route } from '../../keeper/src/venues/paths.ts';
import { quoteV3ExactIn, type V3Pool, type V3State, windowCapacity } from '../../keeper/src/venues/v3-pool.ts';
import { random } from '../lab/random.ts';
import { askQuoter, openRig, type Rig, readAll, sell, unbounded } from './rig.ts';

const dice = random(20_260);
let rig: Rig;
let states: Map<Address, V3State>;

beforeAll(async () => {
  rig = await openRig(inject('labUrl'), dice);
  states = await readWide();
});
afterAll(() => rig?.stop());

/** All pools with windows over all prices. */
async function readWide(known?: ReadonlyMap<Address, V3State>): Promise<Map<Address, V3State>> {
  const { states: read, leftOut, block } = await readAll(rig, rig.pools, known);
  expect([...leftOut]).toEqual([]);
  const wide = await Promise.all([...read.values()].map((state) => (known ? state : unbounded(rig, state, block))));
  return new Map(wide.map((state) => [state.address, state]));
}

const feeOf = (address: Address) => states.get(address)!.fee;
const single = ({ address, token0, token1 }: V3Pool, zeroForOne: boolean): Route => ({
  hops: [{ pool: address, zeroForOne }],
  tokens: zeroForOne ? [token0, token1] : [token1, token0],
});
/** One smallest unit, or up to nearly twice `most`: each order of magnitude alike, or the last three of them. */
function amountUpTo(most: bigint): bigint {
  if (dice.next() < 0.03) return 1n;
  const bits = Math.log2(Number(most) + 2);
  return BigInt(Math.floor(2 ** dice.between(dice.next() < 0.4 ? 0 : Math.max(0, bits - 10), bits + 0.9)));
}

type Case = { route: Route; amount: bigint; exact: 'in' | 'out' };

/** Every case here and at the quoter, compared to the wei; how many had an answer, and how many crossed a tick. */
async function compare(cases: readonly Case[]) {
  const count = { answered: 0, refused: 0, partial: 0, crossing: 0 };
  for (let at = 0; at < cases.length; at += 50) {
    const chunk = cases.slice(at, at + 50);
    const asked = await Promise.all(
      chunk.map(({ route, amount, exact }) =>
        askQuoter(
          rig,
          route,
          route.hops.map(({ pool }) => feeOf(pool)),
          amount,
          exact,
        ),
      ),
    );
    for (const [index, { route, amount, exact }] of chunk.entries()) {
      const ours = (exact === 'in' ? quoteRouteExactIn : quoteRouteExactOut)(states, route, amount);
      if (ours?.status === 'beyond window') throw new Error('the windows hold all prices');
      const prices = ours && route.hops.map(({ pool }) => (ours.after.get(pool) as V3State).sqrtPriceX96);
      const answer = ours && {
        amount: exact === 'in' ? ours.amountOut : ours.amountIn,
        prices: exact === 'in' ? prices : prices!.toReversed(),
      };
      expect(answer, `${exact} ${amount} over ${JSON.stringify(route)}`).toEqual(asked[index]);
      if (!ours) count.refused += 1;
      else count.answered += 1;
      if (ours?.status === 'partial') count.partial += 1;
      if (ours && ours.crossed > 0) count.crossing += 1;
    }
  }
  return count;
}

/** Random sales and purchases in single pools, from one unit to more than there is. */
function singles(count: number): Case[] {
  return Array.from({ length: count }, (): Case => {
    const [pool] = dice.pick(rig.pools, 1);
    const zeroForOne = dice.next() < 0.5;
    const exact = dice.next() < 0.5 ? 'in' : 'out';
    const state = states.get(pool!.address)!;
    // What takes a pool to its last price is more than there is of a token; more often, as much as the pool holds.
    const most =
      exact === 'in' && dice.next() < 0.2
        ? windowCapacity(state, zeroForOne).amountIn
        : windowCapacity(state, exact === 'in' ? !zeroForOne : zeroForOne).amountOut;
    return { route: single(pool!, zeroForOne), amount: amountUpTo(most), exact };
  });
}

/** Random sales and purchases over two pools. */
function pairs(count: number): Case[] {
  const routes = rig.pools.flatMap((first) =>
    [true, false].flatMap((down) => {
      const { tokens, hops } = single(first, down);
      return rig.pools.flatMap((second): Route[] => {
        const up = second.token0 === tokens[1];
        const other = up ? second.token1 : second.token0;
        if ((!up && second.token1 !== tokens[1]) || other === tokens[0]) return [];
        return [{ hops: [...hops, { pool: second.address, zeroForOne: up }], tokens: [...tokens, other] }];
      });
    }),
  );
  expect(routes.length).toBeGreaterThan(20);
  return Array.from({ length: count }, (): Case => {
    const [route] = dice.pick(routes, 1);
    const exact = dice.next() < 0.5 ? 'in' : 'out';
    const { pool, zeroForOne } = exact === 'in' ? route!.hops[0]! : route!.hops[1]!;
    const state = states.get(pool)!;
    const most = windowCapacity(state, exact === 'in' ? !zeroForOne : zeroForOne).amountOut;
    return { route: route!, amount: amountUpTo(most), exact };
  });
}

test('the pools are those of the lab and one more, of fees and tick spacings of their own', () => {
  expect(rig.pools).toHaveLength(rig.directory.uniswapV3.pools.length + 1);
  for (const { token0, token1, fee, address } of rig.directory.uniswapV3.pools) {
    const tickSpacing = { 100: 1, 500: 10, 3000: 60 }[fee];
    expect(rig.pools).toContainEqual({ token0, token1, fee, tickSpacing, address });
  }
  expect(Math.max(...[...states.values()].map(({ ticks }) => ticks.length))).toBeGreaterThanOrEqual(14);
});

test('a thousand quotes in single pools equal the quoter', async () => {
  const count = await compare(singles(1_000));
  expect(count.answered).toBeGreaterThan(600);
  expect(count.refused).toBeGreaterThan(10);
  expect(count.partial).toBeGreaterThan(5);
  expect(count.crossing).toBeGreaterThan(200);
});

test('five hundred quotes over two pools equal the quoter', async () => {
  const count = await compare(pairs(500));
  expect(count.answered).toBeGreaterThan(300);
  expect(count.crossing).toBeGreaterThan(100);
});

test('after sales that cross ticks the pool is as it was quoted, and every quote equals the quoter again', async () => {
  for (let i = 0; i < 30; i++) {
    const [pool] = dice.pick(rig.pools, 1);
    const zeroForOne = dice.next() < 0.5;
    const state = states.get(pool!.address)!;
    const amount =
      BigInt(Math.floor(Number(windowCapacity(state, !zeroForOne).amountOut) * dice.between(0.01, 0.6))) || 1n;
    const quote = quoteV3ExactIn(state, zeroForOne, amount);
    if (quote?.status !== 'full') continue;
    const { sqrtPriceX96, liquidity, tick } = quote.after;
    const { amountIn, amountOut } = quote;
    expect(await sell(rig, pool!, zeroForOne, amount)).toEqual({ amountIn, amountOut, sqrtPriceX96, liquidity, tick });
    states.set(pool!.address, quote.after);
  }
  const reread = await readWide(states);
  // Sales move prices, never ticks: what was carried along is what a fresh reading gives.
  expect(reread).toEqual(states);
  const fresh = await readWide();
  for (const [address, state] of fresh) expect(reread.get(address)).toEqual(state);
  const count = await compare([...singles(700), ...pairs(300)]);
  expect(count.answered).toBeGreaterThan(600);
  expect(count.crossing).toBeGreaterThan(200);
});
