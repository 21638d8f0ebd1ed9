import type { Address } from 'viem';
import type { Offer } from '../planning/offer.ts';
import type { Without } from '../planning/offers.ts';

/**
 * What to do instead of a batch that does not do what it should: its accounts are rehearsed one by one, those that fail are
 * named, and the others are planned again; where none fails alone, each gets a plan of its own.
 *
 * @param refusalOf - why a plan must not be sent, if it must not
 */
export async function split(
  offer: Offer,
  refusalOf: (alone: Offer) => Promise<Without | undefined>,
): Promise<{ offers: Offer[]; failing: Map<Address, Without> }> {
  const accounts = [...new Set(offer.legs.map(({ option }) => option.account))];
  const failing = new Map<Address, Without>();
  const singles: Offer[] = [];
  await Promise.all(
    accounts.map(async (account) => {
      // One that pays in company only cannot be told apart, and does not pay alone.
      const [alone] = offer.again(new Set([account]), 1);
      if (!alone) return;
      const refusal = await refusalOf(alone);
      if (refusal) failing.set(account, refusal);
      else singles.push(alone);
    }),
  );
  if (failing.size === 0) return { offers: singles, failing };
  return { offers: offer.again(new Set(accounts.filter((account) => !failing.has(account)))), failing };
}
