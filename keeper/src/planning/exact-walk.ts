import type { Amount, Deal, View } from '../protocols/protocol.ts';
import { type Draft, type DraftedRound, drafted, type RoundDraft, statesAfter } from './exact-draft.ts';
import { sumsOf } from './exact-quote.ts';
import { onlyBrings, type Situation, type Views } from './situation.ts';
import type { Way } from './ways.ts';

// The exact half of planning: a plan as it was chosen is walked through deal by deal, each as it is once those before it are done.

/** A deal to do: at most how much of it to spend, and the deals that only bring and come right before it. */
export type Step = { deal: Deal; most?: bigint; brings: readonly Deal[] };

/** A round as it was chosen. */
export type Chosen = { way: Way; steps: readonly Step[] };

/**
 * A plan's rounds in exact numbers. What is gone once the deals before it are done is not in it, nor what draws on it; deals that bring
 * to nobody are left out.
 *
 * @example
 * const draft = walked(situation, [{ way, steps: [{ deal, most: 1_000n, brings: [] }] }]);
 */
export function walked(situation: Situation, chosen: readonly Chosen[]): Draft {
  const draft = walkedOnce(situation, chosen);
  const idle = idleIn(draft);
  if (idle.size === 0) return draft;
  const fewer = chosen.map(({ way, steps }) => ({
    way,
    steps: steps.map((step) => ({ ...step, brings: step.brings.filter(({ id }) => !idle.has(id)) })),
  }));
  const counted = (rounds: readonly Chosen[]) =>
    rounds.reduce((sum, { steps }) => sum + steps.reduce((all, { brings }) => all + brings.length, 0), 0);
  return counted(fewer) < counted(chosen) ? walked(situation, fewer) : draft;
}

function walkedOnce(situation: Situation, chosen: readonly Chosen[]): Draft {
  const draft: DraftedRound[] = [];
  let views = situation.views;
  for (const { way, steps } of chosen) {
    const walk = walkedRound(situation, draft, views, way, steps);
    if (!walk) continue;
    const fedBy = feeding(draft, walk.round.deals);
    const round = drafted(situation, draft, fedBy > 0 ? { ...walk.round, fedBy } : walk.round);
    if (!round) continue;
    draft.push(round);
    views = walk.views;
  }
  return draft;
}

/** Deals of a draft that bring what nobody after them draws on, by id. */
function idleIn(draft: Draft): Set<string> {
  const idle = new Set<string>();
  const all = draft.flatMap(({ deals }) => deals);
  for (const [at, deal] of all.entries()) {
    if (!onlyBrings(deal)) continue;
    const brought = new Set(deal.draws.flatMap(({ on, amount }) => (amount < 0n ? [on] : [])));
    const feeds = all.slice(at + 1).some(({ draws }) => draws.some(({ on, amount }) => amount > 0n && brought.has(on)));
    if (!feeds) idle.add(deal.id);
  }
  return idle;
}

/** Rounds of a draft in which deals bring what others draw on: those have to land, too. */
function feeding(draft: Draft, deals: readonly Deal[]): number {
  const wanted = new Set(deals.flatMap(({ draws }) => draws.flatMap(({ on, amount }) => (amount > 0n ? [on] : []))));
  const feeds = (deal: Deal) => onlyBrings(deal) && deal.draws.some(({ on, amount }) => amount < 0n && wanted.has(on));
  return draft.filter((round) => round.deals.some(feeds)).length;
}

type WalkedRound = { round: RoundDraft; views: Views };

/**
 * The deals of a round as they are on the views before it, and the views behind it. A loan of a market's own money is out while they
 * happen: they are fitted to what it leaves, then the loan to them. What they then take less of it is lent all the same, and given back.
 */
function walkedRound(
  situation: Situation,
  draft: Draft,
  views: Views,
  way: Way,
  steps: readonly Step[],
): WalkedRound | undefined {
  let { deals, views: behind } = fitted(situation, views, steps);
  if (deals.length === 0) return undefined;
  if (way.kind !== 'loan') return { round: { way, deals }, views: behind };
  const states = statesAfter(situation.pools, draft);
  for (const isLast of [false, true]) {
    const { inHand: amount } = sumsOf(deals);
    const loan = situation.lend(way.spend, amount, { states, routes: way.routes, views });
    if (!loan) return undefined;
    const { of } = loan;
    if (!of) return { round: { way, deals, borrowed: { amount, loan } }, views: behind };
    const meanwhile = new Map(views).set(of.market, of.out);
    ({ deals, views: behind } = fitted(situation, meanwhile, isLast ? asFitted(steps, deals) : steps));
    const { inHand } = sumsOf(deals);
    if (deals.length === 0 || inHand > amount) return undefined;
    if (inHand === amount || isLast) {
      const after = new Map(behind).set(of.market, of.back(behind.get(of.market)!));
      return { round: { way, deals, borrowed: { amount, loan } }, views: after };
    }
  }
  return undefined;
}

