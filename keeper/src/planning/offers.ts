import { type Address, getAddress } from 'viem';
import type { BlockRef } from '../protocols/protocol.ts';
import { type Draft, netOf, statesAfter } from './draft.ts';
import { type Offer, offerOf, type Terms } from './offer.ts';
import { openSearch } from './search.ts';
import type { Candidate, Situation } from './situation.ts';

/** Why an account gets no plan, and what its best would come to. */
export type Without = { reason: string; terms?: Terms };

const TOO_SHALLOW = 'no funding covers the debt: no pool, or too shallow';

/**
 * Plans for the candidates, the best first: as many accounts in one as pay and fit, the rest in further plans that are sized
 * on the pools as the ones before leave them.
 *
 * @param most - plans to make; who is left over then is in none of the answers
 */
export function bestOffers(
  situation: Situation,
  candidates: readonly Candidate[],
  head: BlockRef,
  most = Number.POSITIVE_INFINITY,
): { offers: Offer[]; without: Map<Address, Without> } {
  const offers: Offer[] = [];
  let pools = situation.pools;
  let search = openSearch(situation, pools);
  let rest = search.ranked(candidates);
  const covered = new Set(rest);
  const without = new Map<Address, Without>();
  for (const { account } of candidates.filter((candidate) => !covered.has(candidate))) {
    without.set(getAddress(account.address), { reason: TOO_SHALLOW });
  }
  const whyNot = (draft: Draft): Without => ({
    reason: `pays ${netOf(situation, draft)} wei after gas, less than --min-profit`,
    terms: offerOf(situation, pools, draft, head).terms,
  });
  const take = (draft: Draft): void => {
    const offer = offerOf(situation, pools, draft, head);
    offers.push({
      ...offer,
      again: (accounts, legs = situation.limits.legs) =>
        bestOffers(
          { ...situation, limits: { ...situation.limits, legs } },
          candidates.filter(({ account }) => accounts.has(getAddress(account.address))),
          head,
        ).offers,
    });
    const taken = new Set(offer.legs.map(({ option }) => option.account));
    rest = rest.filter(({ account }) => !taken.has(getAddress(account.address)));
    pools = statesAfter(pools, draft);
    search = openSearch(situation, pools);
  };
  while (offers.length < most && rest.length > 0) {
    const { draft, full } = search.best(rest);
    if (draft.length === 0) break;
    take(draft);
    if (!full) break;
  }

  // A plan is chosen in estimates: whom exact numbers leave out of it, though alone it pays, gets a further one.
  while (offers.length < most && rest.length > 0) {
    const alone = rest.map((candidate) => ({ candidate, draft: search.alone(candidate) ?? [] }));
    const paying = alone.filter(({ draft }) => draft.length > 0 && netOf(situation, draft) >= situation.minProfit);
    if (paying.length > 0) {
      const { draft } = search.best(paying.map(({ candidate }) => candidate));
      take(draft.length > 0 ? draft : paying[0]!.draft);
      continue;
    }
    for (const { candidate, draft } of alone) {
      const address = getAddress(candidate.account.address);
      without.set(address, draft.length > 0 ? whyNot(draft) : { reason: TOO_SHALLOW });
    }
    break;
  }
  return { offers, without };
}
