import type { Amount, BlockRef, Deal } from '../protocols/protocol.ts';
import { type Bundle, bundlesOf } from './bundles.ts';
import { type Draft, dealsOf, netOf, statesAfter } from './exact-draft.ts';
import { drawnBy } from './exact-walk.ts';
import { planGasLimit } from './gas.ts';
import { type Again, type Offer, offerOf } from './offer.ts';
import { bestPlan, openSearch, planAlone, ranked, type Search } from './search.ts';
import type { Situation } from './situation.ts';
import { askedOf, type Without } from './terms.ts';

const TOO_SHALLOW = 'no funding covers the debt: no pool, or too shallow';
const TOO_DEAR = 'its gas is more than a transaction may cost now, or no pool is deep enough';

/** What is left to plan once some plans are made. */
type Planning = {
  situation: Situation;
  search: Search;
  rest: Bundle[];
  offers: Offer[];
};

/** The plans that were made, and for what is in none of them why, by claim. */
type Found = { offers: Offer[]; without: Map<string, Without> };

/**
 * Plans for deals of all markets, the best first: as many in one as pay and fit, the rest in further plans that are sized on pools and
 * stocks as the ones before leave them. Where several markets are due each is also planned by itself, one after the other: what fills
 * more than one transaction is then cut between markets and not in the midst of one. What earns more is taken.
 *
 * @param most - plans to make; what is left over then is in none of the answers
 * @example
 * const deals = [...situation.views.values()].flatMap((view) => view.deals(accounts));
 * const { offers, without } = bestOffers(situation, deals, head, 3);
 */
export function bestOffers(
  situation: Situation,
  deals: readonly Deal[],
  head: BlockRef,
  most = Number.POSITIVE_INFINITY,
): Found {
  const together = offersOf(situation, [deals], head, most);
  const markets = [...Map.groupBy(deals, ({ market }) => market).values()];
  // What leaves a transaction half empty cannot gain by a second one.
  const [first, ...more] = together.offers;
  const isRoomy = more.length === 0 && (first?.gas ?? 0n) * 2n < situation.limits.gas;
  if (markets.length < 2 || isRoomy) return together;
  const richest = markets
    .map((each) => ({ each, worth: worthOf(situation, each) }))
    .sort((a, b) => (a.worth < b.worth ? 1 : -1));
  const apart = offersOf(
    situation,
    richest.map(({ each }) => each),
    head,
    most,
  );
  // One more than can be sent was asked for.
  const earned = ({ offers }: Found) => offers.slice(0, most - 1).reduce((sum, { terms }) => sum + terms.net, 0n);
  return earned(apart) > earned(together) ? apart : together;
}

/** What deals bring at the markets' prices if all of them could be done, wei times 1e18: it only says which market comes first. */
function worthOf({ priceOf }: Situation, deals: readonly Deal[]): bigint {
  const worth = (of: Amount | undefined) => (of ? of.amount * (priceOf(of.asset) ?? 0n) : 0n);
  return deals.reduce((sum, { gain, spend }) => sum + worth(gain) - worth(spend), 0n);
}

/** Plans group after group: of each what pays, on pools and stocks as the groups before it leave them. */
function offersOf(situation: Situation, groups: readonly (readonly Deal[])[], head: BlockRef, most: number): Found {
  const found: Found = { offers: [], without: new Map() };
  const again = againOf(situation, groups.flat(), head);
  let now = situation;
  for (const deals of groups) now = planGroup(found, now, deals, head, most, again);
  return found;
}

/** The best plans of some of the deals, as if nothing had been planned yet. */
function againOf(situation: Situation, deals: readonly Deal[], head: BlockRef): Again {
  const some = (claims: ReadonlySet<string>) => deals.filter((deal) => deal.claims.every((claim) => claims.has(claim)));
  return {
    anew(claims, legs = situation.limits.legs, gas) {
      const less = gas === undefined ? {} : { gas: least(planGasLimit(gas), situation.limits.gas), isShort: true };
      return bestOffers({ ...situation, limits: { ...situation.limits, legs, ...less } }, some(claims), head).offers;
    },
    async anewOnPending(claims) {
      const pools = await situation.pending?.().catch(() => undefined);
      return bestOffers(pools ? { ...situation, pools } : situation, some(claims), head).offers;
    },
  };
}

