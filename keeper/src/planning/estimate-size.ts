import { netOfRound, type SketchedLeg, sumOf } from './estimate-round.ts';
import { baseWith, goTo, type Sketch, type Sketcher, tailOf } from './estimate-sketch.ts';
import type { SketchedDeal, SketchedWay } from './estimate-ways.ts';
import { bestSize } from './sizes.ts';

// How much of a deal to take at a place of a sketch, and what that adds.

/** A deal's place in a sketch: in the round at `at`, beside `others`; and what it adds to the net profit, wei. */
export type Placed = { at: number; way: SketchedWay; others: readonly SketchedLeg[]; leg: SketchedLeg; gain: number };

/** A deal to be placed: with what comes before it, and spending at most `room`. */
export type Asked = { deal: SketchedDeal; brings: readonly SketchedDeal[]; room: number };

/** The leg that an asked deal becomes at a size. */
function legOf({ deal, brings }: Asked, size: number): SketchedLeg {
  const { gas, cost, later } = ownOf(deal, brings);
  const whole = size === deal.spend;
  const [inHand, gain] = whole ? [deal.inHand, deal.gain] : [size, size * deal.ratio];
  return { deal, brings, whole, spend: size, inHand, gain, gas, cost, later };
}

/** What a deal and those that come with it take and bring at any size. */
function ownOf(deal: SketchedDeal, brings: readonly SketchedDeal[]): { gas: number; cost: number; later: number } {
  let { gas, cost, later } = deal;
  for (const each of brings) {
    gas += each.gas;
    cost += each.cost;
    later += each.later;
  }
  return { gas, cost, later };
}

/**
 * A deal at its best size in a round of the sketch, beside `others`, or in one of its own behind the last.
 *
 * @param enough - gain up to which it is of no interest, wei
 * @example
 * const placed = sized(sketcher, EMPTY, 0, way, [], { deal, brings: [], room: Number.POSITIVE_INFINITY });
 * placed?.gain; // wei that a plan of it alone earns
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
  const { deal } = asked;
  const own = ownOf(deal, asked.brings);
  const sums = sumOf(others);
  const { inHand, spend, gain } = sums;
  sums.legs++;
  sums.cost += own.cost;
  sums.later += own.later;
  const mark = estimates.mark();
  const gainOf = (size: number): number => {
    const isWhole = size === deal.spend;
    sums.inHand = inHand + (isWhole ? deal.inHand : size);
    sums.spend = spend + size;
    sums.gain = gain + (isWhole ? deal.gain : size * deal.ratio);
    let net = netOfRound(sketcher, way, sums);
    if (tail.length > 0 && net > Number.NEGATIVE_INFINITY) net += netOfTail(sketcher, sketch, at, tail);
    estimates.undo(mark);
    return net - before;
  };
  const best = sizeOf(asked, gainOf, enough);
  return best && { at, way, others, leg: legOf(asked, best.size), gain: best.value };
}

/** What the rounds of a tail add once the round at `at` is another; -Infinity where one does not work any more. */
function netOfTail(sketcher: Sketcher, sketch: Sketch, at: number, tail: readonly number[]): number {
  let [net, next] = [0, 0];
  for (let later = at + 1; next < tail.length && net > Number.NEGATIVE_INFINITY; later++) {
    const round = sketch.rounds[later]!;
    if (later === tail[next]) {
      net += netOfRound(sketcher, round.way, sumOf(round.legs));
      next++;
    } else for (const standing of round.after) sketcher.floats.estimates.put(standing);
  }
  return net;
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
  const more = Math.max(0, later) - cost;
  if (way.kind === 'none') return gain * price + more;
  let sold = routes.length === 0 ? 1 : 0;
  for (const route of routes) sold = Math.max(sold, sketcher.floats.estimates.price(route));
  const isSwap = way.kind === 'flash swap';
  const whole = isSwap
    ? (gain - inHand / sold) * price + (inHand - spend) * spendPrice
    : (gain * sold - spend) * spendPrice;
  const part = isSwap ? partial * (ratio - 1 / sold) * price : partial * (ratio * sold - 1) * spendPrice;
  return Math.max(whole, part, 0) + more;
}

/** Whether a way's pools, as a sketch leaves them, sell for no more than they did at first. */
export function noBetter(sketcher: Sketcher, sketch: Sketch, way: SketchedWay): boolean {
  goTo(sketcher, sketch, sketch.rounds.length);
  return way.routes.every(sketcher.floats.estimates.noBetter);
}
