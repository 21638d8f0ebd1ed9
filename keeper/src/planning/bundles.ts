import type { Deal, View } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import { onlyBrings } from './situation.ts';

/**
 * Deals of one view that concern one another: they share claims, or draw on what others of them do nothing but bring. Of an
 * account on Aave, for instance, all there is to do.
 *
 * - `view`: where they are from, `fed`: the same once all that only brings has.
 * - `deals`: what may be placed, `bringers`: what is placed only with what draws on it.
 * - `single`: no two of them can be in one plan.
 */
export type Bundle = {
  view: View;
  fed: View;
  deals: readonly Deal[];
  bringers: readonly Deal[];
  single: boolean;
};

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
  const parents = deals.map((_, index) => index);
  const rootOf = (index: number): number => {
    let root = index;
    while (parents[root] !== root) root = parents[root]!;
    return root;
  };
  /** Who holds a claim or a stock first. */
  const holders = new Map<string, number>();
  const hold = (key: string, index: number) => {
    const holder = holders.get(key);
    if (holder === undefined) holders.set(key, index);
    else parents[rootOf(index)] = rootOf(holder);
  };
  for (const [index, { claims, draws }] of deals.entries()) {
    for (const claim of claims) hold(claim, index);
    if (brought.size === 0) continue;
    for (const { on } of draws) if (brought.has(on)) hold(on, index);
  }
  const bundles = Map.groupBy(deals.keys(), rootOf);
  return [...bundles.values()].map((indices) => {
    const all = indices.map((index) => deals[index]!);
    return bundleOf(views.get(all[0]!.market)!, all);
  });
}

function bundleOf(view: View, all: readonly Deal[]): Bundle {
  const deals = all.filter((deal) => !onlyBrings(deal));
  const single = deals[0]?.claims.some((claim) => deals.every(({ claims }) => claims.includes(claim))) ?? false;
  const bringers = all.filter(onlyBrings);
  const fed = bringers.reduce((now, bringer) => {
    const found = now.fit(bringer);
    return found ? now.after(found) : now;
  }, view);
  return { view, fed, deals, bringers, single };
}
