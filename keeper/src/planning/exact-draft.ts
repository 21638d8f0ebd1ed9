import type { Address } from 'viem';
import { PRICE_SCALE } from '../prices/book.ts';
import type { Deal } from '../protocols/protocol.ts';
import { afterwards, type PoolState, type PoolStates } from '../venues/paths.ts';
import { quoteRound, type RoundQuote } from './exact-quote.ts';
import type { Loan } from './funding.ts';
import { BASE_BYTES, baseGas, lostGas, roundBytes, roundGas } from './gas.ts';
import { countLegs, PPM, type Situation, wholeGasPrice } from './situation.ts';
import type { Way } from './ways.ts';

/**
 * A round without its numbers: its deals in the order they happen.
 *
 * - `borrowed`: what is borrowed where that is known already.
 * - `fedBy`: legs of rounds before it that bring what it draws on.
 */
export type RoundDraft = {
  way: Way;
  deals: readonly Deal[];
  borrowed?: { amount: bigint; loan: Loan };
  fedBy?: number;
};

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
export function baseCost(situation: Situation, ways: readonly Way[]): bigint {
  const { bytePrice, surcharge, loss } = situation;
  const gasPrice = wholeGasPrice(situation);
  const cost = baseGas(ways) * gasPrice + BASE_BYTES * bytePrice + (surcharge?.each ?? 0n);
  return cost + (lostGas(0) * gasPrice * loss) / PPM;
}

/** Wei that a round costs: its gas and calldata, and what is gone if it is lost. @param deals - gas and bytes of its deals */
export function roundCost(
  situation: Situation,
  way: Way,
  deals: { gas: bigint; bytes: number },
  crossed: number,
): bigint {
  const { bytePrice, loss } = situation;
  const gasPrice = wholeGasPrice(situation);
  const lost = (lostGas(1) - lostGas(0)) * gasPrice;
  const cost = roundGas(way, deals.gas, crossed) * gasPrice + roundBytes(way, deals.bytes) * bytePrice;
  return cost + (lost * loss) / PPM;
}

/** Gas and bytes of deals. */
export function sizeOf(deals: readonly Deal[]): { gas: bigint; bytes: number } {
  const sum = { gas: 0n, bytes: 0 };
  for (const { gas, bytes } of deals) {
    sum.gas += gas;
    sum.bytes += bytes;
  }
  return sum;
}

/** Gas expected of a plan. */
export const gasOf = (draft: Draft): bigint =>
  draft.reduce((sum, { gas }) => sum + gas, baseGas(draft.map(({ way }) => way)));

/** A draft's deals in order. */
export const dealsOf = (draft: Draft): Deal[] => draft.flatMap(({ deals }) => deals);

/** The pools as rounds leave them. */
export function statesAfter(pools: PoolStates, rounds: Draft): PoolStates {
  const changed = new Map<Address, PoolState>();
  for (const { quote } of rounds) for (const [pool, state] of quote.after) changed.set(pool, state);
  return changed.size === 0 ? pools : afterwards(pools, changed);
}

/**
 * A round behind the first ones of a draft, in exact numbers.
 *
 * @returns `undefined` where it does not work there, or is more gas than fits beside them
 * @example
 * const first = drafted(situation, [], { way, deals: [deal] });
 * const second = first && drafted(situation, [first], { way: other, deals: [next] });
 */
export function drafted(situation: Situation, first: Draft, round: RoundDraft): DraftedRound | undefined {
  const { pools, stale, limits } = situation;
  const { way, deals, borrowed, fedBy = 0 } = round;
  const quote = quoteRound(situation, statesAfter(pools, first), way, deals, borrowed);
  if (!quote) return undefined;
  let worth = worthLeft(situation, round, quote);
  if (worth === undefined) return undefined;
  // A flash-swap round needs all its legs; others go on without one.
  const needed = (way.kind === 'flash swap' ? countLegs(deals) : 1) + fedBy;
  for (let leg = 0; leg < needed; leg++) worth = (worth * (PPM - stale)) / PPM;
  const size = sizeOf(deals);
  const gas = roundGas(way, size.gas, quote.crossed);
  const net = worth / PRICE_SCALE - roundCost(situation, way, size, quote.crossed);
  const drawn = { ...round, quote, gas, net };
  return gasOf([...first, drawn]) <= limits.gas ? drawn : undefined;
}

/**
 * What a round leaves and what its deals bring later, wei times {@link PRICE_SCALE}. Where nothing was spent, a token that nothing
 * prices is kept for nothing; else there is no worth without a price.
 */
function worthLeft(situation: Situation, { way, deals }: RoundDraft, quote: RoundQuote): bigint | undefined {
  const { priceOf } = situation;
  let worth = 0n;
  for (const { asset, amount } of quote.left) {
    const price = priceOf(asset) ?? (way.kind === 'none' ? 0n : undefined);
    if (price === undefined) return undefined;
    worth += amount * price;
  }
  for (const deal of deals) worth += laterOf(situation, deal) * PRICE_SCALE;
  return worth;
}

const CHANCES = 1e6;

/** What a deal is expected to bring in another transaction, less the gas of that; wei, rounded down. */
export function laterOf(situation: Pick<Situation, 'priceOf' | 'gasPrice' | 'surcharge'>, { later }: Deal): bigint {
  if (!later) return 0n;
  const { gain, chance, gas } = later;
  const worth = (gain.amount * (situation.priceOf(gain.asset) ?? 0n)) / PRICE_SCALE;
  return (worth * BigInt(Math.floor(chance * CHANCES))) / BigInt(CHANCES) - gas * wholeGasPrice(situation);
}
