import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { type Random, random } from '../../../test-fork/lab/random.ts';
import { openEstimates } from '../../src/venues/estimate.ts';
import {
  afterwards,
  type PoolState,
  quoteRouteExactIn,
  quoteRouteExactOut,
  type Route,
} from '../../src/venues/paths.ts';
import { sqrtRatioAtTick } from '../../src/venues/v3-math.ts';
import { tickOf, type V3State } from '../../src/venues/v3-pool.ts';

const CASES = 2_000;
const address = (last: number): Address => `0x${last.toString(16).padStart(40, '0')}`;
const [A, B, C] = [address(1), address(2), address(3)];
const big = (dice: Random, low: number, high: number) => BigInt(Math.round(dice.logBetween(low, high)));

function v2(dice: Random, id: number, token0: Address, token1: Address): PoolState {
  const [reserve0, reserve1] = [big(dice, 1e20, 1e26), big(dice, 1e20, 1e26)];
  return { venue: 'uniswapV2', address: address(id), token0, token1, fee: 3_000, reserve0, reserve1 };
}

/** Some positions around a price that is no tick's; now and then there is a gap between them. */
function v3(dice: Random, id: number, token0: Address, token1: Address): V3State {
  const tickSpacing = 60;
  const tick = Math.round(dice.between(-20_000, 20_000));
  const sqrtPriceX96 = (sqrtRatioAtTick(tick) * 1_000_001n) / 1_000_000n;
  const nets = new Map<number, bigint>();
  let liquidity = 0n;
  for (let position = 0; position < 12; position++) {
    const lower = (Math.floor(tick / tickSpacing) + Math.floor(dice.between(-60, 40))) * tickSpacing;
    const upper = lower + Math.ceil(dice.between(0, 60)) * tickSpacing;
    const amount = big(dice, 1e20, 1e25);
    nets.set(lower, (nets.get(lower) ?? 0n) + amount);
    nets.set(upper, (nets.get(upper) ?? 0n) - amount);
    if (lower <= tick && tick < upper) liquidity += amount;
  }
  const ticks = [...nets].sort(([a], [b]) => a - b).map(([index, net]) => tickOf(index, net));
  const word = Math.floor(tick / tickSpacing) >> 8;
  const pool = { address: address(id), token0, token1, fee: 3_000, tickSpacing };
  const words = { from: word - 1, to: word + 1 };
  return { venue: 'uniswapV3', ...pool, sqrtPriceX96, tick, liquidity, ticks, words };
}

/** Pools between A and B (16, 17) and between B and C (18, 19), and the routes over them. */
function market(dice: Random) {
  const pool = (id: number, token0: Address, token1: Address) =>
    (dice.next() < 0.3 ? v2 : v3)(dice, id, token0, token1);
  const all = [pool(16, A, B), pool(17, A, B), pool(18, B, C), pool(19, B, C)];
  const states = new Map(all.map((state) => [state.address, state]));
  const hop = (id: number, zeroForOne: boolean) => ({ pool: address(id), zeroForOne });
  const routes: Route[] = [
    { hops: [hop(16, true)], tokens: [A, B] },
    { hops: [hop(16, false)], tokens: [B, A] },
    { hops: [hop(16, true), hop(18, true)], tokens: [A, B, C] },
    { hops: [hop(18, false), hop(16, false)], tokens: [C, B, A] },
  ];
  return { states, routes };
}

/** An estimate is this near, or two units for each pool and tick. */
const near = (estimate: number, exact: bigint, steps: number) =>
  Math.abs(estimate - Number(exact)) <= 1e-9 * Number(exact) + 2 * steps;

test(`an estimate is what the pools quote, on the state that an earlier sale leaves, too (${CASES} cases)`, () => {
  const dice = random(1);
  const seen = { sold: 0, bought: 0, crossed: 0, refused: 0 };
  for (let index = 0; index < CASES; index++) {
    const { states, routes } = market(dice);
    const [route] = dice.pick(routes, 1) as [Route];
    const estimates = openEstimates(states);
    const estimated = estimates.route(route)!;
    const first = quoteRouteExactIn(states, route, 10n ** 18n);
    estimates.sell(estimated, 1e18);
    if (first?.status !== 'full') continue;
    estimates.make();
    const after = afterwards(states, first.after);
    const amount = big(dice, 1e12, 1e26);
    const steps = (crossed: number) => crossed + 4;

    const sold = quoteRouteExactIn(after, route, amount);
    const out = estimates.sell(estimated, Number(amount));
    if (sold?.status === 'full') {
      expect(near(out, sold.amountOut, steps(sold.crossed)), `${index}: ${out} for ${sold.amountOut}`).toBe(true);
      expect(estimates.crossed()).toBe(sold.crossed);
      seen.sold++;
      seen.crossed += sold.crossed;
    } else {
      expect(out).toBeNaN();
      seen.refused++;
    }

    const bought = quoteRouteExactOut(after, route, amount);
    const paid = estimates.buy(estimated, Number(amount));
    if (bought?.status === 'full') {
      const { amountIn, crossed } = bought;
      // What a unit costs where the first pool is bought from; it rounds on the way to the second.
      const unit = Math.max(1, Number(amountIn) / Number(bought.amounts[1]));
      expect(near(paid, amountIn, steps(crossed) * unit), `${index}: ${paid} for ${amountIn}`).toBe(true);
      seen.bought++;
    } else {
      expect(paid).toBeNaN();
      seen.refused++;
    }
  }
  for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(100);
});

test('what is undone never was', () => {
  const { states, routes } = market(random(2));
  const estimates = openEstimates(states);
  const route = estimates.route(routes[2]!)!;
  const before = estimates.sell(route, 1e20);
  const mark = estimates.mark();
  estimates.make();
  expect(estimates.sell(route, 1e20)).toBeLessThan(before);
  expect(estimates.noBetter(route)).toBe(true);
  estimates.undo(mark);
  expect(estimates.sell(route, 1e20)).toBe(before);
});

test('a sale the other way makes a route better', () => {
  const { states, routes } = market(random(3));
  const estimates = openEstimates(states);
  const [there, back] = [estimates.route(routes[0]!)!, estimates.route(routes[1]!)!];
  estimates.sell(back, 1e20);
  estimates.make();
  expect(estimates.noBetter(there)).toBe(false);
  expect(estimates.noBetter(back)).toBe(true);
});

test(`shares bring no less than any of a hundred others (${CASES / 5} cases)`, () => {
  const dice = random(4);
  let shared = 0;
  for (let index = 0; index < CASES / 5; index++) {
    const { states } = market(dice);
    const route = (id: number): Route => ({ hops: [{ pool: address(id), zeroForOne: true }], tokens: [A, B] });
    const estimates = openEstimates(states);
    const [first, second] = [estimates.route(route(16))!, estimates.route(route(17))!];
    const amount = dice.logBetween(1e18, 1e24);
    const out = (part: number) => estimates.sell(first, part) + estimates.sell(second, amount - part);
    const part = estimates.share(first, second, amount);
    const best = out(part);
    if (part > 0 && part < amount) shared++;
    for (let step = 0; step <= 100; step++) {
      const other = out((amount * step) / 100);
      // Where a pool's window ends neither is a number.
      if (!Number.isNaN(other)) expect(best).toBeGreaterThanOrEqual(other * (1 - 1e-9));
    }
  }
  expect(shared).toBeGreaterThan(40);
});

test('a pool whose state is not known is on no route', () => {
  expect(openEstimates(new Map()).route({ hops: [{ pool: A, zeroForOne: true }], tokens: [A, B] })).toBeUndefined();
});
