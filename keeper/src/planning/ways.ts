import type { Address } from 'viem';
import { FUNDING } from '../contract/plan.ts';
import { candidateRoutes, type PoolStates, type Route } from '../venues/paths.ts';
import type { Loan } from './funding.ts';
import type { Situation } from './situation.ts';

/**
 * How a round of one pair is paid for:
 * - a flash swap along a route: the collateral for exactly the debt, no loan fee;
 * - a loan of the protocol, and the collateral sold over one route or shared between two; over none where it is the debt
 *   token itself.
 */
export type Way = { debt: Address; collateral: Address } & (
  | { kind: 'flash swap'; route: Route }
  | { kind: 'loan'; routes: readonly Route[] }
);

/** Routes that are tried for a pair, the deepest. */
const ROUTES = 5;
/** Routes a sale is shared between, each with each other. */
const SHARED = 3;

/**
 * Every way worth trying for a pair. A route whose pools are all of Uniswap v3 is never worth a loan alone: a flash swap costs
 * less. One with a pair of v2 needs the loan.
 */
export function waysFor(situation: Situation, states: PoolStates, debt: Address, collateral: Address): Way[] {
  const pair = { debt, collateral };
  if (debt === collateral) return [{ ...pair, kind: 'loan', routes: [] }];
  const { graph, hubs, priceOf } = situation;
  const worth = (token: Address, amount: bigint) => {
    const price = priceOf(token);
    return price === undefined ? undefined : amount * price;
  };
  const routesOf = (v3Only: boolean) =>
    candidateRoutes(graph, states, collateral, debt, { hubs, worth, v3Only, limit: ROUTES });
  const routes = routesOf(false);
  const overPairs = routes.filter(({ hops }) => hops.some(({ v2 }) => v2));
  const swaps = (overPairs.length > 0 ? routesOf(true) : routes).map(
    (route): Way => ({ ...pair, kind: 'flash swap', route }),
  );
  const loans = overPairs.map((route): Way => ({ ...pair, kind: 'loan', routes: [route] }));
  const best = routes.slice(0, SHARED);
  const shared = best.flatMap((first, index) =>
    best
      .slice(index + 1)
      .flatMap((second): Way[] => (meet(first, second) ? [] : [{ ...pair, kind: 'loan', routes: [first, second] }])),
  );
  return [...swaps, ...loans, ...shared];
}

const meet = (a: Route, b: Route) => a.hops.some(({ pool }) => b.hops.some((other) => other.pool === pool));

/** For the log: `flash swap 0.05 %`, `flash loan, sale 0.05 % + 0.3 % | v2 0.3 %`, `flash loan of a 0.01 % pool, one asset`. */
export function nameOf(way: Way, states: PoolStates, loan?: Loan): string {
  const percent = ({ hops }: Route) =>
    hops.map(({ pool, v2 }) => `${v2 ? 'v2 ' : ''}${(states.get(pool)?.fee ?? 0) / 10_000} %`).join(' + ');
  if (way.kind === 'flash swap') return `flash swap ${percent(way.route)}`;
  const lender =
    loan?.funding === FUNDING.uniswapV3Flash ? ` of a ${(states.get(loan.source)?.fee ?? 0) / 10_000} % pool` : '';
  return `flash loan${lender}, ${way.routes.length === 0 ? 'one asset' : `sale ${way.routes.map(percent).join(' | ')}`}`;
}
