import type { Offer } from '../planning/offer.ts';
import type { Without } from '../planning/terms.ts';
import type { Deal } from '../protocols/protocol.ts';

/**
 * What to do instead of a plan that does not do what it should: its bundles are rehearsed one by one, those that fail are named
 * by their claims, and the others are planned again; where none fails alone, each gets a plan of its own.
 *
 * @param refusalOf - why a plan must not be sent, if it must not
 * @example
 * const { offers, failing } = await split(offer, async (alone) => refusalOfRehearsal(alone));
 */
export async function split(
  offer: Pick<Offer, 'rounds' | 'anew'>,
  refusalOf: (alone: Offer) => Promise<Without | undefined>,
): Promise<{ offers: Offer[]; failing: Map<string, Without> }> {
  const bundles = bundlesOf(offer.rounds.flat());
  const failing = new Map<string, Without>();
  const singles: Offer[] = [];
  await Promise.all(
    bundles.map(async (claims) => {
      // One that pays in company only cannot be told apart, and does not pay alone.
      const [alone] = offer.anew(claims, 1);
      if (!alone) return;
      const refusal = await refusalOf(alone);
      if (!refusal) singles.push(alone);
      else for (const claim of claims) failing.set(claim, refusal);
    }),
  );
  if (failing.size === 0) return { offers: singles, failing };
  const rest = bundles.flatMap((claims) => [...claims]).filter((claim) => !failing.has(claim));
  return { offers: offer.anew(new Set(rest)), failing };
}

/**
 * The claims of the deals that only make sense together: they share a claim, or one only brings what another draws on.
 *
 * @returns sets that share no claim, in the order of the deals
 * @example
 * bundlesOf(offer.rounds.flat()); // [Set { 'aave-v3:0x87…/account/0xab…' }, …]
 */
export function bundlesOf(deals: readonly Deal[]): ReadonlySet<string>[] {
  let bundles: { claims: Set<string>; ties: Set<string> }[] = [];
  for (const deal of deals) {
    const ties = tiesOf(deal, deals);
    const joined = bundles.filter((bundle) => ties.some((tie) => bundle.ties.has(tie)));
    const [first = { claims: new Set<string>(), ties: new Set<string>() }, ...others] = joined;
    for (const claim of [...deal.claims, ...others.flatMap(({ claims }) => [...claims])]) first.claims.add(claim);
    for (const tie of [...ties, ...others.flatMap(({ ties }) => [...ties])]) first.ties.add(tie);
    bundles = joined.length === 0 ? [...bundles, first] : bundles.filter((bundle) => !others.includes(bundle));
  }
  return bundles.map(({ claims }) => claims);
}

/** What holds a deal to others: its claims, and stocks that a deal which only brings feeds. */
function tiesOf({ claims, draws }: Deal, deals: readonly Deal[]): string[] {
  const isFed = (on: string) => deals.some((deal) => onlyBrings(deal) && deal.draws.some((draw) => draw.on === on));
  return [...claims.map((claim) => `claim ${claim}`), ...draws.flatMap(({ on }) => (isFed(on) ? [`stock ${on}`] : []))];
}

/** Such a deal pays nothing by itself: it is there for those that draw on what it brings. */
const onlyBrings = ({ spend, gain, later, draws }: Deal): boolean =>
  !spend && !gain && !later && draws.some(({ amount }) => amount < 0n);
