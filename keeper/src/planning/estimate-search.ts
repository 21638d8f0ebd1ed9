import type { Deal } from '../protocols/protocol.ts';
import type { Route } from '../venues/paths.ts';
import type { Bundle } from './bundles.ts';
import {
  type Asked,
  baseWith,
  EMPTY,
  gasOfRounds,
  legsIn,
  mostOf,
  noBetter,
  type Placed,
  type Sketch,
  type SketchedLeg,
  type Sketcher,
  sized,
  withRound,
} from './estimate-sketch.ts';
import { holdsFor, roomFor } from './estimate-stocks.ts';
import { type SketchedDeal, type SketchedWay, sketchedDeal, waysOf } from './estimate-ways.ts';
import { baseGas } from './gas.ts';
import { PPM } from './situation.ts';
import { routesOf } from './ways.ts';

/** A way that a deal can go, and what it would add to a plan alone, wei, not counting what the plan itself costs. */
type Choice = { deal: SketchedDeal; way: SketchedWay; alone: number };

/** What choosing remembers: the ways of each bundle's deals, and at how many quotes it stops. */
export type Chooser = { sketcher: Sketcher; choices: Map<Bundle, Choice[]>; end: number };

/** Above so many legs each keeps its place; below they change places until nothing is gained. */
const EXCHANGED = 24;
const PASSES = 3;

/** Whether there were as many quotes as there may be. */
export const tired = ({ sketcher, end }: Chooser): boolean => sketcher.floats.estimates.quotes() >= end;

/** The ways of all deals of a bundle, the best alone first, as if what they draw on were there. */
function choicesOf({ sketcher, choices }: Chooser, of: Bundle): Choice[] {
  const known = choices.get(of);
  if (known) return known;
  const { floats } = sketcher;
  const found = of.deals.flatMap((each) => {
    const deal = sketchedDeal(floats, of, each);
    return waysOf(floats, each).map((way): Choice => {
      const placed = sized(sketcher, EMPTY, 0, way, [], { deal, brings: [], room: Number.POSITIVE_INFINITY });
      return { deal, way, alone: placed ? placed.gain + baseWith(sketcher, EMPTY, way) : Number.NEGATIVE_INFINITY };
    });
  });
  found.sort((a, b) => b.alone - a.alone);
  choices.set(of, found);
  return found;
}

/** Whether a sketch is no more than a plan may be. */
export function fits({ sketcher }: Chooser, sketch: Sketch): boolean {
  const { limits } = sketcher.floats.situation;
  const base = Number(baseGas(sketch.rounds.map(({ way }) => way.way)));
  return gasOfRounds(sketch) + base <= Number(limits.gas) && sketch.legs <= limits.legs;
}

export const hasRoom = ({ sketcher }: Chooser, sketch: Sketch): boolean =>
  sketch.legs < sketcher.floats.situation.limits.legs;

/** A sketch with a leg where it was placed. */
export const put = ({ sketcher }: Chooser, sketch: Sketch, { at, way, others, leg }: Placed): Sketch | undefined =>
  withRound(sketcher, sketch, at, way, [...others, leg]);

/**
 * Where a deal may be placed.
 *
 * - `from`: rounds before it are not for it.
 * - `shares`: whether two routes may share its sale.
 * - `only`: the only deal to place; `brings`: what must come with it, whatever that costs.
 */
type Where = { from?: number; shares?: boolean; only?: Deal; brings?: readonly SketchedDeal[] };

/**
 * The best place for a deal of a bundle where it adds something. Where pools sell for no more than at first, no way adds more than alone
 * and what is shared with others.
 */
