import { PRICE_SCALE } from '../prices/book.ts';
import type { Deal } from '../protocols/protocol.ts';
import { openEstimates } from '../venues/estimate.ts';
import type { Bundle } from './bundles.ts';
import { type Chooser, place, tired } from './estimate-place.ts';
import type { SketchedLeg } from './estimate-round.ts';
import { build, fits, hasRoom, put, settle, together } from './estimate-search.ts';
import { EMPTY, legsIn, openSketcher, type Sketch } from './estimate-sketch.ts';
import { openFloats } from './estimate-ways.ts';
import { type Draft, drafted, netOf } from './exact-draft.ts';
import { sumsOf } from './exact-quote.ts';
import { areApart, type Chosen, cutToLeft, type Step, walked } from './exact-walk.ts';
import type { Situation } from './situation.ts';

// From bundles to the draft of a plan: chosen in floats, then computed exactly.

/** Up to so many bundles each is tried as the first. */
const FEW = 6;

/**
 * The bound of a search, in estimated quotes of a route, each less than a microsecond: so many to rank the bundles, so many
 * for a plan. What is best by then is taken. It is no clock, so that a plan depends on the head alone.
 */
export type Work = { ranking: number; plan: number };
const WORK: Work = { ranking: 50_000, plan: 50_000 };
/** The share of a plan's after which nothing but what follows first deals is tried any more. */
const BEFORE_FOLLOWING = 0.7;

/** A search on the pools and stocks as they are before a plan. */
export type Search = {
  situation: Situation;
  work: Work;
  chooser: Chooser;
  /** Legs as their protocol allows them, to the unit. */
  exact: Map<SketchedLeg, Deal | undefined>;
  /** What may follow a deal, and whom it follows. */
  nexts: Map<Deal, Bundle | undefined>;
  firsts: Map<Bundle, Bundle>;
};

/**
 * @param bundles - all that may be in a plan
 * @example
 * const search = openSearch(situation, bundles);
 * const { draft } = bestPlan(search, ranked(search, bundles));
 */
export function openSearch(situation: Situation, bundles: readonly Bundle[], work = WORK): Search {
  const floats = openFloats(situation, bundles, openEstimates(situation.pools));
  const chooser: Chooser = { sketcher: openSketcher(floats), choices: new Map(), end: 0 };
  return { situation, work, chooser, exact: new Map(), nexts: new Map(), firsts: new Map() };
}

/** Estimated quotes there were, the measure of work. */
export const quotesOf = ({ chooser }: Search): number => chooser.sketcher.floats.estimates.quotes();

/** Value of what a deal gains, now and later, less what it spends, wei, at the book's prices; what is not priced counts nothing. */
export function bonusOf({ priceOf }: Pick<Situation, 'priceOf'>, { gain, spend, later }: Deal): bigint {
  const worth = (amount?: { asset: `0x${string}`; amount: bigint }) =>
    amount ? (amount.amount * (priceOf(amount.asset) ?? 0n)) / PRICE_SCALE : 0n;
  return worth(gain) - worth(spend) + worth(later?.gain);
}

/**
 * The bundles of which anything can be placed, the one whose own plan is worth most first. Behind them those for which there was no
 * time, the ones of the highest bonus first.
 */
export function ranked(search: Search, bundles: readonly Bundle[]): Bundle[] {
  const { situation, chooser, work } = search;
  chooser.end = quotesOf(search) + work.ranking;
  const byBonus = bundles.map((bundle) => {
    const bonus = Math.max(...bundle.deals.map((deal) => Number(bonusOf(situation, deal))));
    return { bundle, bonus };
  });
  byBonus.sort((a, b) => b.bonus - a.bonus);
  const tried: { bundle: Bundle; gain: number }[] = [];
  const left: Bundle[] = [];
  for (const { bundle } of byBonus) {
    const placed = tired(chooser) ? undefined : place(chooser, EMPTY, bundle);
    if (placed) tried.push({ bundle, gain: placed.gain });
    else if (tired(chooser)) left.push(bundle);
  }
  return [...tried.sort((a, b) => b.gain - a.gain).map(({ bundle }) => bundle), ...left];
}

/**
 * The plan of the highest net profit that is found for bundles: one after the other each is put where it adds most; then sizes and
 * places are tried again in view of the others; then follows what a protocol allows once a first deal has happened. Where a few
 * compete for the same pools, who comes first decides: each is tried as the first, with sales shared between routes and without; and
 * all that can share a round are tried in one, which may pay where none does alone.
 *
 * @param bundles - the most promising first
 * @returns its rounds, none where nothing pays; and whether there was no room, or no time, for another bundle
 */
export function bestPlan(search: Search, bundles: readonly Bundle[]): { draft: Draft; full: boolean } {
  const { situation, chooser, work } = search;
  const from = quotesOf(search);
  chooser.end = from + work.plan * BEFORE_FOLLOWING;
  let best = build(chooser, bundles);
  let followed: Sketch | undefined;
  /** Of a few, what follows is tried for each before the best is chosen: a shared sale may leave it nothing. */
  const consider = (other: typeof best) => {
    followed ??= follow(search, best.sketch);
    const now = follow(search, other.sketch);
    if (now.net > followed.net) [best, followed] = [other, now];
  };
  const first = bundles.slice(0, bundles.length <= FEW ? FEW : 0);
  for (const [index, bundle] of first.entries()) {
    const order = [bundle, ...bundles.filter((other) => other !== bundle)];
    for (const shares of index === 0 ? [false] : [true, false]) consider(build(chooser, order, shares));
  }
  for (const seed of first.length > 1 ? together(chooser, first) : []) consider(build(chooser, bundles, true, seed));
  const settled = best.isSettled ? best.sketch : settle(chooser, best.sketch).sketch;
  chooser.end = from + work.plan;
  const last = follow(search, settled);
  const draft = exactly(search, followed && followed.net > last.net ? followed : last);
  // Each round has paid for itself; the plan has to pay for being one.
  return { draft: netOf(situation, draft) >= situation.minProfit ? draft : [], full: best.full };
}

