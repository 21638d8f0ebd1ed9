import type { Deal } from '../protocols/protocol.ts';
import type { Route } from '../venues/paths.ts';
import type { Bundle } from './bundles.ts';
import type { SketchedLeg } from './estimate-round.ts';
import { type Asked, mostOf, noBetter, type Placed, sized } from './estimate-size.ts';
import { baseWith, EMPTY, legsIn, type Sketch, type Sketcher } from './estimate-sketch.ts';
import { roomFor } from './estimate-stocks.ts';
import { type SketchedDeal, type SketchedWay, sketchedDeal, waysOf } from './estimate-ways.ts';
import { PPM } from './situation.ts';
import { routesOf } from './ways.ts';

// Where in a sketch a deal of a bundle goes, and with what.

/**
 * A way that a deal can go.
 *
 * - `first`: its place in a plan of nothing else, `alone`: what it would add there, wei, not counting what the plan itself costs.
 * - `asked`: all of the deal with nothing before it.
 */
type Choice = {
  deal: SketchedDeal;
  way: SketchedWay;
  first: Placed | undefined;
  alone: number;
  asked: readonly [Asked];
};

/** What choosing remembers: the ways of each bundle's deals, and at how many quotes it stops. */
export type Chooser = { sketcher: Sketcher; choices: Map<Bundle, Choice[]>; end: number };

/** Whether there were as many quotes as there may be. */
export const tired = ({ sketcher, end }: Chooser): boolean => sketcher.floats.estimates.quotes() >= end;

/** The ways of all deals of a bundle, the best alone first, as if what they draw on were there. */
export function choicesOf({ sketcher, choices }: Chooser, of: Bundle): readonly Choice[] {
  const known = choices.get(of);
  if (known) return known;
  const { floats } = sketcher;
  const found: Choice[] = [];
  for (const each of of.deals) {
    const deal = sketchedDeal(floats, of, each);
    const asked = [{ deal, brings: [], room: Number.POSITIVE_INFINITY }] as const;
    for (const way of waysOf(floats, each)) {
      const first = sized(sketcher, EMPTY, 0, way, [], asked[0]);
      const alone = first ? first.gain + baseWith(sketcher, EMPTY, way) : Number.NEGATIVE_INFINITY;
      found.push({ deal, way, first, alone, asked });
    }
  }
  found.sort((a, b) => b.alone - a.alone);
  choices.set(of, found);
  return found;
}

/**
 * Where a deal may be placed.
 *
 * - `from`: rounds before it are not for it.
 * - `shares`: whether two routes may share its sale.
 * - `only`: the only deal to place; `brings`: what must come with it, whatever that costs.
 * - `least`: what it must add more than, wei.
 */
export type Where = {
  from?: number;
  shares?: boolean;
  only?: Deal;
  brings?: readonly SketchedDeal[];
  least?: number;
};

/**
 * The best place for a deal of a bundle where it adds something. Where pools sell for no more than at first, no way adds more than alone
 * and what is shared with others.
 */
export function place(chooser: Chooser, sketch: Sketch, of: Bundle, where: Where = {}): Placed | undefined {
  const { sketcher } = chooser;
  const { from = 0, shares = true, only, brings } = where;
  const { rounds } = sketch;
  const end = rounds.length;
  const taken = of.single ? undefined : claimsIn(sketch, of);
  let best: Placed | undefined;
  // What a plan and its first round cost is not for the first to pay alone: others may share both.
  let most = where.least ?? (end === 0 || brings ? Number.NEGATIVE_INFINITY : 0);
  for (const choice of choicesOf(chooser, of)) {
    if (tired(chooser)) break;
    const { deal, way } = choice;
    if (!shares && way.routes.length > 1) continue;
    if (only && deal.deal !== only) continue;
    if (taken && deal.deal.claims.some((claim) => taken.has(claim))) continue;
    if (!goesWith(sketcher, sketch, deal, way)) continue;
    // Rounds of a way before its last stopped growing because another leg was not worth the risk.
    const last = rounds.findLastIndex((round) => round.way === way);
    if (last >= from && canAdd(sketcher, sketch, last, choice, way.cost, most)) {
      best = placedAt(chooser, sketch, last, choice, rounds[last]!.legs, most, brings) ?? best;
      if (best) most = best.gain;
    }
    if (canAdd(sketcher, sketch, end, choice, -baseWith(sketcher, sketch, way), most)) {
      best = placedAt(chooser, sketch, end, choice, [], most, brings) ?? best;
      if (best) most = best.gain;
    }
  }
  return best;
}

/**
 * Whether a deal may add more than `most` in the round at `at`, told by what is quick to know.
 *
 * @param shared - wei that it costs less there than in a round and a plan of its own
 */
function canAdd(
  sketcher: Sketcher,
  sketch: Sketch,
  at: number,
  { deal, way, alone }: Choice,
  shared: number,
  most: number,
): boolean {
  if (alone + shared <= most && noBetter(sketcher, sketch, way)) return false;
  return mostOf(sketcher, sketch, at, way, deal) - way.cost + shared > most;
}

