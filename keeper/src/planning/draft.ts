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
 * The draft with another round in place of the one at `at`, or behind its last; later rounds that use a pool it changes, or
 * changed, are quoted again.
 *
 * @param pools - as they are before the draft
 * @returns `undefined` where a round does not work any more
 */
export function withRound(
  situation: Situation,
  pools: PoolStates,
  draft: Draft,
  at: number,
  round: RoundDraft | undefined,
): Draft | undefined {
  const rounds = draft.slice(0, at);
  const touched = new Set(draft[at]?.quote.after.keys());
  const put = (next: RoundDraft) => {
    const drafted = draftRound(situation, statesAfter(pools, rounds), next);
    if (!drafted) return false;
    rounds.push(drafted);
    for (const pool of drafted.quote.after.keys()) touched.add(pool);
    return true;
  };
  if (round && !put(round)) return undefined;
  for (const later of draft.slice(at + 1)) {
    if (poolsOf(later.way).some((pool) => touched.has(pool))) {
      if (!put(later)) return undefined;
    } else rounds.push(later);
  }
  return rounds;
}

const poolsOf = (way: Way) =>
  (way.kind === 'flash swap' ? [way.route] : way.routes).flatMap(({ hops }) => hops.map(({ pool }) => pool));

function draftRound(situation: Situation, states: PoolStates, { way, legs }: RoundDraft): DraftedRound | undefined {
  const { priceOf, stale } = situation;
  const quote = quoteRound(situation, states, way, legs);
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
  return { way, legs, quote, gas, net: worth / PRICE_SCALE - roundCost(situation, way, legs.length, quote.crossed) };
}