/** The best plan for one bundle, whether it pays or not; `undefined` where nothing covers what it spends. */
export function planAlone(search: Search, bundle: Bundle): Draft | undefined {
  const { chooser } = search;
  chooser.end = Number.POSITIVE_INFINITY;
  const several = bundle.single ? undefined : build(chooser, [bundle]).sketch;
  const placed = several && several.legs > 0 ? undefined : place(chooser, EMPTY, bundle);
  const sketch = placed ? put(chooser, EMPTY, placed) : several;
  const draft = sketch && exactly(search, sketch);
  return draft && draft.length > 0 ? draft : undefined;
}

/** A leg as its protocol allows it, to the unit, if nothing happens before that concerns it. */
function exactOf(search: Search, leg: SketchedLeg): Deal | undefined {
  const { exact, situation } = search;
  if (exact.has(leg)) return exact.get(leg);
  const { deal, of } = leg.deal;
  const found = leg.whole ? deal : of.view.fit(deal, mostOf(leg));
  const left = found && cutToLeft(situation, of.view, found);
  exact.set(leg, left);
  return left;
}

/** The most that a leg may spend, rounded down. */
const mostOf = ({ whole, spend, deal }: SketchedLeg): bigint | undefined =>
  whole ? deal.deal.spend?.amount : BigInt(Math.floor(spend));

/** What a protocol allows of whom a deal concerns once it has happened: what holds nothing but its claims. */
function nextOf(search: Search, leg: SketchedLeg): Bundle | undefined {
  const done = exactOf(search, leg);
  if (!done) return undefined;
  const { nexts, firsts } = search;
  if (nexts.has(done)) return nexts.get(done);
  const { of } = leg.deal;
  const view = of.view.after(done);
  const deals = view
    .deals(done.subjects.map(({ key }) => key))
    .filter(({ claims }) => claims.length > 0 && claims.every((claim) => done.claims.includes(claim)));
  const next: Bundle | undefined =
    deals.length > 0 ? { view, fed: view, deals, bringers: [], single: true } : undefined;
  nexts.set(done, next);
  if (next) firsts.set(next, of);
  return next;
}

/**
 * What a protocol allows once a first deal has happened: other debts, other collateral, or the same pair over another pool. It comes
 * after the first, which is not touched any more.
 */
function follow(search: Search, start: Sketch): Sketch {
  const { chooser } = search;
  let sketch = start;
  for (const first of legsIn(start)) {
    // What needs others to bring what it draws on is not itself once they have.
    if (first.brings.length > 0) continue;
    for (let last: SketchedLeg | undefined = first; last && hasRoom(chooser, sketch) && !tired(chooser); ) {
      const leg: SketchedLeg = last;
      last = undefined;
      const next = nextOf(search, leg);
      if (!next) break;
      const from = sketch.rounds.findIndex(({ legs }) => legs.includes(leg));
      const placed = place(chooser, sketch, next, { from });
      const now = placed && put(chooser, sketch, placed);
      if (!placed || !now || !fits(chooser, now)) break;
      sketch = now;
      last = placed.leg;
    }
  }
  return sketch;
}

/** A sketch in exact numbers; what does not work in them, nor what comes after it of the same claims, is not in it. */
function exactly(search: Search, { rounds }: Sketch): Draft {
  const { situation } = search;
  const all = rounds.map(({ way, legs }) => ({
    way: way.way,
    deals: legs.flatMap((leg) => exactOf(search, leg) ?? []),
  }));
  const lent = all.flatMap(({ way, deals }) =>
    way.kind === 'loan' ? [{ asset: way.spend, amount: sumsOf(deals).inHand }] : [],
  );
  const isFed = rounds.some(({ legs }) => legs.some(({ brings }) => brings.length > 0));
  const deals = all.flatMap((round) => round.deals);
  return isFed || !areApart(situation, deals, lent) ? walked(situation, rounds.map(chosenIn)) : apart(search, rounds);
}

/** Rounds whose deals are what they are alone; what follows a deal that is left out is left out. */
function apart(search: Search, rounds: Sketch['rounds']): Draft {
  const { situation, firsts } = search;
  const missing = new Set<Bundle>();
  const draft: Draft[number][] = [];
  for (const { way, legs } of rounds) {
    const deals = legs.flatMap((leg) => {
      const first = firsts.get(leg.deal.of);
      const deal = first && missing.has(first) ? undefined : exactOf(search, leg);
      if (!deal) missing.add(leg.deal.of);
      return deal ?? [];
    });
    const round = deals.length > 0 ? drafted(situation, draft, { way: way.way, deals }) : undefined;
    if (round) draft.push(round);
    else for (const { deal } of legs) missing.add(deal.of);
  }
  return draft;
}

/** A round as it was chosen, for the exact half. */
const chosenIn = ({ way, legs }: Sketch['rounds'][number]): Chosen => ({
  way: way.way,
  steps: legs.map((leg): Step => {
    const most = mostOf(leg);
    const { deal, brings } = leg;
    return { deal: deal.deal, brings: brings.map((each) => each.deal), ...(most === undefined ? {} : { most }) };
  }),
});