/** Steps that take no more than the deals they became. */
function asFitted(steps: readonly Step[], deals: readonly Deal[]): Step[] {
  const became = new Map(deals.map((deal) => [deal.id, deal]));
  return steps.flatMap((step) => {
    const deal = became.get(step.deal.id);
    return deal ? [{ ...step, ...(deal.spend ? { most: deal.spend.amount } : {}) }] : [];
  });
}

/** Deals one after the other, each as those before it leave it; those that are gone are left out. */
function fitted(situation: Situation, views: Views, steps: readonly Step[]): { deals: Deal[]; views: Views } {
  const now = new Map(views);
  const deals: Deal[] = [];
  const done = (deal: Deal) => {
    deals.push(deal);
    now.set(deal.market, now.get(deal.market)!.after(deal));
  };
  for (const { deal, most, brings } of steps) {
    for (const each of brings) {
      const bringer = fitWithin(situation, now.get(each.market)!, each);
      if (bringer) done(bringer);
    }
    const found = fitWithin(situation, now.get(deal.market)!, deal, most);
    if (found) done(found);
  }
  return { deals, views: now };
}

/** A deal as it is in a view where what earlier plans of the head draw on is left to them. */
function fitWithin(situation: Pick<Situation, 'drawn'>, view: View, deal: Deal, most?: bigint): Deal | undefined {
  const found = view.fit(deal, most);
  return found && cutToLeft(situation, view, found);
}

/** Times that a deal is cut to what earlier plans leave of a stock. */
const CUTS = 4;

/** A deal of a view, cut to what earlier plans of the head leave of the stocks it draws on. */
export function cutToLeft({ drawn }: Pick<Situation, 'drawn'>, view: View, deal: Deal): Deal | undefined {
  let found: Deal | undefined = deal;
  for (let cut = 0; found && drawn.size > 0; cut++) {
    const part = partLeft(drawn, view, found);
    if (part === undefined) return found;
    if (!found.spend || part <= 0n || cut === CUTS) return undefined;
    found = view.fit(found, part < found.spend.amount ? part : found.spend.amount - 1n);
  }
  return found;
}

/** What a deal may spend where a stock is short of what it draws, less earlier plans'; `undefined` where none is. */
function partLeft(drawn: Situation['drawn'], view: View, { draws, spend }: Deal): bigint | undefined {
  let part: bigint | undefined;
  for (const { on, amount, over } of draws) {
    const taken = amount > 0n ? drawn.get(on) : undefined;
    if (taken === undefined) continue;
    const left = view.stock(on) - taken;
    if (over ? left > 0n : left >= amount) continue;
    const most = left > 0n ? ((spend?.amount ?? 0n) * left) / amount : 0n;
    if (part === undefined || most < part) part = most;
  }
  return part;
}

/** What deals draw on stocks, on top of what is drawn already. What they bring is not counted. */
export function drawnBy(drawn: Situation['drawn'], deals: readonly Deal[]): Map<string, bigint> {
  const all = new Map(drawn);
  for (const { draws } of deals) {
    for (const { on, amount } of draws) if (amount > 0n) all.set(on, (all.get(on) ?? 0n) + amount);
  }
  return all;
}

/**
 * Whether deals of a plan are what they are alone, whatever happens before them: no stock is drawn on for more than it holds, whoever
 * brings to it, and nothing is gained that its own market may lend meanwhile: a loan changes nothing but the asset that it lends.
 *
 * @param lent - what each round borrows, where it does
 */
export function areApart(
  { views, drawn }: Pick<Situation, 'views' | 'drawn'>,
  deals: readonly Deal[],
  lent: readonly Amount[],
): boolean {
  for (const { asset, amount } of lent) {
    if (deals.some(({ market, gain }) => gain?.asset === asset && views.get(market)!.loan(asset, amount))) return false;
  }
  const all = drawnBy(drawn, deals);
  return deals.every(({ market, draws }) =>
    draws.every(({ on, amount }) => amount <= 0n || all.get(on)! <= views.get(market)!.stock(on)),
  );
}
