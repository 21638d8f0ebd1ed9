import type { Address } from 'viem';
import { type Curve, curveOf, standingOf } from './curve.ts';
import type { PoolState, PoolStates, Route } from './paths.ts';
import { FEE_UNIT } from './v3-math.ts';

// Quotes in floats, to choose by and never to pay by: a hundred times as quick as the exact ones. An estimate is within
// 1e-9 of the quote, relatively, and two smallest units for each pool and tick, by which the pools round.

/** A route whose pools an {@link Estimates} knows by number; `pools` are those numbers. */
export type EstimatedRoute = { hops: readonly EstimatedHop[]; pools: readonly number[] };
type EstimatedHop = { pool: number; zeroForOne: boolean };

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
  const numbers = new Map<Address, number>();
  const curveAt: (Curve | undefined)[] = [];
  const keptAt: number[] = [];
  const [as, bs]: [number[], number[]] = [[], []];
  const [firstA, firstB]: [number[], number[]] = [[], []];
  // Of the last quote; arrays of numbers, so that nothing is allocated.
  const [newPool, newA, newB] = [
    [0, 0, 0, 0],
    [0.1, 0.1, 0.1, 0.1],
    [0.1, 0.1, 0.1, 0.1],
  ];
  let [hops, crossed, marginal, quotes] = [0, 0, 0, 0];
  const done: number[] = [];

  function add(state: PoolState): number {
    const pool = curveAt.length;
    keptAt.push(1 - state.fee / Number(FEE_UNIT));
    const v3 = state.venue === 'uniswapV3';
    curveAt.push(v3 ? curveOf(state) : undefined);
    const [a, b] = v3 ? standingOf(state) : [Number(state.reserve0), Number(state.reserve1)];
    as.push(a);
    bs.push(b);
    firstA.push(as[pool]!);
    firstB.push(bs[pool]!);
    return pool;
  }

  function numberOf(address: Address): number | undefined {
    const known = numbers.get(address);
    if (known !== undefined) return known;
    const state = states.get(address);
    if (!state) return undefined;
    const pool = add(state);
    numbers.set(address, pool);
    return pool;
  }

  function moved(pool: number, a: number, b: number, price: number, value: number): number {
    newPool[hops] = pool;
    newA[hops] = a;
    newB[hops] = b;
    hops++;
    marginal *= price;
    return value;
  }

  function sellHop(pool: number, zeroForOne: boolean, amount: number): number {
    const kept = keptAt[pool]!;
    const curve = curveAt[pool];
    let left = amount * kept;
    if (!curve) {
      const [into, from] = zeroForOne ? [as[pool]!, bs[pool]!] : [bs[pool]!, as[pool]!];
      const out = (left * from) / (into + left);
      const [a, b] = zeroForOne ? [into + amount, from - out] : [from - out, into + amount];
      return moved(pool, a, b, (kept * into * from) / (into + left) ** 2, out);
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
        return moved(pool, next, at, kept * (zeroForOne ? next * next : 1 / (next * next)), out);
      }
      left -= needed;
      out += given;
      price = bound;
      at += zeroForOne ? -1 : 1;
      if (at < 0 || at >= liquidity.length) return Number.NaN;
      crossed++;
    }
  }

  function buyHop(pool: number, zeroForOne: boolean, amount: number): number {
    const kept = keptAt[pool]!;
    const curve = curveAt[pool];
    if (!curve) {
      const [into, from] = zeroForOne ? [as[pool]!, bs[pool]!] : [bs[pool]!, as[pool]!];
      if (amount >= from) return Number.NaN;
      const paid = (into * amount) / ((from - amount) * kept);
      const [a, b] = zeroForOne ? [into + paid, from - amount] : [from - amount, into + paid];
      return moved(pool, a, b, 1, paid);
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
        return moved(pool, next, at, 1, paid / kept);
      }
      left -= available;
      paid += cost;
      price = bound;
      at += zeroForOne ? -1 : 1;
      if (at < 0 || at >= liquidity.length) return Number.NaN;
      crossed++;
    }
  }

  function begin() {
    quotes++;
    [hops, crossed, marginal] = [0, 0, 1];
  }

  const sell = ({ hops: all }: EstimatedRoute, amount: number): number => {
    begin();
    let given = amount;
    for (const { pool, zeroForOne } of all) given = sellHop(pool, zeroForOne, given);
    return given;
  };

  /** What one more unit brings after a sale of `amount`; less than nothing where that much cannot be sold. */
  const worthOfMore = (route: EstimatedRoute, amount: number) => (Number.isNaN(sell(route, amount)) ? -1 : marginal);

  return {
    route({ hops: exact }) {
      const all: EstimatedHop[] = [];
      for (const { pool: address, zeroForOne } of exact) {
        const pool = numberOf(address);
        if (pool === undefined) return undefined;
        all.push({ pool, zeroForOne });
      }
      return { hops: all, pools: all.map(({ pool }) => pool) };
    },
    sell,
    buy({ hops: all }, amount) {
      begin();
      let wanted = amount;
      for (let at = all.length - 1; at >= 0; at--) wanted = buyHop(all[at]!.pool, all[at]!.zeroForOne, wanted);
      return wanted;
    },
    price({ hops: all }) {
      let price = 1;
      for (const { pool, zeroForOne } of all) {
        const [a, b] = [as[pool]!, bs[pool]!];
        const ratio = curveAt[pool] ? a * a : b / a;
        price *= keptAt[pool]! * (zeroForOne ? ratio : 1 / ratio);
      }
      return price;
    },
    make() {
      for (let hop = 0; hop < hops; hop++) {
        const pool = newPool[hop]!;
        done.push(pool, as[pool]!, bs[pool]!);
        as[pool] = newA[hop]!;
        bs[pool] = newB[hop]!;
      }
    },
    mark: () => done.length,
    undo(mark) {
      while (done.length > mark) {
        const [b, a, pool] = [done.pop()!, done.pop()!, done.pop()!];
        as[pool] = a;
        bs[pool] = b;
      }
    },
    standing: (pool) => ({ pool, a: as[pool]!, b: bs[pool]! }),
    put({ pool, a, b }) {
      done.push(pool, as[pool]!, bs[pool]!);
      as[pool] = a;
      bs[pool] = b;
    },
    noBetter: ({ hops: all }) =>
      all.every(({ pool, zeroForOne }) => {
        if (curveAt[pool]) return zeroForOne ? as[pool]! <= firstA[pool]! : as[pool]! >= firstA[pool]!;
        const [now, first] = [as[pool]! / bs[pool]!, firstA[pool]! / firstB[pool]!];
        return zeroForOne ? now >= first : now <= first;
      }),
    share(first, second, amount, about) {
      // Where one more unit brings as much along both: the difference falls, so regula falsi, with Illinois' halving.
      const difference = (part: number) => worthOfMore(first, part) - worthOfMore(second, amount - part);
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
        return Math.abs(at) <= EVEN * marginal;
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
      if (worthOfMore(first, to) < 0) return from;
      return worthOfMore(second, amount - from) < 0 ? to : (from + to) / 2;
    },
    crossed: () => crossed,
    quotes: () => quotes,
  };
}
