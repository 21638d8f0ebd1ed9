import type { Address } from 'viem';
import type { Standing } from '../venues/estimate.ts';
import { type Floats, loanFee, type SketchedDeal, type SketchedWay } from './estimate-ways.ts';
import { bestSize } from './sizes.ts';

// A plan in floats, to choose by: what is chosen is then computed exactly.

/**
 * A deal as it is placed; smallest units. `whole`: the deal itself, not a part of it. `brings`: what is placed right before it, as it
 * draws on what those bring; `gas`, `cost` and `later` are of all of them.
 */
export type SketchedLeg = {
  deal: SketchedDeal;
  brings: readonly SketchedDeal[];
  whole: boolean;
  spend: number;
  inHand: number;
  gain: number;
  gas: number;
  cost: number;
  later: number;
};

/** A round; `net` wei and `after` as in a draft. */
export type SketchedRound = {
  way: SketchedWay;
  legs: readonly SketchedLeg[];
  net: number;
  gas: number;
  after: readonly Standing[];
};

/** A plan in the making: `net` wei after everything, `gas` of its rounds, `base` wei beside them. */
export type Sketch = {
  rounds: readonly SketchedRound[];
  legs: number;
  tokens: ReadonlySet<Address>;
  base: number;
  net: number;
};

/** A deal's place in a sketch: in the round at `at`, beside `others`; and what it adds to the net profit, wei. */
export type Placed = { at: number; way: SketchedWay; others: readonly SketchedLeg[]; leg: SketchedLeg; gain: number };

export const EMPTY: Sketch = { rounds: [], legs: 0, tokens: new Set(), base: 0, net: 0 };

/** What sketches are drawn with. `standing`: as whose rounds before which the pools stand. `crossed`: ticks, by the last round. */
export type Sketcher = { floats: Floats; standing: { sketch: Sketch; at: number }; crossed: number };

export const openSketcher = (floats: Floats): Sketcher => ({ floats, standing: { sketch: EMPTY, at: 0 }, crossed: 0 });

/** Leaves the pools as the first rounds of a sketch do. */
function goTo(sketcher: Sketcher, sketch: Sketch, at: number): void {
  const { standing, floats } = sketcher;
  if (standing.sketch === sketch && standing.at === at) return;
  const { estimates } = floats;
  estimates.undo(0);
  for (let before = 0; before < at; before++) sketch.rounds[before]!.after.forEach(estimates.put);
  sketcher.standing = { sketch, at };
}

type Sums = { legs: number; inHand: number; spend: number; gain: number; cost: number; later: number };

function sumOf(legs: readonly SketchedLeg[]): Sums {
  let [inHand, spend, gain, cost, later] = [0, 0, 0, 0, 0];
  for (const leg of legs) {
    inHand += leg.inHand;
    spend += leg.spend;
    gain += leg.gain;
    cost += leg.cost;
    later += leg.later;
  }
  return { legs: legs.length, inHand, spend, gain, cost, later };
}

/** What a round adds, wei, and moves its pools; -Infinity where it does not work. */
function netOfRound(sketcher: Sketcher, sketched: SketchedWay, sums: Sums): number {
  const { estimates, survives } = sketcher.floats;
  const { way, routes, spendPrice, price } = sketched;
  const { legs, inHand, spend, gain, cost, later } = sums;
  sketcher.crossed = 0;
  let worth: number;
  if (way.kind === 'flash swap') {
    const paid = estimates.buy(routes[0]!, inHand);
    if (!(paid <= gain)) return Number.NEGATIVE_INFINITY;
    made(sketcher);
    worth = (gain - paid) * price + (inHand - spend) * spendPrice;
  } else if (way.kind === 'loan') {
    const proceeds = sell(sketcher, sketched, gain);
    const owed = spend + loanFee(sketcher.floats, way.spend, inHand);
    if (!(proceeds >= owed)) return Number.NEGATIVE_INFINITY;
    worth = (proceeds - owed) * spendPrice;
  } else worth = gain * price;
  if (Number.isNaN(worth)) return Number.NEGATIVE_INFINITY;
  // A flash-swap round needs all its legs; others go on without one.
  worth = (worth + later) * survives ** (way.kind === 'flash swap' ? legs : 1);
  return worth - sketched.cost - cost - sketcher.crossed * sketched.tickCost;
}

