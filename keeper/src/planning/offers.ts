import type { BlockRef, Deal } from '../protocols/protocol.ts';
import { type Bundle, bundlesOf } from './bundles.ts';
import { type Draft, dealsOf, netOf, statesAfter } from './exact-draft.ts';
import { drawnBy } from './exact-walk.ts';
import { type Offer, offerOf } from './offer.ts';
import { bestPlan, openSearch, planAlone, ranked, type Search } from './search.ts';
import type { Situation } from './situation.ts';
import { askedOf, type Without } from './terms.ts';

const TOO_SHALLOW = 'no funding covers the debt: no pool, or too shallow';

/** What is left to plan once some plans are made. */
type Planning = {
  situation: Situation;
  search: Search;
  rest: Bundle[];
  offers: Offer[];
};

/**
 * Plans for deals of all markets, the best first: as many in one as pay and fit, the rest in further plans that are sized on pools and
 * stocks as the ones before leave them.
 *
 * @param most - plans to make; what is left over then is in none of the answers
 * @returns the plans; and for what is in none of them why, by claim
 * @example
 * const deals = [...situation.views.values()].flatMap((view) => view.deals(accounts));
 * const { offers, without } = bestOffers(situation, deals, head, 3);
 */
export function bestOffers(
  situation: Situation,
  deals: readonly Deal[],
  head: BlockRef,
  most = Number.POSITIVE_INFINITY,
): { offers: Offer[]; without: Map<string, Without> } {
  const bundles = bundlesOf(situation.views, deals);
  const search = openSearch(situation, bundles);
  const planning: Planning = { situation, search, rest: ranked(search, bundles), offers: [] };
  const without = new Map<string, Without>();
  const covered = new Set(planning.rest);
  for (const bundle of bundles)
    if (!covered.has(bundle)) leave(without, bundle, { reason: whyNone(situation, bundle) });

  /** The best plans of some of the deals, as if nothing had been planned yet. */
  const anew = (claims: ReadonlySet<string>, legs = situation.limits.legs): Offer[] => {
    const some = deals.filter((deal) => deal.claims.every((claim) => claims.has(claim)));
    return bestOffers({ ...situation, limits: { ...situation.limits, legs } }, some, head).offers;
  };
  while (planning.offers.length < most && planning.rest.length > 0) {
    const { draft, full } = bestPlan(planning.search, planning.rest);
    if (draft.length === 0) break;
    take(planning, draft, head, anew);
    if (!full) break;
  }

  // A plan is chosen in estimates: what exact numbers leave out of it, though alone it pays, gets a further one.
  while (planning.offers.length < most && planning.rest.length > 0) {
    const { situation: now } = planning;
    const alone = planning.rest.map((bundle) => ({ bundle, draft: planAlone(planning.search, bundle) ?? [] }));
    const paying = alone.filter(({ draft }) => draft.length > 0 && netOf(now, draft) >= now.minProfit);
    if (paying.length > 0) {
      const { draft } = bestPlan(
        planning.search,
        paying.map(({ bundle }) => bundle),
      );
      take(planning, draft.length > 0 ? draft : paying[0]!.draft, head, anew);
      continue;
    }
    for (const { bundle, draft } of alone) {
      leave(without, bundle, draft.length > 0 ? whyNot(now, draft, head) : { reason: whyNone(now, bundle) });
    }
    break;
  }
  return { offers: planning.offers, without };
}

/** Makes an offer of a draft; what it claims, draws on and sells is not there for the next. */
function take(planning: Planning, draft: Draft, head: BlockRef, anew: Offer['anew']): void {
  const { situation, offers, rest } = planning;
  offers.push({ ...offerOf(situation, draft, head), anew });
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
function whyNone({ priceOf }: Situation, { deals, bringers }: Bundle): string {
  if (deals.length === 0) return bringers.length > 0 ? 'nothing draws on what it brings' : TOO_SHALLOW;
  const unpriced = deals.map(({ spend, gain }) =>
    [spend, gain].find((side) => side && spend && priceOf(side.asset) === undefined),
  );
  const [first] = unpriced;
  return first && unpriced.every(Boolean) ? `nothing prices ${first.asset}` : TOO_SHALLOW;
}
