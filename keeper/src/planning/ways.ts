import { type Address, zeroAddress } from 'viem';
import { FUNDING } from '../contract/plan.ts';
import type { Deal } from '../protocols/protocol.ts';
import { candidateRoutes, type PoolStates, type Route } from '../venues/paths.ts';
import type { Loan } from './funding.ts';
import type { Situation } from './situation.ts';

/**
 * How a round whose deals all spend one token and gain one is paid for:
 * - a flash swap along a route: what is gained for exactly what is spent, no loan fee;
 * - a loan, and what is gained sold over one route or shared between two; over none where it is the token that is spent;
 * - none, where nothing is spent: what is gained is kept.
 */
export type Way = { spend: Address; gain: Address } & (
  | { kind: 'flash swap'; route: Route }
  | { kind: 'loan'; routes: readonly Route[] }
  | { kind: 'none' }
);

/** The routes that a way sells along. */
export const routesOf = (way: Way): readonly Route[] =>
  way.kind === 'flash swap' ? [way.route] : way.kind === 'loan' ? way.routes : [];

/** What a deal spends and gains, where its rounds are put together by that; what spends nothing goes by what it gains. */
export function pairOf({ spend, gain }: Deal, native: Address): { spend: Address; gain: Address } {
  if (spend) return { spend: spend.asset, gain: gain?.asset ?? spend.asset };
  // A round names a token even where it borrows none, and that is no native coin.
  const kept = gain?.asset ?? native;
  return { spend: kept === zeroAddress ? native : kept, gain: kept };
}

/** Routes that are tried for a pair, the deepest. */
const ROUTES = 5;
/** Routes a sale is shared between, each with each other. */
const SHARED = 3;

/**
 * Every way worth trying for a deal. A route whose pools are all of Uniswap v3 is never worth a loan alone: a flash swap costs
 * less. One with a pair of v2 needs the loan.
 *
 * @returns none for a deal that spends and gains nothing: nothing pays for it
 * @example
 * waysFor(situation, situation.pools, deal).map(({ kind }) => kind); // ['flash swap', 'flash swap', 'loan']
 */
export function waysFor(situation: Situation, states: PoolStates, deal: Deal): Way[] {
  const pair = pairOf(deal, situation.native);
  if (!deal.spend) return [{ ...pair, kind: 'none' }];
  if (!deal.gain) return [];
  const { spend, gain } = pair;
  if (spend === gain) return [{ ...pair, kind: 'loan', routes: [] }];
  const { graph, hubs, priceOf } = situation;
  const worth = (token: Address, amount: bigint) => {
    const price = priceOf(token);
    return price === undefined ? undefined : amount * price;
  };
  const routesFor = (v3Only: boolean) =>
    candidateRoutes(graph, states, gain, spend, { hubs, worth, v3Only, limit: ROUTES });
  const routes = routesFor(false);
  const overPairs = routes.filter(({ hops }) => hops.some(({ v2 }) => v2));
  const swaps = (overPairs.length > 0 ? routesFor(true) : routes).map(
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

/** For the log: `flash swap 0.05 %`, `flash loan, sale 0.05 % + 0.3 % | v2 0.3 %`, `flash loan of a 0.01 % pool, one asset`, `no funding`. */
export function nameOf(way: Way, states: PoolStates, loan?: Loan): string {
  const percent = ({ hops }: Route) =>
    hops.map(({ pool, v2 }) => `${v2 ? 'v2 ' : ''}${(states.get(pool)?.fee ?? 0) / 10_000} %`).join(' + ');
  if (way.kind === 'none') return 'no funding';
  if (way.kind === 'flash swap') return `flash swap ${percent(way.route)}`;
  const lender =
    loan?.funding === FUNDING.uniswapV3Flash ? ` of a ${(states.get(loan.source)?.fee ?? 0) / 10_000} % pool` : '';
  return `flash loan${lender}, ${way.routes.length === 0 ? 'one asset' : `sale ${way.routes.map(percent).join(' | ')}`}`;
}
