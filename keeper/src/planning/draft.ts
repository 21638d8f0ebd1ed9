import { afterwards, type PoolState, type PoolStates } from '../venues/paths.ts';
import { BASE_BYTES, baseGas, lostGas, roundBytes, roundGas } from './gas.ts';
import { PRICE_SCALE } from './pricing.ts';
import { quoteRound, type RoundQuote } from './quote.ts';
import { type PlannedLeg, PPM, type Situation } from './situation.ts';
import type { Way } from './ways.ts';

/** A round without its numbers. */
export type RoundDraft = { way: Way; legs: readonly PlannedLeg[] };

/** A round of a plan on the states that the rounds before it leave. */
export type DraftedRound = RoundDraft & {
  quote: RoundQuote;
  /** Expected gas. */
  gas: bigint;
  /** What it is expected to add: wei, after its own gas, and less what may go wrong. */
  net: bigint;
};

/** A plan in the making: its rounds, in order. */
export type Draft = readonly DraftedRound[];

/** What a plan of these rounds is expected to earn: wei, after everything. */
export function netOf(situation: Situation, draft: Draft): bigint {
  if (draft.length === 0) return 0n;
  const ways = draft.map(({ way }) => way);
  return draft.reduce((sum, { net }) => sum + net, -baseCost(situation, ways));
}

/** Wei that a plan of these ways costs beside its rounds. */
export const baseCost = ({ gasPrice, bytePrice, loss }: Situation, ways: readonly Way[]): bigint =>
  baseGas(ways) * gasPrice + BASE_BYTES * bytePrice + (lostGas(0) * gasPrice * loss) / PPM;

/** Wei that a round costs: its gas and calldata, and what is gone if it is lost. */
export function roundCost({ gasPrice, bytePrice, loss }: Situation, way: Way, legs: number, crossed: number): bigint {
  const lost = (lostGas(1) - lostGas(0)) * gasPrice;
  return roundGas(way, legs, crossed) * gasPrice + roundBytes(way, legs) * bytePrice + (lost * loss) / PPM;
}

/** Gas expected of a plan. */
export const gasOf = (draft: Draft): bigint =>
  draft.reduce((sum, { gas }) => sum + gas, baseGas(draft.map(({ way }) => way)));

export const legsOf = (draft: Draft): PlannedLeg[] => draft.flatMap(({ legs }) => legs);

/** The pools as the first rounds of a draft leave them. */
export function statesAfter(pools: PoolStates, rounds: Draft): PoolStates {
  const changed = new Map<`0x${string}`, PoolState>();
  for (const { quote } of rounds) for (const [pool, state] of quote.after) changed.set(pool, state);
  return changed.size === 0 ? pools : afterwards(pools, changed);
}

/**
 * A round behind the first ones of a draft, in exact numbers.
 *
 * @param pools - as they are before the draft
 * @returns `undefined` where it does not work there, or is more gas than fits beside them
 */
export function drafted(
  situation: Situation,
  pools: PoolStates,
  first: Draft,
  { way, legs }: RoundDraft,
): DraftedRound | undefined {
  const { priceOf, stale, limits } = situation;
  const quote = quoteRound(situation, statesAfter(pools, first), way, legs);
  if (!quote) return undefined;
  let worth = 0n;
  for (const { token, amount } of quote.left) {
    const price = priceOf(token);
    if (price === undefined) return undefined;
    worth += amount * price;
  }
  // A flash-swap round needs all its legs; a loan goes on without one.
  const needed = way.kind === 'flash swap' ? legs.length : 1;
  for (let leg = 0; leg < needed; leg++) worth = (worth * (PPM - stale)) / PPM;
  const gas = roundGas(way, legs.length, quote.crossed);
  const net = worth / PRICE_SCALE - roundCost(situation, way, legs.length, quote.crossed);
  const round = { way, legs, quote, gas, net };
  return gasOf([...first, round]) <= limits.gas ? round : undefined;
}
