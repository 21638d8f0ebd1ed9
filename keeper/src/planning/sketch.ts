import type { Address } from 'viem';
import type { Estimates, Standing } from '../venues/estimate.ts';
import type { Lane, Lanes, Stake } from './lanes.ts';
import { bestSize } from './sizes.ts';

// A draft in floats, to choose by: what is chosen is then computed exactly.

/** A liquidation; smallest units. `whole`: the option itself, not a part of it. */
export type SketchedLeg = { stake: Stake; whole: boolean; repay: number; funding: number; seized: number };

/** A round; `net` and `after` as in a draft. */
export type SketchedRound = {
  lane: Lane;
  legs: readonly SketchedLeg[];
  net: number;
  gas: number;
  after: readonly Standing[];
};

/** A plan in the making: `net` wei after everything, `gas` of its rounds, `base` wei beside them. */
export type Sketch = {
  rounds: readonly SketchedRound[];
  legs: number;
  tokens: ReadonlySet<Address>;
  base: number;
  net: number;
};

/** A liquidation's place in a sketch: in the round at `at`, beside `others`; and what it adds to the net profit, wei. */
export type Placed = { at: number; lane: Lane; others: readonly SketchedLeg[]; leg: SketchedLeg; gain: number };

export const EMPTY: Sketch = { rounds: [], legs: 0, tokens: new Set(), base: 0, net: 0 };

export type Sketcher = ReturnType<typeof openSketcher>;

