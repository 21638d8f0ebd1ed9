import type { Address } from 'viem';
import type { Option } from '../protocols/protocol.ts';
import type { EstimatedRoute, Estimates } from '../venues/estimate.ts';
import type { PoolStates } from '../venues/paths.ts';
import { baseCost, roundCost } from './draft.ts';
import { roundGas } from './gas.ts';
import { PRICE_SCALE } from './pricing.ts';
import { type Candidate, PPM, type Situation } from './situation.ts';
import { type Way, waysFor } from './ways.ts';

/**
 * A way in floats: what its rounds cost of themselves, for each leg and for each tick they cross, in wei and in gas; and what
 * a plan costs for each of its tokens. Prices: wei a smallest unit.
 */
export type Lane = {
  way: Way;
  routes: readonly EstimatedRoute[];
  pools: ReadonlySet<number>;
  debtPrice: number;
  price: number;
  cost: number;
  legCost: number;
  tickCost: number;
  gas: number;
  legGas: number;
  tickGas: number;
  tokenCost: number;
  /** The part that the first of two routes took of the last sale: of the next it takes about as much. */
  share?: number;
};

/** An option in floats, smallest units: the whole of it, and the largest part (0 without one), which seizes `ratio` a unit. */
export type Stake = {
  of: Candidate;
  largest: Option;
  repay: number;
  funding: number;
  seized: number;
  partial: number;
  ratio: number;
};

const SCALE = Number(PRICE_SCALE);

/** Ways and options of a situation in floats, each worked out once. */
export function openLanes(situation: Situation, pools: PoolStates, estimates: Estimates) {
  const { protocol, market, timestamp, priceOf, stale, lend } = situation;
  const known = new Map<string, Lane[]>();
  const plain = Number(baseCost(situation, []));
  const priceIn = (token: Address) => Number(priceOf(token) ?? Number.NaN) / SCALE;

  function laneOf(way: Way): Lane[] {
    const routes = (way.kind === 'flash swap' ? [way.route] : way.routes).map((route) => estimates.route(route));
    if (!routes.every((route) => route !== undefined)) return [];
    const costOf = (legs: number, crossed: number) => Number(roundCost(situation, way, legs, crossed));
    const gasOf = (legs: number, crossed: number) => Number(roundGas(way, legs, crossed));
    const [cost, gas] = [costOf(0, 0), gasOf(0, 0)];
    const lane: Lane = {
      way,
      routes,
      pools: new Set(routes.flatMap(({ pools: used }) => used)),
      debtPrice: priceIn(way.debt),
      price: priceIn(way.collateral),
      cost,
      legCost: costOf(1, 0) - cost,
      tickCost: costOf(0, 1) - cost,
      gas,
      legGas: gasOf(1, 0) - gas,
      tickGas: gasOf(0, 1) - gas,
      tokenCost: (Number(baseCost(situation, [way])) - plain) / new Set([way.debt, way.collateral]).size,
    };
    return [lane];
  }

  /** The largest loan that is given, its fee a unit, and the smallest that is refused. */
  const loans = new Map<Address, { given: number; fee: number; refused: number }>();

  return {
    of({ debtAsset, collateralAsset }: Option): Lane[] {
      const key = `${debtAsset}${collateralAsset}`;
      const found = known.get(key) ?? waysFor(situation, pools, debtAsset, collateralAsset).flatMap(laneOf);
      known.set(key, found);
      return found;
    },
    stake(of: Candidate, largest: Option): Stake {
      const part = protocol.resize(market, of.state, of.account, timestamp, largest, largest.repay - 1n);
      const [repay, partial] = [Number(largest.repay), part ? Number(part.repay) : 0];
      return {
        of,
        largest,
        repay,
        funding: Number(largest.funding),
        seized: Number(largest.seized),
        partial,
        // Below the largest part what is seized is in proportion.
        ratio: part ? Number(part.seized) / partial : 0,
      };
    },
    /** What a loan costs, smallest units; NaN where there is none of that size. */
    loanFee(asset: Address, amount: number): number {
      const loan = loans.get(asset) ?? { given: 0, fee: 0, refused: Number.POSITIVE_INFINITY };
      loans.set(asset, loan);
      if (amount >= loan.refused) return Number.NaN;
      if (amount > loan.given) {
        const asked = lend(asset, BigInt(Math.ceil(amount)));
        if (!asked) {
          loan.refused = amount;
          return Number.NaN;
        }
        loan.given = amount;
        loan.fee = Number(asked.fee) / Math.ceil(amount);
      }
      return loan.fee * amount;
    },
    /** Chance of an account still being there. */
    survives: Number(PPM - stale) / Number(PPM),
    /** Wei that a plan costs beside its rounds and tokens. */
    plain,
  };
}
export type Lanes = ReturnType<typeof openLanes>;