export function place(chooser: Chooser, sketch: Sketch, of: Bundle, where: Where = {}): Placed | undefined {
  const { sketcher } = chooser;
  const { from = 0, shares = true, only, brings } = where;
  const { rounds } = sketch;
  // What a plan and its first round cost is not for the first to pay alone: others may share both.
  const least = rounds.length === 0 || brings ? Number.NEGATIVE_INFINITY : 0;
  const taken = of.single ? undefined : claimsIn(sketch, of);
  let best: Placed | undefined;
  for (const { deal, way, alone } of choicesOf(chooser, of)) {
    if (tired(chooser)) break;
    if (!shares && way.routes.length > 1) continue;
    if (only && deal.deal !== only) continue;
    if (taken && deal.deal.claims.some((claim) => taken.has(claim))) continue;
    if (!goesWith(sketcher, sketch, deal, way)) continue;
    const limit = noBetter(sketcher, sketch, way) ? alone : Number.POSITIVE_INFINITY;
    const consider = (at: number, others: readonly SketchedLeg[], shared: number, cost: number) => {
      const most = () => best?.gain ?? least;
      if (limit + shared <= most() || mostOf(sketcher, sketch, at, way, deal) - cost <= most()) return;
      for (const asked of askedAt(chooser, sketch, at, others, deal, brings)) {
        const placed = sized(sketcher, sketch, at, way, others, asked, most());
        if (placed && placed.gain > most()) best = placed;
      }
    };
    // Rounds of a way before its last stopped growing because another leg was not worth the risk.
    const last = rounds.findLastIndex((round) => round.way === way);
    if (last >= from) consider(last, rounds[last]!.legs, way.cost, 0);
    const base = baseWith(sketcher, sketch, way);
    consider(rounds.length, [], -base, way.cost + base);
  }
  return best;
}