/** @returns the situation as the plans of the group leave it */
function planGroup(
  { offers, without }: Found,
  situation: Situation,
  deals: readonly Deal[],
  head: BlockRef,
  most: number,
  again: Again,
): Situation {
  const bundles = bundlesOf(situation.views, deals);
  const search = openSearch(situation, bundles);
  const planning: Planning = { situation, search, rest: ranked(search, bundles), offers };
  const covered = new Set(planning.rest);
  for (const bundle of bundles)
    if (!covered.has(bundle)) leave(without, bundle, { reason: whyNone(situation, bundle) });

  while (offers.length < most && planning.rest.length > 0) {
    const { draft, full } = bestPlan(planning.search, planning.rest);
    if (draft.length === 0) break;
    take(planning, draft, head, again);
    if (!full) break;
  }

  // A plan is chosen in estimates: what exact numbers leave out of it, though alone it pays, gets a further one.
  while (offers.length < most && planning.rest.length > 0) {
    const { situation: now } = planning;
    const alone = planning.rest.map((bundle) => ({ bundle, draft: planAlone(planning.search, bundle) ?? [] }));
    const paying = alone.filter(({ draft }) => draft.length > 0 && netOf(now, draft) >= now.minProfit);
    if (paying.length > 0) {
      const { draft } = bestPlan(
        planning.search,
        paying.map(({ bundle }) => bundle),
      );
      take(planning, draft.length > 0 ? draft : paying[0]!.draft, head, again);
      continue;
    }
    for (const { bundle, draft } of alone) {
      leave(without, bundle, draft.length > 0 ? whyNot(now, draft, head) : { reason: whyNone(now, bundle) });
    }
    break;
  }
  return planning.situation;
}

/** Makes an offer of a draft; what it claims, draws on and sells is not there for the next. */
function take(planning: Planning, draft: Draft, head: BlockRef, again: Again): void {
  const { situation, offers, rest } = planning;
  offers.push({ ...offerOf(situation, draft, head), ...again });
  const deals = dealsOf(draft);
  const claimed = new Set(deals.flatMap(({ claims }) => claims));
  const free = (deal: Deal) => !deal.claims.some((claim) => claimed.has(claim));
  planning.situation = {
    ...situation,
    pools: statesAfter(situation.pools, draft),
    drawn: drawnBy(situation.drawn, deals),
  };
  planning.rest = rest.flatMap((bundle) => leftOf(bundle, free));
  planning.search = openSearch(planning.situation, planning.rest);
}

/** A bundle without the deals that are taken; none where nothing is left to place. */
function leftOf(bundle: Bundle, free: (deal: Deal) => boolean): Bundle[] {
  const deals = bundle.deals.filter(free);
  if (deals.length === 0) return [];
  const bringers = bundle.bringers.filter(free);
  const isWhole = deals.length === bundle.deals.length && bringers.length === bundle.bringers.length;
  return [isWhole ? bundle : { ...bundle, deals, bringers }];
}

/** Says of all claims of a bundle why they are in no plan. */
function leave(without: Map<string, Without>, { deals, bringers }: Bundle, why: Without): void {
  for (const { claims } of [...deals, ...bringers]) for (const claim of claims) without.set(claim, why);
}

function whyNot(situation: Situation, draft: Draft, head: BlockRef): Without {
  const { terms, laters } = offerOf(situation, draft, head);
  const { refusal } = askedOf(terms, situation.minProfit, laters);
  return { reason: refusal ?? `pays ${netOf(situation, draft)} wei after gas, less than --min-profit`, terms };
}

/** Why nothing of a bundle can be placed at all. */
function whyNone({ priceOf, limits }: Situation, { deals, bringers }: Bundle): string {
  if (deals.length === 0) return bringers.length > 0 ? 'nothing draws on what it brings' : TOO_SHALLOW;
  const unpriced = deals.map(({ spend, gain }) =>
    [spend, gain].find((side) => side && spend && priceOf(side.asset) === undefined),
  );
  const [first] = unpriced;
  if (first && unpriced.every(Boolean)) return `nothing prices ${first.asset}`;
  return limits.isShort ? TOO_DEAR : TOO_SHALLOW;
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
