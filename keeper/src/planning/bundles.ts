import type { Deal, View } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import { onlyBrings } from './situation.ts';

/**
 * Deals of one view that concern one another: they share claims, or draw on what others of them do nothing but bring. Of an
 * account on Aave, for instance, all there is to do.
 *
 * - `deals`: what may be placed, `bringers`: what is placed only with what draws on it.
 * - `single`: no two of them can be in one plan.
 */
export type Bundle = { view: View; deals: readonly Deal[]; bringers: readonly Deal[]; single: boolean };

/**
 * Sorts deals into bundles, in the order of the first deal of each.
 *
 * @param views - where the deals are from
 * @example
 * bundlesOf(new Map([[view.market, view]]), view.deals(accounts));
 */
export function bundlesOf(views: ReadonlyMap<MarketKey, View>, deals: readonly Deal[]): Bundle[] {
  const brought = new Set<string>();
  for (const deal of deals) {
    if (onlyBrings(deal)) for (const { on, amount } of deal.draws) if (amount < 0n) brought.add(on);
  }
  const bundles: Deal[][] = [];
  /** The bundle that holds a claim or a stock; it may have been joined to another since. */
  const holders = new Map<string, Deal[]>();
  const joined = new Map<Deal[], Deal[]>();
  const now = (bundle: Deal[]): Deal[] => {
    let last = bundle;
    for (let next = joined.get(last); next; next = joined.get(last)) last = next;
    return last;
  };
  for (const deal of deals) {
    let own: Deal[] | undefined;
    const hold = (key: string) => {
      const holder = holders.get(key);
      const other = holder && now(holder);
      if (other && own && other !== own) {
        own.push(...other.splice(0));
        joined.set(other, own);
      } else if (other) own = other;
      if (!own) {
        own = [];
        bundles.push(own);
      }
      holders.set(key, own);
    };
    for (const claim of deal.claims) hold(claim);
    for (const { on } of deal.draws) if (brought.has(on)) hold(on);
    if (!own) hold(deal.id);
    own!.push(deal);
  }
  return bundles.flatMap((bundle) => (bundle.length > 0 ? [bundleOf(views.get(bundle[0]!.market)!, bundle)] : []));
}

function bundleOf(view: View, all: readonly Deal[]): Bundle {
  const deals = all.filter((deal) => !onlyBrings(deal));
  const single = deals[0]?.claims.some((claim) => deals.every(({ claims }) => claims.includes(claim))) ?? false;
  return { view, deals, bringers: all.filter(onlyBrings), single };
}
