import type { Deal } from '../protocols/protocol.ts';
import type { Bundle } from './bundles.ts';
import { type Chooser, choicesOf, claimsIn, goesWith, place, resized, tired } from './estimate-place.ts';
import type { SketchedLeg } from './estimate-round.ts';
import type { Placed } from './estimate-size.ts';
import { EMPTY, legsIn, type Sketch, withRound } from './estimate-sketch.ts';
import { holdsFor } from './estimate-stocks.ts';
import { type SketchedDeal, sketchedDeal } from './estimate-ways.ts';

// Which deals a plan holds, and in which rounds: found by putting each where it adds most, then trying again.

/** Above so many legs each keeps its place; below they change places until nothing is gained. */
const EXCHANGED = 24;
const PASSES = 3;
/** A part of a plan's value that is not worth another try. */
const NOTHING = 1e-9;

/** Whether a sketch is no more than a plan may be. */
export function fits({ sketcher }: Chooser, { gas, tokens, legs }: Sketch): boolean {
  const { limits, plainGas, tokenGas } = sketcher.floats;
  return gas + plainGas + tokenGas * tokens.size <= limits.gas && legs <= limits.legs;
}

/** Whether a sketch may have another leg. */
export const hasRoom = ({ sketcher }: Chooser, { legs }: Sketch): boolean => legs < sketcher.floats.limits.legs;

/** A sketch with a leg where it was placed. */
export const put = ({ sketcher }: Chooser, sketch: Sketch, { at, way, others, leg }: Placed): Sketch | undefined =>
  withRound(sketcher, sketch, at, way, [...others, leg]);

/**
 * Puts the bundles that `start` has not into it, in their order.
 *
 * @returns the sketch; whether there was no room, or no time, for another; and whether trying again changes nothing
 */
export function build(
  chooser: Chooser,
  bundles: readonly Bundle[],
  shares = true,
  start = EMPTY,
): { sketch: Sketch; full: boolean; isSettled: boolean } {
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
  const { sketch: last, isSettled } = settle(chooser, sketch, shares);
  // What may not share sales may still gain by it.
  return { sketch: last, full, isSettled: isSettled && shares };
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
export function settle(chooser: Chooser, start: Sketch, shares = true): { sketch: Sketch; isSettled: boolean } {
  let sketch = start;
  const few = start.legs <= EXCHANGED;
  for (let pass = 0; pass < (few ? PASSES : 1); pass++) {
    const before = sketch.net;
    for (const leg of legsIn(sketch)) {
      // Among many, one that is taken whole was still worth it behind those before it.
      if ((few || !leg.whole) && !tired(chooser)) sketch = replaced(chooser, sketch, leg, few, shares);
    }
    if (sketch.net - before <= NOTHING * Math.abs(before)) return { sketch, isSettled: true };
  }
  return { sketch, isSettled: false };
}

/** Takes a leg out and puts it back where and as large as is best now, or leaves it where it is. */
function replaced(chooser: Chooser, sketch: Sketch, leg: SketchedLeg, anywhere: boolean, shares: boolean): Sketch {
  const { sketcher } = chooser;
  const at = sketch.rounds.findIndex(({ legs }) => legs.includes(leg));
  const { way, legs } = sketch.rounds[at]!;
  const others = legs.filter((other) => other !== leg);
  const without = withRound(sketcher, sketch, at, way, others);
  const { stocks } = sketcher.floats;
  if (!without || (stocks.there.length > 0 && !holdsFor(stocks, legsIn(without)))) return sketch;
  const { of, deal } = leg.deal;
  // What adds no more than the leg does where it is changes nothing.
  const least = Math.max(0, sketch.net - without.net) + NOTHING * Math.abs(sketch.net);
  const placed =
    anywhere || others.length === 0
      ? place(chooser, without, of, of.single ? { shares, least } : { shares, least, only: deal })
      : resized(chooser, without, at, way, others, leg, least);
  const back = placed && placed.gain > least ? put(chooser, without, placed) : undefined;
  const now = back && fits(chooser, back) ? back : without;
  return now.net > sketch.net ? now : sketch;
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
      const placed = resized(chooser, sketch, 0, way, others, { deal, brings: [] });
      const now = placed && put(chooser, sketch, placed);
      if (now && fits(chooser, now)) sketch = now;
    }
    return sketch.legs > 0 ? [sketch] : [];
  });
}