/** A deal in the round at `at`, beside `others`, as large and with as much of what feeds it as is best; none that adds no more than `most`. */
function placedAt(
  chooser: Chooser,
  sketch: Sketch,
  at: number,
  { way, deal, first, asked }: Choice,
  others: readonly SketchedLeg[],
  most: number,
  brings: readonly SketchedDeal[] | undefined,
): Placed | undefined {
  const isFree = deal.draws.length === 0 && !brings;
  if (isFree && sketch.rounds.length === 0) return first && first.gain > most ? first : undefined;
  let best: Placed | undefined;
  let enough = most;
  const all = isFree ? asked : askedAt(chooser, sketch, at, others, deal, brings);
  for (const each of all) {
    const placed = sized(chooser.sketcher, sketch, at, way, others, each, enough);
    if (!placed || placed.gain <= enough) continue;
    best = placed;
    enough = placed.gain;
  }
  return best;
}

/** What deals of a bundle hold in a sketch. */
export function claimsIn(sketch: Sketch, of: Bundle): Set<string> {
  const claims = new Set<string>();
  for (const { deal, brings } of legsIn(sketch)) {
    if (deal.of !== of) continue;
    for (const each of [deal, ...brings]) for (const claim of each.deal.claims) claims.add(claim);
  }
  return claims;
}

/**
 * Whether a deal may be in one plan with the others of a sketch.
 *
 * Where it trades in a pool itself nothing else may. What is worth something later rides with others only where that saves more gas
 * than it is worth in the cases that they fail it.
 */
export function goesWith({ floats }: Sketcher, sketch: Sketch, deal: SketchedDeal, { way }: SketchedWay): boolean {
  if (!floats.mixed || sketch.rounds.length === 0) return true;
  const { situation, survives, plain } = floats;
  const legs = legsIn(sketch);
  const moved = [deal, ...legs.map((leg) => leg.deal)].flatMap((each) => each.deal.moves ?? []);
  const ways = [way, ...sketch.rounds.map((round) => round.way.way)];
  const isBarred = (route: Route) => route.hops.some(({ pool }) => moved.includes(pool));
  if (ways.some((each) => routesOf(each).some(isBarred))) return false;
  let [laters, others] = deal.deal.later ? [Math.max(0, deal.later), 0] : [0, 1];
  for (const leg of legs) {
    if (leg.deal.deal.later) laters += Math.max(0, leg.later);
    else others++;
  }
  if (laters === 0 || others === 0) return true;
  const chance = survives ** others * (Number(PPM - situation.loss) / Number(PPM));
  return (1 - chance) * laters < plain;
}

/** What to try for a deal at a place: how much of it there is room for, with what brings what it draws on. */
function askedAt(
  { sketcher }: Chooser,
  sketch: Sketch,
  at: number,
  others: readonly SketchedLeg[],
  deal: SketchedDeal,
  brings?: readonly SketchedDeal[],
): readonly Asked[] {
  if (deal.draws.length === 0) return [{ deal, brings: brings ?? [], room: Number.POSITIVE_INFINITY }];
  const { stocks } = sketcher.floats;
  const before = [...sketch.rounds.slice(0, at).flatMap(({ legs }) => legs), ...others];
  const behind = sketch.rounds.slice(at + 1).flatMap(({ legs }) => legs);
  const asked = (some: readonly SketchedDeal[]): Asked => ({
    deal,
    brings: some,
    room: roomFor(stocks, before, behind, deal, some),
  });
  if (brings) return [asked(brings)].filter(({ room }) => room >= 0);
  const all: Asked[] = [];
  for (const some of suppliesFor(sketcher, sketch, deal)) {
    const now = asked(some);
    // What brings nothing more is not worth its gas.
    if (now.room > (all.at(-1)?.room ?? -1)) all.push(now);
    if (now.room >= deal.spend) break;
  }
  return all;
}

/** Sets of what could come with a deal: nothing, the one that brings most for its cost, two, four, and so on to all. */
function suppliesFor({ floats }: Sketcher, sketch: Sketch, deal: SketchedDeal): SketchedDeal[][] {
  const here = new Set(legsIn(sketch).flatMap(({ brings }) => brings));
  const useful = deal.of.bringers.flatMap((each) => {
    const bringer = sketchedDeal(floats, deal.of, each);
    const share = deal.draws.reduce((sum, { stock, amount }) => {
      const brought = bringer.draws.reduce((all, draw) => all - (draw.stock === stock ? draw.amount : 0), 0);
      return amount > 0 ? sum + brought / amount : sum;
    }, 0);
    return share > 0 && !here.has(bringer) ? [{ bringer, worth: share / Math.max(bringer.cost, 1) }] : [];
  });
  useful.sort((a, b) => b.worth - a.worth);
  const all = useful.map(({ bringer }) => bringer);
  const sets: SketchedDeal[][] = [[]];
  for (let size = 1; size < all.length; size *= 2) sets.push(all.slice(0, size));
  if (all.length > 0) sets.push(all);
  return sets;
}

/** A deal in a round, beside `others`, at its best size there with what is to come with it; none that adds no more than `least`. */
export function resized(
  chooser: Chooser,
  sketch: Sketch,
  at: number,
  way: SketchedWay,
  others: readonly SketchedLeg[],
  { deal, brings }: Pick<SketchedLeg, 'deal' | 'brings'>,
  least?: number,
): Placed | undefined {
  const [asked] = askedAt(chooser, sketch, at, others, deal, brings);
  return asked && sized(chooser.sketcher, sketch, at, way, others, asked, least);
}
