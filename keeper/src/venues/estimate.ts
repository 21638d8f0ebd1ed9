import {
  begin,
  buyHop,
  type EstimatedHop,
  type EstimateState,
  estimateState,
  numberOf,
  sellHop,
} from './estimate-hop.ts';
import type { PoolStates, Route } from './paths.ts';

// Quotes in floats, to choose by and never to pay by: a hundred times as quick as the exact ones. An estimate is within
// 1e-9 of the quote, relatively, and two smallest units for each pool and tick, by which the pools round.

/** A route whose pools an {@link Estimates} knows by number; `pools` are those numbers. */
export type EstimatedRoute = { hops: readonly EstimatedHop[]; pools: readonly number[] };

/** Where a pool stands: square root of the price and stretch of liquidity, or both reserves. */
export type Standing = { pool: number; a: number; b: number };

/** Pools in floats, at one place each, which a sale that is made moves. */
export type Estimates = {
  /** The route in numbers; `undefined` where the state of a pool of it is not known. */
  route(route: Route): EstimatedRoute | undefined;
  /** What selling `amount` gives, and what getting it costs; NaN where a pool cannot, or its window ends. Nothing moves. */
  sell(route: EstimatedRoute, amount: number): number;
  buy(route: EstimatedRoute, amount: number): number;
  /** What the first unit that is sold along a route gives: more than any after it. */
  price(route: EstimatedRoute): number;
  /** Moves the pools of the route that was quoted last; `undo` takes back what was done since `mark`. */
  make(): void;
  mark(): number;
  undo(mark: number): void;
  /** Where pools stand, and putting them there. */
  standing(pool: number): Standing;
  put(standing: Standing): void;
  /** Whether no pool of the route sells for more than it did at first. */
  noBetter(route: EstimatedRoute): boolean;
  /**
   * The part of `amount` to sell along the first route so that most comes out of both, to a millionth; one that cannot be
   * sold where none can.
   *
   * @param about - the share that was best for another amount
   */
  share(first: EstimatedRoute, second: EstimatedRoute, amount: number, about?: number): number;
  /** Of the last quote: initialized ticks crossed. */
  crossed(): number;
  /** Quotes there were: the measure of work. */
  quotes(): number;
};

/** Steps to the best share, and those before halving. */
const STEPS = 40;
const SECANTS = 12;
/** How near to it is near enough, of the amount and of what a unit brings: the value is flat there. */
const NEAR = 1e-6;
const EVEN = 1e-6;
/** How far from where it is thought to be it is looked for first. */
const ASIDE = 0.05;

/**
 * Pools as they are in `states`; each is looked up when a route first goes through it.
 *
 * @example
 * const estimates = openEstimates(states);
 * const gained = estimates.sell(estimates.route(route)!, 1e18); // NaN where it cannot be sold
 * estimates.make(); // the next quote is behind this sale
 */
export function openEstimates(states: PoolStates): Estimates {
  const state = estimateState(states);
  const { as, bs, done } = state;
  return {
    route: (route) => routeOf(state, route),
    sell: (route, amount) => sell(state, route, amount),
    buy: (route, amount) => buy(state, route, amount),
    price: (route) => price(state, route),
    make: () => make(state),
    mark: () => done.length,
    undo: (mark) => undo(state, mark),
    standing: (pool) => ({ pool, a: as[pool]!, b: bs[pool]! }),
    put({ pool, a, b }) {
      done.push(pool, as[pool]!, bs[pool]!);
      as[pool] = a;
      bs[pool] = b;
    },
    noBetter: (route) => noBetter(state, route),
    share: (first, second, amount, about) => share(state, first, second, amount, about),
    crossed: () => state.crossed,
    quotes: () => state.quotes,
  };
}

function routeOf(state: EstimateState, { hops: exact }: Route): EstimatedRoute | undefined {
  const hops: EstimatedHop[] = [];
  for (const { pool: address, zeroForOne } of exact) {
    const pool = numberOf(state, address);
    if (pool === undefined) return undefined;
    hops.push({ pool, zeroForOne });
  }
  return { hops, pools: hops.map(({ pool }) => pool) };
}

