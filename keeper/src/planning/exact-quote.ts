import type { Address } from 'viem';
import type { Amount, Deal } from '../protocols/protocol.ts';
import { openEstimates } from '../venues/estimate.ts';
import { type PoolState, type PoolStates, quoteRouteExactIn, quoteRouteExactOut, type Route } from '../venues/paths.ts';
import type { Loan } from './funding.ts';
import type { Sale } from './sales.ts';
import type { Situation } from './situation.ts';
import type { Way } from './ways.ts';

/** What a round comes to if all its deals land; smallest units. */
export type RoundQuote = {
  /** To borrow. */
  amount: bigint;
  /** What a flash swap takes of the gain. */
  pay: bigint;
  /** What the lender takes on top, of the token that is spent. */
  fee: bigint;
  /** Who lends, where a flash swap does not. */
  loan?: Loan;
  sales: readonly Sale[];
  /** What is left here, by token. */
  left: readonly Amount[];
  /** The pools it changes, as it leaves them. */
  after: ReadonlyMap<Address, PoolState>;
  /** Initialized ticks crossed. */
  crossed: number;
};

/**
 * @param loan - what is borrowed where that is known already, and from whom; else as much as is to be in hand
 * @returns `undefined` where the way does not cover what is spent: no pool, or too shallow, or no such loan
 * @example
 * quoteRound(situation, situation.pools, way, [deal])?.left; // what a round of the deal leaves here
 */
export function quoteRound(
  { lend }: Pick<Situation, 'lend'>,
  states: PoolStates,
  way: Way,
  deals: readonly Deal[],
  borrowed?: { amount: bigint; loan: Loan },
): RoundQuote | undefined {
  const { inHand, spend, gain } = sumsOf(deals);
  if (way.kind === 'none') {
    const left = [{ asset: way.gain, amount: gain }];
    return { amount: 0n, pay: 0n, fee: 0n, sales: [], left, after: new Map(), crossed: 0 };
  }
  if (way.kind === 'flash swap') {
    // A pool whose price would leave the ticks that were read has moved further than any bonus pays for.
    const quote = quoteRouteExactOut(states, way.route, inHand);
    if (quote?.status !== 'full' || quote.amountIn > gain) return undefined;
    const left = [
      { asset: way.gain, amount: gain - quote.amountIn },
      // The minute of interest that was borrowed ahead.
      { asset: way.spend, amount: inHand - spend },
    ];
    return {
      amount: inHand,
      pay: quote.amountIn,
      fee: 0n,
      sales: [],
      left,
      after: quote.after,
      crossed: quote.crossed,
    };
  }

  const amount = borrowed?.amount ?? inHand;
  const loan = borrowed?.loan ?? lend(way.spend, amount, { states, routes: way.routes });
  if (!loan) return undefined;
  const owed = spend + loan.fee;
  const sold = sell(states, way.routes, gain);
  if (!sold) return undefined;
  const proceeds = way.routes.length === 0 ? gain : sold.out;
  if (proceeds < owed) return undefined;
  const left = [{ asset: way.spend, amount: proceeds - owed }];
  return { amount, pay: 0n, fee: loan.fee, loan, left, ...sold };
}

/** What deals spend, are to have in hand for it, and gain; smallest units. */
export function sumsOf(deals: readonly Deal[]): { inHand: bigint; spend: bigint; gain: bigint } {
  const sums = { inHand: 0n, spend: 0n, gain: 0n };
  for (const { spend, gain } of deals) {
    sums.inHand += spend?.inHand ?? 0n;
    sums.spend += spend?.amount ?? 0n;
    sums.gain += gain?.amount ?? 0n;
  }
  return sums;
}

/** A part of a sale smaller than one in so many is none. */
const DUST = 1_000_000n;

type Sold = Pick<RoundQuote, 'sales' | 'after' | 'crossed'> & { out: bigint };

/** Sells all of it, over two routes so shared that most comes out. */
function sell(states: PoolStates, routes: readonly Route[], amount: bigint): Sold | undefined {
  const [first, second] = routes;
  if (!first) return { sales: [], after: new Map(), crossed: 0, out: 0n };
  if (!second) return sellShares(states, [{ route: first, amountIn: amount }]);
  const part = shareOf(states, first, second, amount);
  if (part === undefined) return undefined;
  return sellShares(states, [
    { route: first, amountIn: part },
    { route: second, amountIn: amount - part },
  ]);
}

/** The part to sell along the first route: about the best there is, as what comes out hardly changes around it. */
function shareOf(states: PoolStates, first: Route, second: Route, amount: bigint): bigint | undefined {
  const estimates = openEstimates(states);
  const [one, other] = [estimates.route(first), estimates.route(second)];
  if (!one || !other) return undefined;
  const part = BigInt(Math.floor(estimates.share(one, other, Number(amount))));
  // What floats leave over of all or nothing may be too little for a pool to pay anything for it.
  const dust = amount / DUST;
  if (part <= dust) return 0n;
  return amount - part > dust ? part : amount;
}

function sellShares(states: PoolStates, shares: readonly { route: Route; amountIn: bigint }[]): Sold | undefined {
  const sales: Sale[] = [];
  const after = new Map<Address, PoolState>();
  let [out, crossed] = [0n, 0];
  for (const { route, amountIn } of shares) {
    if (amountIn === 0n) continue;
    const quote = quoteRouteExactIn(states, route, amountIn);
    if (quote?.status !== 'full') return undefined;
    sales.push({ route, amounts: quote.amounts });
    for (const [pool, state] of quote.after) after.set(pool, state);
    out += quote.amountOut;
    crossed += quote.crossed;
  }
  return { sales, after, crossed, out };
}