function made(sketcher: Sketcher): void {
  sketcher.crossed += sketcher.floats.estimates.crossed();
  sketcher.floats.estimates.make();
}

function sell(sketcher: Sketcher, sketched: SketchedWay, amount: number): number {
  const { estimates } = sketcher.floats;
  const [first, second] = sketched.routes;
  if (!first) return amount;
  const part = second ? estimates.share(first, second, amount, sketched.share) : amount;
  sketched.share = part / amount;
  let out = 0;
  if (part > 0) {
    out += estimates.sell(first, part);
    made(sketcher);
  }
  if (second && part < amount) {
    out += estimates.sell(second, amount - part);
    made(sketcher);
  }
  return out;
}

/** What a plan costs more with a round of a way. */
export function baseWith({ floats }: Sketcher, { tokens, rounds }: Sketch, { way, tokenCost }: SketchedWay): number {
  const more = (tokens.has(way.spend) ? 0 : 1) + (way.gain === way.spend || tokens.has(way.gain) ? 0 : 1);
  return (rounds.length === 0 ? floats.plain : 0) + more * tokenCost;
}

function sketchOf({ plain }: Floats, rounds: readonly SketchedRound[]): Sketch {
  const tokens = new Set<Address>();
  for (const { way } of rounds) tokens.add(way.way.spend).add(way.way.gain);
  const base = rounds.length === 0 ? 0 : plain + tokens.size * rounds[0]!.way.tokenCost;
  let [net, legs] = [-base, 0];
  for (const round of rounds) {
    net += round.net;
    legs += round.legs.length;
  }
  return { rounds, legs, tokens, base, net };
}

/** Where the later rounds stand that use a pool which the round at `at` changes, or changed, or such a one does. */
function tailOf({ rounds }: Sketch, at: number, way: SketchedWay | undefined): number[] {
  const tail: number[] = [];
  if (at + 1 >= rounds.length) return tail;
  const touched = new Set(way?.pools);
  for (const pool of rounds[at]!.way.pools) touched.add(pool);
  for (let later = at + 1; later < rounds.length; later++) {
    const { pools } = rounds[later]!.way;
    if (touched.isDisjointFrom(pools)) continue;
    tail.push(later);
    for (const pool of pools) touched.add(pool);
  }
  return tail;
}

function drawn(sketcher: Sketcher, way: SketchedWay, legs: readonly SketchedLeg[]): SketchedRound | undefined {
  const net = netOfRound(sketcher, way, sumOf(legs));
  if (net === Number.NEGATIVE_INFINITY) return undefined;
  const gas = legs.reduce((sum, leg) => sum + leg.gas, way.gas + sketcher.crossed * way.tickGas);
  return { way, legs, net, gas, after: [...way.pools].map(sketcher.floats.estimates.standing) };
}

/**
 * The sketch with other legs in the round at `at`, or in one behind its last; without it where there are none. Later rounds that this
 * concerns are estimated again. `undefined` where one does not work any more.
 */
export function withRound(
  sketcher: Sketcher,
  sketch: Sketch,
  at: number,
  way: SketchedWay,
  legs: readonly SketchedLeg[],
): Sketch | undefined {
  const { estimates } = sketcher.floats;
  goTo(sketcher, sketch, at);
  const mark = estimates.mark();
  const rounds = sketch.rounds.slice(0, at);
  const put = (round: SketchedRound | undefined) => round !== undefined && rounds.push(round) > 0;
  const draw = (): boolean => {
    if (legs.length > 0 && !put(drawn(sketcher, way, legs))) return false;
    const tail = new Set(tailOf(sketch, at, way));
    for (let later = at + 1; later < sketch.rounds.length; later++) {
      const round = sketch.rounds[later]!;
      if (tail.has(later)) {
        if (!put(drawn(sketcher, round.way, round.legs))) return false;
      } else {
        round.after.forEach(estimates.put);
        rounds.push(round);
      }
    }
    return true;
  };
  const works = draw();
  estimates.undo(mark);
  return works ? sketchOf(sketcher.floats, rounds) : undefined;
}

/** A deal to be placed: with what comes before it, and spending at most `room`. */
export type Asked = { deal: SketchedDeal; brings: readonly SketchedDeal[]; room: number };

