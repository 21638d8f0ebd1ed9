import type { Address } from 'viem';
import { PRICE_SCALE } from '../prices/book.ts';
import type { Deal } from '../protocols/protocol.ts';
import type { EstimatedRoute, Estimates } from '../venues/estimate.ts';
import type { Bundle } from './bundles.ts';
import { openStocks, type ScarceDraw, type Stocks, scarceDraws } from './estimate-stocks.ts';
import { baseCost, laterOf, roundCost } from './exact-draft.ts';
import { baseGas, roundGas, TOKEN_GAS } from './gas.ts';
import { PPM, type Situation, wholeGasPrice } from './situation.ts';
import { pairOf, routesOf, type Way, waysFor } from './ways.ts';

/**
 * A way in floats: what its rounds cost of themselves and for each tick they cross, in wei and in gas; and what a plan costs for
 * each of its tokens. Prices: wei a smallest unit.
 */
export type SketchedWay = {
  way: Way;
  routes: readonly EstimatedRoute[];
  pools: ReadonlySet<number>;
  spendPrice: number;
  price: number;
  cost: number;
  tickCost: number;
  gas: number;
  tickGas: number;
  tokenCost: number;
  /** The part that the first of two routes took of the last sale: of the next it takes about as much. */
  share?: number;
};

/**
 * A deal in floats, smallest units: the whole of it, and the largest part (0 without one), which gains `ratio` a unit. `gas` units and
 * `cost` wei are its own; `later` wei come in another transaction; `draws` are those on scarce stocks.
 */
export type SketchedDeal = {
  of: Bundle;
  deal: Deal;
  spend: number;
  inHand: number;
  gain: number;
  partial: number;
  ratio: number;
  gas: number;
  cost: number;
  later: number;
  draws: readonly ScarceDraw[];
};

/** Ways and deals of a situation in floats, each worked out once. */
export type Floats = {
  situation: Situation;
  estimates: Estimates;
  stocks: Stocks;
  /** Chance of an account still being there. */
  survives: number;
  /** Whether a deal is worth something later, or trades in pools itself: not everything can be in one plan then. */
  mixed: boolean;
  /** Wei and gas that a plan costs beside its rounds and tokens, gas for each of its tokens, and what it may be at most. */
  plain: number;
  plainGas: number;
  tokenGas: number;
  limits: { gas: number; legs: number };
  /** By what is spent, then by what is gained. */
  ways: Map<Address | undefined, Map<Address, readonly SketchedWay[]>>;
  deals: Map<Deal, SketchedDeal>;
  /** The largest loan that is given, its fee a unit, and the smallest that is refused. */
  loans: Map<Address, { given: number; fee: number; refused: number }>;
};

const SCALE = Number(PRICE_SCALE);
/** Parts of a size by which floats differ without meaning. */
const SAME = 1e-12;

/** @param bundles - all that may be placed: what they draw on together tells which stocks are scarce */
export const openFloats = (situation: Situation, bundles: readonly Bundle[], estimates: Estimates): Floats => ({
  situation,
  estimates,
  stocks: openStocks(situation, bundles),
  mixed: bundles.some(({ deals }) => deals.some(({ later, moves }) => later !== undefined || moves !== undefined)),
  survives: Number(PPM - situation.stale) / Number(PPM),
  plain: Number(baseCost(situation, [])),
  plainGas: Number(baseGas([])),
  tokenGas: Number(TOKEN_GAS),
  limits: { gas: Number(situation.limits.gas), legs: situation.limits.legs },
  ways: new Map(),
  deals: new Map(),
  loans: new Map(),
});

/** The ways that a deal can go. */
export function waysOf(floats: Floats, deal: Deal): readonly SketchedWay[] {
  const { situation, ways } = floats;
  const { gain } = pairOf(deal, situation.native);
  const spent = deal.spend?.asset;
  let bySpent = ways.get(spent);
  if (!bySpent) {
    bySpent = new Map();
    ways.set(spent, bySpent);
  }
  let found = bySpent.get(gain);
  if (!found) {
    found = waysFor(situation, situation.pools, deal).flatMap((way) => sketchedWay(floats, way));
    bySpent.set(gain, found);
  }
  return found;
}

function sketchedWay({ situation, estimates, plain }: Floats, way: Way): SketchedWay[] {
  const routes = routesOf(way).map((route) => estimates.route(route));
  if (!routes.every((route) => route !== undefined)) return [];
  const none = { gas: 0n, bytes: 0 };
  const cost = Number(roundCost(situation, way, none, 0));
  const gas = Number(roundGas(way, 0n, 0));
  const priceIn = (token: Address) => Number(situation.priceOf(token) ?? Number.NaN) / SCALE;
  const price = priceIn(way.gain);
  return [
    {
      way,
      routes,
      pools: new Set(routes.flatMap(({ pools }) => pools)),
      spendPrice: priceIn(way.spend),
      // What nothing prices is kept for nothing where nothing was spent on it.
      price: way.kind === 'none' && Number.isNaN(price) ? 0 : price,
      cost,
      tickCost: Number(roundCost(situation, way, none, 1)) - cost,
      gas,
      tickGas: Number(roundGas(way, 0n, 1)) - gas,
      tokenCost: (Number(baseCost(situation, [way])) - plain) / new Set([way.spend, way.gain]).size,
    },
  ];
}

/** A deal in floats. */
export function sketchedDeal(floats: Floats, of: Bundle, deal: Deal): SketchedDeal {
  const known = floats.deals.get(deal);
  if (known) return known;
  const { situation, stocks } = floats;
  const part = deal.spend && of.fed.fit(deal, deal.spend.amount - 1n);
  const [spend, most] = [Number(deal.spend?.amount ?? 0n), Number(part?.spend?.amount ?? 0n)];
  // A part that floats hardly tell from the whole is chosen as the whole.
  const partial = spend - most < SAME * spend ? spend : most;
  const found: SketchedDeal = {
    of,
    deal,
    spend,
    inHand: Number(deal.spend?.inHand ?? 0n),
    gain: Number(deal.gain?.amount ?? 0n),
    partial,
    // Below the largest part what is gained is in proportion.
    ratio: part && partial > 0 ? Number(part.gain?.amount ?? 0n) / partial : 0,
    gas: Number(deal.gas),
    cost: Number(deal.gas * wholeGasPrice(situation) + BigInt(deal.bytes) * situation.bytePrice),
    later: deal.later ? Number(laterOf(situation, deal)) : 0,
    draws: scarceDraws(stocks, deal),
  };
  floats.deals.set(deal, found);
  return found;
}

/** What a loan costs, smallest units; NaN where there is none of that size. */
export function loanFee({ situation, loans }: Floats, asset: Address, amount: number): number {
  const loan = loans.get(asset) ?? { given: 0, fee: 0, refused: Number.POSITIVE_INFINITY };
  loans.set(asset, loan);
  if (amount >= loan.refused) return Number.NaN;
  if (amount > loan.given) {
    const asked = situation.lend(asset, BigInt(Math.ceil(amount)));
    if (!asked) {
      loan.refused = amount;
      return Number.NaN;
    }
    loan.given = amount;
    loan.fee = Number(asked.fee) / Math.ceil(amount);
  }
  return loan.fee * amount;
}
