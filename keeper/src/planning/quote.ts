import type { Address } from 'viem';
import { openEstimates } from '../venues/estimate.ts';
import { type PoolState, type PoolStates, quoteRouteExactIn, quoteRouteExactOut, type Route } from '../venues/paths.ts';
import type { Loan } from './funding.ts';
import type { Sale } from './sales.ts';
import type { PlannedLeg, Situation } from './situation.ts';
import type { Way } from './ways.ts';

/** What a round comes to if all its legs land; smallest units. */
export type RoundQuote = {
  /** Debt token to borrow. */
  amount: bigint;
  /** Collateral that a flash swap takes. */
  pay: bigint;
  /** Debt token that the lender takes on top. */
  fee: bigint;
  /** Who lends, where a flash swap does not. */
  loan?: Loan;
  sales: readonly Sale[];
  /** What is left here, by token. */
  left: readonly { token: Address; amount: bigint }[];
  /** The pools it changes, as it leaves them. */
  after: ReadonlyMap<Address, PoolState>;
  /** Initialized ticks crossed. */
  crossed: number;
};

/** @returns `undefined` where the way does not cover the debt: no pool, or too shallow, or no such loan */
export function quoteRound(
  { lend }: Situation,
  states: PoolStates,
  way: Way,
  legs: readonly PlannedLeg[],
): RoundQuote | undefined {
  let [amount, repay, seized] = [0n, 0n, 0n];
  for (const { option } of legs) {
    amount += option.funding;
    repay += option.repay;
    seized += option.seized;
  }
  if (way.kind === 'flash swap') {
    // A pool whose price would leave the ticks that were read has moved further than any bonus pays for.
    const quote = quoteRouteExactOut(states, way.route, amount);
    if (quote?.status !== 'full' || quote.amountIn > seized) return undefined;
    const left = [
      { token: way.collateral, amount: seized - quote.amountIn },
      // The minute of interest that was borrowed ahead.
      { token: way.debt, amount: amount - repay },
    ];
    return { amount, pay: quote.amountIn, fee: 0n, sales: [], left, after: quote.after, crossed: quote.crossed };
  }

  const loan = lend(way.debt, amount, { states, routes: way.routes });
  if (!loan) return undefined;
  const owed = repay + loan.fee;
  const sold = sell(states, way.routes, seized);
  if (!sold) return undefined;
  const proceeds = way.routes.length === 0 ? seized : sold.out;
  if (proceeds < owed) return undefined;
  const left = [{ token: way.debt, amount: proceeds - owed }];
  return { amount, pay: 0n, fee: loan.fee, loan, left, ...sold };
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