/** The leg that an asked deal becomes at a size. */
function legOf({ deal, brings }: Asked, size: number): SketchedLeg {
  let { gas, cost, later } = deal;
  for (const each of brings) {
    gas += each.gas;
    cost += each.cost;
    later += each.later;
  }
  const whole = size === deal.spend;
  const [inHand, gain] = whole ? [deal.inHand, deal.gain] : [size, size * deal.ratio];
  return { deal, brings, whole, spend: size, inHand, gain, gas, cost, later };
}

/**
 * A deal at its best size in a round of the sketch, beside `others`, or in one of its own behind the last.
 *
 * @param enough - gain up to which it is of no interest, wei
 */
export function sized(
  sketcher: Sketcher,
  sketch: Sketch,
  at: number,
  way: SketchedWay,
  others: readonly SketchedLeg[],
  asked: Asked,
  enough = Number.NEGATIVE_INFINITY,
): Placed | undefined {
  const { estimates } = sketcher.floats;
  goTo(sketcher, sketch, at);
  const old = sketch.rounds[at];
  const tail = tailOf(sketch, at, way);
  let before = old ? old.net : baseWith(sketcher, sketch, way);
  for (const later of tail) before += sketch.rounds[later]!.net;
  const beside = sumOf(others);
  const mark = estimates.mark();
  const gainOf = (size: number): number => {
    const leg = legOf(asked, size);
    let net = netOfRound(sketcher, way, {
      legs: beside.legs + 1,
      inHand: beside.inHand + leg.inHand,
      spend: beside.spend + leg.spend,
      gain: beside.gain + leg.gain,
      cost: beside.cost + leg.cost,
      later: beside.later + leg.later,
    });
    let next = 0;
    for (let later = at + 1; next < tail.length && net > Number.NEGATIVE_INFINITY; later++) {
      const round = sketch.rounds[later]!;
      if (later === tail[next]) {
        net += netOfRound(sketcher, round.way, sumOf(round.legs));
        next++;
      } else round.after.forEach(estimates.put);
    }
    estimates.undo(mark);
    return net - before;
  };
  const best = sizeOf(asked, gainOf, enough);
  return best && { at, way, others, leg: legOf(asked, best.size), gain: best.value };
}

/** The best size that there is room for. */
function sizeOf({ deal, room }: Asked, gainOf: (size: number) => number, enough: number) {
  if (room >= deal.spend) return bestSize(deal.spend, deal.partial, gainOf, enough);
  const most = Math.min(deal.partial, room);
  return most > 0 ? bestSize(most, most, gainOf, enough) : undefined;
}

/**
 * More than a deal in the round at `at`, or in one behind the last, ever adds, wei, beside the cost of the round: as if all of it went
 * at the price that the pools begin with, and what it draws on were there.
 */
export function mostOf(
  sketcher: Sketcher,
  sketch: Sketch,
  at: number,
  { way, routes, price, spendPrice }: SketchedWay,
  deal: SketchedDeal,
): number {
  goTo(sketcher, sketch, at);
  const { spend, inHand, gain, partial, ratio, cost, later } = deal;
  if (way.kind === 'none') return gain * price + Math.max(0, later) - cost;
  let sold = routes.length === 0 ? 1 : 0;
  for (const route of routes) sold = Math.max(sold, sketcher.floats.estimates.price(route));
  const [whole, part] =
    way.kind === 'flash swap'
      ? [(gain - inHand / sold) * price + (inHand - spend) * spendPrice, partial * (ratio - 1 / sold) * price]
      : [(gain * sold - spend) * spendPrice, partial * (ratio * sold - 1) * spendPrice];
  return Math.max(whole, part, 0) + Math.max(0, later) - cost;
}

/** Whether a way's pools, as a sketch leaves them, sell for no more than they did at first. */
export function noBetter(sketcher: Sketcher, sketch: Sketch, way: SketchedWay): boolean {
  goTo(sketcher, sketch, sketch.rounds.length);
  return way.routes.every(sketcher.floats.estimates.noBetter);
}

/** Gas of a sketch's rounds. */
export const gasOfRounds = ({ rounds }: Sketch): number => rounds.reduce((sum, { gas }) => sum + gas, 0);

/** A sketch's legs in order. */
export const legsIn = ({ rounds }: Sketch): SketchedLeg[] => rounds.flatMap(({ legs }) => legs);