function sell(state: EstimateState, { hops }: EstimatedRoute, amount: number): number {
  begin(state);
  let given = amount;
  for (const { pool, zeroForOne } of hops) given = sellHop(state, pool, zeroForOne, given);
  return given;
}

function buy(state: EstimateState, { hops }: EstimatedRoute, amount: number): number {
  begin(state);
  let wanted = amount;
  for (let at = hops.length - 1; at >= 0; at--) wanted = buyHop(state, hops[at]!.pool, hops[at]!.zeroForOne, wanted);
  return wanted;
}

function price({ as, bs, curveAt, keptAt }: EstimateState, { hops }: EstimatedRoute): number {
  let price = 1;
  for (const { pool, zeroForOne } of hops) {
    const [a, b] = [as[pool]!, bs[pool]!];
    const ratio = curveAt[pool] ? a * a : b / a;
    price *= keptAt[pool]! * (zeroForOne ? ratio : 1 / ratio);
  }
  return price;
}

function make({ hops, newPool, newA, newB, as, bs, done }: EstimateState): void {
  for (let hop = 0; hop < hops; hop++) {
    const pool = newPool[hop]!;
    done.push(pool, as[pool]!, bs[pool]!);
    as[pool] = newA[hop]!;
    bs[pool] = newB[hop]!;
  }
}

function undo({ as, bs, done }: EstimateState, mark: number): void {
  while (done.length > mark) {
    const [b, a, pool] = [done.pop()!, done.pop()!, done.pop()!];
    as[pool] = a;
    bs[pool] = b;
  }
}

const noBetter = ({ as, bs, firstA, firstB, curveAt }: EstimateState, { hops }: EstimatedRoute): boolean =>
  hops.every(({ pool, zeroForOne }) => {
    if (curveAt[pool]) return zeroForOne ? as[pool]! <= firstA[pool]! : as[pool]! >= firstA[pool]!;
    const [now, first] = [as[pool]! / bs[pool]!, firstA[pool]! / firstB[pool]!];
    return zeroForOne ? now >= first : now <= first;
  });

/** What one more unit brings after a sale of `amount`; less than nothing where that much cannot be sold. */
const worthOfMore = (state: EstimateState, route: EstimatedRoute, amount: number): number =>
  Number.isNaN(sell(state, route, amount)) ? -1 : state.marginal;

/**
 * Where one more unit brings as much along both: the difference falls, so regula falsi, with Illinois' halving.
 *
 * @param about - the share that was best for another amount
 */
function share(
  state: EstimateState,
  first: EstimatedRoute,
  second: EstimatedRoute,
  amount: number,
  about: number | undefined,
): number {
  const difference = (part: number) => worthOfMore(state, first, part) - worthOfMore(state, second, amount - part);
  let [from, atFrom, to, atTo, side] = [0, Number.NaN, amount, Number.NaN, 0];
  const found = (part: number): boolean => {
    const at = difference(part);
    if (at > 0) {
      [from, atFrom] = [part, at];
      if (side > 0) atTo /= 2;
      side = 1;
    } else {
      [to, atTo] = [part, at];
      if (side < 0) atFrom /= 2;
      side = -1;
    }
    return Math.abs(at) <= EVEN * state.marginal;
  };
  if (about !== undefined && about > 0 && about < 1) {
    const part = about * amount;
    if (found(part)) return part;
    const aside = side > 0 ? part + ASIDE * (amount - part) : part - ASIDE * part;
    if (found(aside)) return aside;
  }
  if (from === 0) {
    atFrom = difference(0);
    if (atFrom <= 0) return 0;
  }
  if (to === amount) {
    atTo = difference(amount);
    if (atTo >= 0) return amount;
  }
  side = 0;
  for (let step = 0; step < STEPS && to - from > NEAR * amount; step++) {
    const part = step < SECANTS ? (from * atTo - to * atFrom) / (atTo - atFrom) : (from + to) / 2;
    if (found(part)) return part;
  }
  // Where a window ends between them, only one can be sold.
  if (worthOfMore(state, first, to) < 0) return from;
  return worthOfMore(state, second, amount - from) < 0 ? to : (from + to) / 2;
}
