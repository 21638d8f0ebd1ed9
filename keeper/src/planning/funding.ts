import type { Address, Hex } from 'viem';
import { FUNDING } from '../contract/plan.ts';
import type { Loan as MarketLoan } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import { isPair, lendableOf, type PoolGraph, type PoolStates, type Route } from '../venues/paths.ts';
import { FEE_UNIT } from '../venues/v3-math.ts';
import type { V3Pool } from '../venues/v3-pool.ts';
import type { Views } from './situation.ts';

/**
 * A loan: the contract's number for the funding, whom it asks and how, what it charges; smallest units. `of`: the market whose own
 * money it is, and what that makes of its views.
 */
export type Loan = {
  funding: number;
  source: Address;
  fee: bigint;
  extra: Hex;
  of?: { market: MarketKey } & Pick<MarketLoan, 'out' | 'back'>;
};

/**
 * The cheapest loan of an amount, at the markets and pools as they are when the round begins; a pool that the round sells to is
 * locked while it lends. Without a round: at the head, of any pool.
 */
export type Funding = (
  asset: Address,
  amount: bigint,
  round?: { states: PoolStates; routes: readonly Route[]; views?: Views },
) => Loan | undefined;

/**
 * The loans of all markets, and `flash` of Uniswap v3's pools where those are cheaper or there are no others.
 *
 * @param views - the markets, and `pools` the pools, as they are at the head
 * @example
 * openFunding(views, graph, pools)(usdc, 1_000_000n)?.fee; // 500n, of a market that takes five bps
 */
export function openFunding(views: Views, graph: PoolGraph, pools: PoolStates): Funding {
  /** By token; the lowest fee first. */
  const lending = new Map<Address, V3Pool[]>();
  const poolsOf = (asset: Address): V3Pool[] => {
    const known = lending.get(asset);
    if (known) return known;
    const found = [...graph.values()].flat().filter((pool): pool is V3Pool => !isPair(pool));
    const its = found
      .filter(({ token0, token1 }) => token0 === asset || token1 === asset)
      .sort((a, b) => a.fee - b.fee);
    lending.set(asset, its);
    return its;
  };
  /** What a pool has at least of an asset. */
  function atLeast(states: PoolStates, pool: V3Pool, asset: Address): bigint {
    const state = states.get(pool.address);
    return state ? lendableOf(state)[asset === pool.token0 ? 0 : 1] : 0n;
  }

  return (asset, amount, { states, routes, views: now = views } = { states: pools, routes: [] }) => {
    const own = cheapest(now, asset, amount);
    for (const pool of poolsOf(asset)) {
      // Rounded up, as the pool does.
      const fee = (amount * BigInt(pool.fee) + FEE_UNIT - 1n) / FEE_UNIT;
      if (own && own.fee <= fee) break;
      const isLocked = routes.some(({ hops }) => hops.some((hop) => hop.pool === pool.address));
      if (isLocked || atLeast(states, pool, asset) < amount) continue;
      return {
        funding: FUNDING.uniswapV3Flash,
        source: pool.address,
        fee,
        extra: asset === pool.token0 ? '0x' : '0x01',
      };
    }
    return own;
  };
}

/** The first of the lowest fee. */
function cheapest(views: Views, asset: Address, amount: bigint): Loan | undefined {
  let best: Loan | undefined;
  for (const [market, view] of views) {
    const loan = view.loan(asset, amount);
    if (!loan || (best && best.fee <= loan.fee)) continue;
    const { funding, source, fee, out, back } = loan;
    best = { funding, source, fee, extra: '0x', of: { market, out, back } };
  }
  return best;
}