export function openSketcher(lanes: Lanes, estimates: Estimates) {
  /** Where the pools stand now: as the rounds of a sketch before one leave them. */
  let standing: { sketch: Sketch; at: number } = { sketch: EMPTY, at: 0 };

  function goTo(sketch: Sketch, at: number): void {
    if (standing.sketch === sketch && standing.at === at) return;
    estimates.undo(0);
    for (let before = 0; before < at; before++) sketch.rounds[before]!.after.forEach(estimates.put);
    standing = { sketch, at };
  }

  /** Ticks crossed by the round that was estimated last. */
  let crossed = 0;

  /** What a round adds, wei, and moves its pools; -Infinity where it does not work. */
  function netOfRound(lane: Lane, legs: number, funding: number, repay: number, seized: number): number {
    const { way, routes, debtPrice, price } = lane;
    crossed = 0;
    let worth: number;
    if (way.kind === 'flash swap') {
      const paid = estimates.buy(routes[0]!, funding);
      if (!(paid <= seized)) return Number.NEGATIVE_INFINITY;
      made();
      worth = (seized - paid) * price + (funding - repay) * debtPrice;
    } else {
      const proceeds = sell(lane, seized);
      const owed = repay + lanes.loanFee(way.debt, funding);
      if (!(proceeds >= owed)) return Number.NEGATIVE_INFINITY;
      worth = (proceeds - owed) * debtPrice;
    }
    if (Number.isNaN(worth)) return Number.NEGATIVE_INFINITY;
    // A flash-swap round needs all its legs; a loan goes on without one.
    worth *= lanes.survives ** (way.kind === 'flash swap' ? legs : 1);
    return worth - lane.cost - legs * lane.legCost - crossed * lane.tickCost;
  }

  function made(): void {
    crossed += estimates.crossed();
    estimates.make();
  }

  function sell(lane: Lane, amount: number): number {
    const [first, second] = lane.routes;
    if (!first) return amount;
    const part = second ? estimates.share(first, second, amount, lane.share) : amount;
    lane.share = part / amount;
    let out = 0;
    if (part > 0) {
      out += estimates.sell(first, part);
      made();
    }
    if (second && part < amount) {
      out += estimates.sell(second, amount - part);
      made();
    }
    return out;
  }

  const sumOf = (legs: readonly SketchedLeg[]) => {
    let [funding, repay, seized] = [0, 0, 0];
    for (const leg of legs) {
      funding += leg.funding;
      repay += leg.repay;
      seized += leg.seized;
    }
    return { funding, repay, seized };
  };

  function baseOf(rounds: readonly { lane: Lane }[]): { tokens: Set<Address>; base: number } {
    const tokens = new Set<Address>();
    for (const { lane } of rounds) tokens.add(lane.way.debt).add(lane.way.collateral);
    const base = rounds.length === 0 ? 0 : lanes.plain + tokens.size * rounds[0]!.lane.tokenCost;
    return { tokens, base };
  }

  /** What a plan costs more with a round of a lane. */
  function baseWith({ tokens, rounds }: Sketch, { way, tokenCost }: Lane): number {
    const more = (tokens.has(way.debt) ? 0 : 1) + (way.collateral === way.debt || tokens.has(way.collateral) ? 0 : 1);
    return (rounds.length === 0 ? lanes.plain : 0) + more * tokenCost;
  }

  function sketchOf(rounds: readonly SketchedRound[]): Sketch {
    const { tokens, base } = baseOf(rounds);
    let [net, legs] = [-base, 0];
    for (const round of rounds) {
      net += round.net;
      legs += round.legs.length;
    }
    return { rounds, legs, tokens, base, net };
  }

  /** Where the later rounds stand that use a pool which the round at `at` changes, or changed, or such a one does. */
  function tailOf({ rounds }: Sketch, at: number, lane: Lane | undefined): number[] {
    const tail: number[] = [];
    if (at + 1 >= rounds.length) return tail;
    const touched = new Set(lane?.pools);
    for (const pool of rounds[at]!.lane.pools) touched.add(pool);
    for (let later = at + 1; later < rounds.length; later++) {
      const { pools } = rounds[later]!.lane;
      if (touched.isDisjointFrom(pools)) continue;
      tail.push(later);
      for (const pool of pools) touched.add(pool);
    }
    return tail;
  }

  function drawn(lane: Lane, legs: readonly SketchedLeg[]): SketchedRound | undefined {
    const { funding, repay, seized } = sumOf(legs);
    const net = netOfRound(lane, legs.length, funding, repay, seized);
    if (net === Number.NEGATIVE_INFINITY) return undefined;
    const gas = lane.gas + legs.length * lane.legGas + crossed * lane.tickGas;
    return { lane, legs, net, gas, after: [...lane.pools].map(estimates.standing) };
  }

  return {
    /**
     * The sketch with other legs in the round at `at`, or in one behind its last; without it where there are none. Later
     * rounds that this concerns are estimated again. `undefined` where one does not work any more.
     */
    withRound(sketch: Sketch, at: number, lane: Lane, legs: readonly SketchedLeg[]): Sketch | undefined {
      goTo(sketch, at);
      const mark = estimates.mark();
      const rounds = sketch.rounds.slice(0, at);
      const put = (round: SketchedRound | undefined) => round !== undefined && rounds.push(round) > 0;
      const draw = (): boolean => {
        if (legs.length > 0 && !put(drawn(lane, legs))) return false;
        const tail = new Set(tailOf(sketch, at, lane));
        for (let later = at + 1; later < sketch.rounds.length; later++) {
          const round = sketch.rounds[later]!;
          if (tail.has(later)) {
            if (!put(drawn(round.lane, round.legs))) return false;
          } else {
            round.after.forEach(estimates.put);
            rounds.push(round);
          }
        }
        return true;
      };
      const works = draw();
      estimates.undo(mark);
      return works ? sketchOf(rounds) : undefined;
    },

    /**
     * A liquidation at its best size in a round of the sketch, beside `others`, or in one of its own behind the last.
     *
     * @param enough - gain up to which it is of no interest, wei
     */
    sized(
      sketch: Sketch,
      at: number,
      lane: Lane,
      others: readonly SketchedLeg[],
      stake: Stake,
      enough = Number.NEGATIVE_INFINITY,
    ): Placed | undefined {
      goTo(sketch, at);
      const old = sketch.rounds[at];
      const tail = tailOf(sketch, at, lane);
      let before = old ? old.net : baseWith(sketch, lane);
      for (const later of tail) before += sketch.rounds[later]!.net;
      const { funding, repay, seized } = sumOf(others);
      const legOf = (size: number): SketchedLeg =>
        size === stake.repay
          ? { stake, whole: true, repay: size, funding: stake.funding, seized: stake.seized }
          : { stake, whole: false, repay: size, funding: size, seized: size * stake.ratio };
      const mark = estimates.mark();
      const gainOf = (size: number): number => {
        const leg = legOf(size);
        const legs = others.length + 1;
        let net = netOfRound(lane, legs, funding + leg.funding, repay + leg.repay, seized + leg.seized);
        let next = 0;
        for (let later = at + 1; next < tail.length && net > Number.NEGATIVE_INFINITY; later++) {
          const round = sketch.rounds[later]!;
          if (later === tail[next]) {
            const sum = sumOf(round.legs);
            net += netOfRound(round.lane, round.legs.length, sum.funding, sum.repay, sum.seized);
            next++;
          } else round.after.forEach(estimates.put);
        }
        estimates.undo(mark);
        return net - before;
      };
      const best = bestSize(stake.repay, stake.partial, gainOf, enough);
      return best && { at, lane, others, leg: legOf(best.size), gain: best.value };
    },

    /**
     * More than a liquidation in the round at `at`, or in one behind the last, ever adds, wei, beside the cost of the round:
     * as if all of it went at the price that the pools begin with.
     */
    mostOf(sketch: Sketch, at: number, { way, routes, price, debtPrice, legCost }: Lane, stake: Stake): number {
      goTo(sketch, at);
      const { repay, funding, seized, partial, ratio } = stake;
      let sold = routes.length === 0 ? 1 : 0;
      for (const route of routes) sold = Math.max(sold, estimates.price(route));
      const [whole, part] =
        way.kind === 'flash swap'
          ? [(seized - funding / sold) * price + (funding - repay) * debtPrice, partial * (ratio - 1 / sold) * price]
          : [(seized * sold - repay) * debtPrice, partial * (ratio * sold - 1) * debtPrice];
      return Math.max(whole, part, 0) - legCost;
    },

    baseWith,
    /** Whether a lane's pools, as a sketch leaves them, sell for no more than they did at first. */
    noBetter(sketch: Sketch, lane: Lane): boolean {
      goTo(sketch, sketch.rounds.length);
      return lane.routes.every(estimates.noBetter);
    },
    gasOf: ({ rounds }: Sketch): number => rounds.reduce((sum, { gas }) => sum + gas, 0),
  };
}
