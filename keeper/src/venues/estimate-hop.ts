import type { Address } from 'viem';
import { type Curve, curveOf, standingOf } from './curve.ts';
import type { PoolState, PoolStates } from './paths.ts';
import { FEE_UNIT } from './v3-math.ts';

/** One pool of a route, by number. */
export type EstimatedHop = { pool: number; zeroForOne: boolean };

/**
 * Pools in floats, each in the place of its number.
 *
 * - `as`, `bs`: where they stand: square root of the price and stretch of the curve, or both reserves; `firstA`, `firstB`: at first.
 * - `keptAt`: what is left of what is paid, after the fee. `curveAt`: none for a pair without ticks.
 * - `newPool`, `newA`, `newB`, of the first `hops`: where the last quote would move them. Arrays of numbers, so that a quote
 *   allocates nothing.
 * - `crossed`, `marginal`: ticks that the last quote crossed, and what one more unit would bring.
 * - `quotes`: how many there were.
 * - `done`: pool and both numbers before each move, to be taken back.
 */
export type EstimateState = {
  states: PoolStates;
  numbers: Map<Address, number>;
  curveAt: (Curve | undefined)[];
  keptAt: number[];
  as: number[];
  bs: number[];
  firstA: number[];
  firstB: number[];
  newPool: number[];
  newA: number[];
  newB: number[];
  hops: number;
  crossed: number;
  marginal: number;
  quotes: number;
  done: number[];
};

/** No pool is looked up yet. */
export const estimateState = (states: PoolStates): EstimateState => ({
  states,
  numbers: new Map(),
  curveAt: [],
  keptAt: [],
  as: [],
  bs: [],
  firstA: [],
  firstB: [],
  newPool: [0, 0, 0, 0],
  newA: [0.1, 0.1, 0.1, 0.1],
  newB: [0.1, 0.1, 0.1, 0.1],
  hops: 0,
  crossed: 0,
  marginal: 0.1,
  quotes: 0,
  done: [],
});

/** The number of a pool, which it gets when it is first asked for; `undefined` where its state is not known. */
export function numberOf(state: EstimateState, address: Address): number | undefined {
  const { numbers, states } = state;
  const known = numbers.get(address);
  if (known !== undefined) return known;
  const found = states.get(address);
  if (!found) return undefined;
  const pool = add(state, found);
  numbers.set(address, pool);
  return pool;
}

function add({ curveAt, keptAt, as, bs, firstA, firstB }: EstimateState, found: PoolState): number {
  const isV3 = found.venue === 'uniswapV3';
  const [a, b] = isV3 ? standingOf(found) : [Number(found.reserve0), Number(found.reserve1)];
  keptAt.push(1 - found.fee / Number(FEE_UNIT));
  as.push(a);
  bs.push(b);
  firstA.push(a);
  firstB.push(b);
  return curveAt.push(isV3 ? curveOf(found) : undefined) - 1;
}

/** Begins a quote, of which nothing has moved. */
export function begin(state: EstimateState): void {
  state.quotes++;
  state.hops = 0;
  state.crossed = 0;
  state.marginal = 1;
}

/** Notes where a hop of the quote leaves its pool. @param price - what its last unit brings, for a unit */
function moved(state: EstimateState, pool: number, a: number, b: number, price: number): void {
  const { hops } = state;
  state.newPool[hops] = pool;
  state.newA[hops] = a;
  state.newB[hops] = b;
  state.hops = hops + 1;
  state.marginal *= price;
}

/** What a pool gives for exactly `amount`; NaN where its window ends. */
export function sellHop(state: EstimateState, pool: number, zeroForOne: boolean, amount: number): number {
  const { as, bs } = state;
  const kept = state.keptAt[pool]!;
  const curve = state.curveAt[pool];
  let left = amount * kept;
  if (!curve) {
    const [into, from] = zeroForOne ? [as[pool]!, bs[pool]!] : [bs[pool]!, as[pool]!];
    const out = (left * from) / (into + left);
    const [a, b] = zeroForOne ? [into + amount, from - out] : [from - out, into + amount];
    moved(state, pool, a, b, (kept * into * from) / (into + left) ** 2);
    return out;
  }
  const { bounds, liquidity } = curve;
  let [at, price, out] = [bs[pool]!, as[pool]!, 0];
  for (;;) {
    const depth = liquidity[at]!;
    const bound = bounds[zeroForOne ? at : at + 1]!;
    // Token0 is the depth times the difference of the reciprocals, token1 times that of the square roots.
    const move = depth * (zeroForOne ? price - bound : bound - price);
    const [needed, given] = zeroForOne ? [move / (price * bound), move] : [move, move / (price * bound)];
    if (left < needed) {
      const next = zeroForOne ? (price * depth) / (depth + left * price) : price + left / depth;
      out += zeroForOne ? left * price * next : left / (price * next);
      moved(state, pool, next, at, kept * (zeroForOne ? next * next : 1 / (next * next)));
      return out;
    }
    left -= needed;
    out += given;
    price = bound;
    at += zeroForOne ? -1 : 1;
    if (at < 0 || at >= liquidity.length) return Number.NaN;
    state.crossed++;
  }
}

/** What a pool takes for exactly `amount`; NaN where it has not that much, or its window ends. */
export function buyHop(state: EstimateState, pool: number, zeroForOne: boolean, amount: number): number {
  const { as, bs } = state;
  const kept = state.keptAt[pool]!;
  const curve = state.curveAt[pool];
  if (!curve) {
    const [into, from] = zeroForOne ? [as[pool]!, bs[pool]!] : [bs[pool]!, as[pool]!];
    if (amount >= from) return Number.NaN;
    const paid = (into * amount) / ((from - amount) * kept);
    const [a, b] = zeroForOne ? [into + paid, from - amount] : [from - amount, into + paid];
    moved(state, pool, a, b, 1);
    return paid;
  }
  const { bounds, liquidity } = curve;
  let [at, price, left, paid] = [bs[pool]!, as[pool]!, amount, 0];
  for (;;) {
    const depth = liquidity[at]!;
    const bound = bounds[zeroForOne ? at : at + 1]!;
    const move = depth * (zeroForOne ? price - bound : bound - price);
    const [available, cost] = zeroForOne ? [move, move / (price * bound)] : [move / (price * bound), move];
    if (left < available) {
      const next = zeroForOne ? price - left / depth : (price * depth) / (depth - left * price);
      paid += zeroForOne ? left / (price * next) : left * price * next;
      moved(state, pool, next, at, 1);
      return paid / kept;
    }
    left -= available;
    paid += cost;
    price = bound;
    at += zeroForOne ? -1 : 1;
    if (at < 0 || at >= liquidity.length) return Number.NaN;
    state.crossed++;
  }
}
