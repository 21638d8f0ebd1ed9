import type { Offer } from '../planning/offer.ts';
import type { Without } from '../planning/terms.ts';
import type { Deal } from '../protocols/protocol.ts';
import type { Rehearsed } from './try-out.ts';

/**
 * Rehearses the bundles of a plan one by one.
 *
 * @param rehearsed - what a run of a plan came to; with a reason where it fails
 * @returns `alone`: what does not fail, by the net profit that it was rehearsed with
 * @example
 * const { failing, alone } = await split(offer, (one) => tryOut(world, one, parties));
 */
export async function split(
  offer: Pick<Offer, 'rounds' | 'anew'>,
  rehearsed: (alone: Offer) => Promise<Without | Pick<Rehearsed, 'terms'>>,
): Promise<{ failing: Map<string, Without>; alone: Offer[] }> {
  const failing = new Map<string, Without>();
  const sound: { alone: Offer; net: bigint }[] = [];
  await Promise.all(
    bundlesOf(offer.rounds.flat()).map(async (claims) => {
      // One that pays in company only cannot be told apart, and does not pay alone.
      const [alone] = offer.anew(claims, 1);
      if (!alone) return;
      const ran = await rehearsed(alone);
      if ('reason' in ran) for (const claim of claims) failing.set(claim, ran);
      else sound.push({ alone, net: ran.terms.net });
    }),
  );
  sound.sort((a, b) => (a.net < b.net ? 1 : -1));
  return { failing, alone: sound.map(({ alone }) => alone) };
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
