import type { Standing } from '../venues/estimate.ts';
import { type Floats, loanFee, type SketchedDeal, type SketchedWay } from './estimate-ways.ts';

// One round of a plan in floats: what it adds where the pools stand.

/**
 * A deal as it is placed; smallest units. `whole`: the deal itself, not a part of it. `brings`: what is placed right before it, as it
 * draws on what those bring; `gas`, `cost` and `later` are of all of them.
 */
export type SketchedLeg = {
  deal: SketchedDeal;
  brings: readonly SketchedDeal[];
  whole: boolean;
  spend: number;
  inHand: number;
  gain: number;
  gas: number;
  cost: number;
  later: number;
};

/** A round; `net` wei and `after` as in a draft. */
export type SketchedRound = {
  way: SketchedWay;
  legs: readonly SketchedLeg[];
  net: number;
  gas: number;
  after: readonly Standing[];
};

/** What the legs of a round come to together. */
export type Sums = { legs: number; inHand: number; spend: number; gain: number; cost: number; later: number };

/** What rounds are estimated with. `crossed`: ticks, by the round that was estimated last. */
export type Estimator = { floats: Floats; crossed: number };

/** The sums of some legs. */
export function sumOf(legs: readonly SketchedLeg[]): Sums {
  let [inHand, spend, gain, cost, later] = [0, 0, 0, 0, 0];
  for (const leg of legs) {
    inHand += leg.inHand;
    spend += leg.spend;
    gain += leg.gain;
    cost += leg.cost;
    later += leg.later;
  }
  return { legs: legs.length, inHand, spend, gain, cost, later };
}

/** What a round adds, wei, and moves its pools; -Infinity where it does not work. */
export function netOfRound(estimator: Estimator, sketched: SketchedWay, sums: Sums): number {
  const { estimates, survives } = estimator.floats;
  const { way, routes, spendPrice, price } = sketched;
  const { legs, inHand, spend, gain, cost, later } = sums;
  estimator.crossed = 0;
  let worth: number;
  if (way.kind === 'flash swap') {
    const paid = estimates.buy(routes[0]!, inHand);
    if (!(paid <= gain)) return Number.NEGATIVE_INFINITY;
    made(estimator);
    worth = (gain - paid) * price + (inHand - spend) * spendPrice;
  } else if (way.kind === 'loan') {
    const proceeds = sell(estimator, sketched, gain);
    const owed = spend + loanFee(estimator.floats, way.spend, inHand);
    if (!(proceeds >= owed)) return Number.NEGATIVE_INFINITY;
    worth = (proceeds - owed) * spendPrice;
  } else worth = gain * price;
  if (Number.isNaN(worth)) return Number.NEGATIVE_INFINITY;
  // A flash-swap round needs all its legs; others go on without one.
  worth = (worth + later) * survives ** (way.kind === 'flash swap' ? legs : 1);
  return worth - sketched.cost - cost - estimator.crossed * sketched.tickCost;
}

function made(estimator: Estimator): void {
  const { estimates } = estimator.floats;
  estimator.crossed += estimates.crossed();
  estimates.make();
}

function sell(estimator: Estimator, sketched: SketchedWay, amount: number): number {
  const { estimates } = estimator.floats;
  const [first, second] = sketched.routes;
  if (!first) return amount;
  const part = second ? estimates.share(first, second, amount, sketched.share) : amount;
  sketched.share = part / amount;
  let out = 0;
  if (part > 0) {
    out += estimates.sell(first, part);
    made(estimator);
  }
  if (second && part < amount) {
    out += estimates.sell(second, amount - part);
    made(estimator);
  }
  return out;
}

/** A round of these legs where the pools stand, which it moves; `undefined` where it does not work. */
export function drawn(estimator: Estimator, way: SketchedWay, legs: readonly SketchedLeg[]): SketchedRound | undefined {
  const net = netOfRound(estimator, way, sumOf(legs));
  if (net === Number.NEGATIVE_INFINITY) return undefined;
  let gas = way.gas + estimator.crossed * way.tickGas;
  for (const leg of legs) gas += leg.gas;
  const after: Standing[] = [];
  for (const pool of way.pools) after.push(estimator.floats.estimates.standing(pool));
  return { way, legs, net, gas, after };
}
