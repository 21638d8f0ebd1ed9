import { lower } from './bytes.ts';
import type { LegOutcome } from './outcome.ts';
import type { Sent } from './sent.ts';

/** Tells later versions how the JSON is to be read. */
const VERSION = 1;

/**
 * The legs of a plan as text for the store. Addresses are written in lower case, amounts as decimal text.
 *
 * @example
 * legsOf(textOfLegs(sent)); // the same legs
 */
export function textOfLegs(legs: readonly Sent[]): string {
  const plain = legs.map(({ round, leg, deals }) => ({
    round,
    leg: {
      ...leg,
      market: lower(leg.market),
      borrower: lower(leg.borrower),
      collateral: lower(leg.collateral),
      repay: leg.repay.toString(),
    },
    deals: deals.map(({ spend, gain, ...deal }) => ({
      ...deal,
      ...(spend && { spend: lower(spend) }),
      ...(gain && { gain: lower(gain) }),
    })),
  }));
  return JSON.stringify({ version: VERSION, legs: plain });
}

/** The legs that `textOfLegs` wrote. @throws when a later version wrote them */
export function legsOf(text: string): Sent[] {
  const legs = contentOf(text, 'legs') as (Sent & { leg: { repay: string } })[];
  return legs.map((sent) => ({ ...sent, leg: { ...sent.leg, repay: BigInt(sent.leg.repay) } }));
}

/** What became of the legs of a plan as text for the store. */
export const textOfOutcomes = (outcomes: readonly LegOutcome[]): string =>
  JSON.stringify({ version: VERSION, outcomes });

/** The outcomes that `textOfOutcomes` wrote. @throws when a later version wrote them */
export const outcomesOf = (text: string): LegOutcome[] => contentOf(text, 'outcomes') as LegOutcome[];

function contentOf(text: string, name: string): unknown {
  const content = JSON.parse(text) as Record<string, unknown>;
  if (content.version === VERSION) return content[name];
  throw new Error(`the store has ${name} of version ${content.version}; this one knows ${VERSION}`);
}