/** What deals of a bundle hold in a sketch. */
function claimsIn(sketch: Sketch, of: Bundle): Set<string> {
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
function goesWith({ floats }: Sketcher, sketch: Sketch, { deal, later }: SketchedDeal, { way }: SketchedWay): boolean {
  if (!floats.mixed || sketch.rounds.length === 0) return true;
  const { situation, survives, plain } = floats;
  const legs = legsIn(sketch);
  const moved = [deal, ...legs.map((leg) => leg.deal.deal)].flatMap(({ moves = [] }) => moves);
  const ways = [way, ...sketch.rounds.map((round) => round.way.way)];
  const isBarred = (route: Route) => route.hops.some(({ pool }) => moved.includes(pool));
  if (ways.some((each) => routesOf(each).some(isBarred))) return false;
  let [laters, others] = deal.later ? [Math.max(0, later), 0] : [0, 1];
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
): Asked[] {
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

/**
 * Puts the bundles that `start` has not into it, in their order.
 *
 * @returns the sketch, and whether there was no room, or no time, for another
 */
export function build(chooser: Chooser, bundles: readonly Bundle[], shares = true, start = EMPTY) {
  let sketch = start;
  let full = false;
  const placedAlready = new Set(legsIn(start).map(({ deal }) => deal.of));
  for (const bundle of bundles) {
    if (bundle.single && placedAlready.has(bundle)) continue;
    full ||= !hasRoom(chooser, sketch) || tired(chooser);
    if (full) break;
    const before = sketch;
    let placed = place(chooser, sketch, bundle, { shares });
    while (placed) {
      const now = put(chooser, sketch, placed);
      if (!now || !fits(chooser, now)) {
        full ||= now !== undefined;
        break;
      }
      sketch = now;
      placed = bundle.single || !hasRoom(chooser, sketch) ? undefined : place(chooser, sketch, bundle, { shares });
    }
    if (!bundle.single) sketch = better(sketch, allOf(chooser, before, bundle, shares));
  }
  return { sketch: settle(chooser, sketch, shares), full };
}

const better = (one: Sketch, other: Sketch): Sketch => (other.net > one.net ? other : one);

/**
 * All deals of a bundle at once, with all that brings, as those share what the rounds cost and what feeds them; then without each of
 * those that bring in turn. Who takes least of a stock that may be overdrawn goes first, or who takes most.
 */
function allOf(chooser: Chooser, start: Sketch, bundle: Bundle, shares: boolean): Sketch {
  const { floats } = chooser.sketcher;
  let bringers = bundle.bringers.map((each) => sketchedDeal(floats, bundle, each));
  const here = new Set(legsIn(start).flatMap(({ brings }) => brings));
  bringers = bringers.filter((each) => !here.has(each));
  const rising = bundle.deals.toSorted((a, b) => overdrawn(a) - overdrawn(b));
  let best = start;
  for (const order of [rising, rising.toReversed()]) {
    let now = packed(chooser, start, bundle, order, bringers, shares);
    let all = bringers;
    for (const one of bringers) {
      if (tired(chooser)) break;
      const without = all.filter((each) => each !== one);
      const less = packed(chooser, start, bundle, order, without, shares);
      if (less.net > now.net) [now, all] = [less, without];
    }
    best = better(best, now);
  }
  return best;
}

const overdrawn = ({ draws }: Deal): number =>
  draws.reduce((sum, { amount, over }) => sum + (over ? Number(amount) : 0), 0);

/** Deals of a bundle one after the other, the first of them with all that brings. */
function packed(
  chooser: Chooser,
  start: Sketch,
  bundle: Bundle,
  order: readonly Deal[],
  bringers: readonly SketchedDeal[],
  shares: boolean,
): Sketch {
  let sketch = start;
  let left = bringers;
  for (const only of order) {
    if (!hasRoom(chooser, sketch)) break;
    const placed = place(chooser, sketch, bundle, { shares, only, ...(left.length > 0 ? { brings: left } : {}) });
    const now = placed && put(chooser, sketch, placed);
    if (!now || !fits(chooser, now)) continue;
    [sketch, left] = [now, []];
  }
  return sketch;
}

/** Tries sizes, and of a few also places, again in view of each other until nothing is gained. */
export function settle(chooser: Chooser, start: Sketch, shares = true): Sketch {
  let sketch = start;
  const few = start.legs <= EXCHANGED;
  for (let pass = 0; pass < (few ? PASSES : 1); pass++) {
    const before = sketch.net;
    for (const leg of legsIn(sketch)) {
      // Among many, one that is taken whole was still worth it behind those before it.
      if ((few || !leg.whole) && !tired(chooser)) sketch = replaced(chooser, sketch, leg, few, shares);
    }
    if (sketch.net <= before) break;
  }
  return sketch;
}

/** Takes a leg out and puts it back where and as large as is best now, or leaves it where it is. */
function replaced(chooser: Chooser, sketch: Sketch, leg: SketchedLeg, anywhere: boolean, shares: boolean): Sketch {
  const { sketcher } = chooser;
  const at = sketch.rounds.findIndex(({ legs }) => legs.includes(leg));
  const { way, legs } = sketch.rounds[at]!;
  const others = legs.filter((other) => other !== leg);
  const without = withRound(sketcher, sketch, at, way, others);
  if (!without || !holdsFor(sketcher.floats.stocks, legsIn(without))) return sketch;
  const { deal, brings } = leg;
  const only = deal.of.single ? {} : { only: deal.deal };
  const placed =
    anywhere || others.length === 0
      ? place(chooser, without, deal.of, { shares, ...only })
      : resized(chooser, without, at, way, others, deal, brings);
  const back = placed && placed.gain > 0 ? put(chooser, without, placed) : undefined;
  const now = back && fits(chooser, back) ? back : without;
  return now.net > sketch.net ? now : sketch;
}

/** A deal in its round again, with what came with it. */
function resized(
  chooser: Chooser,
  sketch: Sketch,
  at: number,
  way: SketchedWay,
  others: readonly SketchedLeg[],
  deal: SketchedDeal,
  brings: readonly SketchedDeal[],
): Placed | undefined {
  const [asked] = askedAt(chooser, sketch, at, others, deal, brings);
  return asked && sized(chooser.sketcher, sketch, at, way, others, asked);
}

/** For each way that several of the bundles could go, a sketch of one round with all of them. */
export function together(chooser: Chooser, bundles: readonly Bundle[]): Sketch[] {
  const going = Map.groupBy(
    bundles.flatMap((bundle) => choicesOf(chooser, bundle)),
    ({ way }) => way,
  );
  return [...going].flatMap(([way, stakes]): Sketch[] => {
    if (stakes.length < 2 || way.way.kind === 'loan') return [];
    let sketch = EMPTY;
    for (const { deal } of stakes) {
      const others = sketch.rounds[0]?.legs ?? [];
      if (!goesWith(chooser.sketcher, sketch, deal, way)) continue;
      const taken = claimsIn(sketch, deal.of);
      if (deal.deal.claims.some((claim) => taken.has(claim))) continue;
      const [asked] = askedAt(chooser, sketch, 0, others, deal, []);
      const placed = asked && sized(chooser.sketcher, sketch, 0, way, others, asked);
      const now = placed && put(chooser, sketch, placed);
      if (now && fits(chooser, now)) sketch = now;
    }
    return sketch.legs > 0 ? [sketch] : [];
  });
}
