import type { Option } from '../protocols/protocol.ts';
import { openEstimates } from '../venues/estimate.ts';
import type { PoolStates } from '../venues/paths.ts';
import { type Draft, drafted, netOf } from './draft.ts';
import { baseGas } from './gas.ts';
import { type Lane, openLanes, type Stake } from './lanes.ts';
import type { Candidate, PlannedLeg, Situation } from './situation.ts';
import { EMPTY, openSketcher, type Placed, type Sketch, type SketchedLeg } from './sketch.ts';

/** A way that an option can go, and what it would add to a plan alone, wei, not counting what the plan itself costs. */
type Choice = { stake: Stake; lane: Lane; alone: number };

/** Above so many accounts each keeps its place; below they change places until nothing is gained. */
const EXCHANGED = 24;
const PASSES = 3;
/** Up to so many accounts each is tried as the first. */
const FEW = 6;

/**
 * The bound of a search, in estimated quotes of a route, each less than a microsecond: so many to rank the accounts, so many
 * for a plan. What is best by then is taken. It is no clock, so that a plan depends on the head alone.
 */
export type Work = { ranking: number; plan: number };
const WORK: Work = { ranking: 50_000, plan: 50_000 };
/** The share of a plan's after which nothing but what follows first liquidations is tried any more. */
const BEFORE_FOLLOWING = 0.7;

export type Search = ReturnType<typeof openSearch>;

/** Chooses in floats, on the pools as they are before a plan, and computes exactly what is chosen. */
export function openSearch(situation: Situation, pools: PoolStates, work = WORK) {
  const { protocol, market, timestamp, limits } = situation;
  const estimates = openEstimates(pools);
  const lanes = openLanes(situation, pools, estimates);
  const { sized, withRound, mostOf, baseWith, noBetter, gasOf } = openSketcher(lanes, estimates);
  /** Quotes at which the search stops. */
  let end = 0;
  const tired = () => estimates.quotes() >= end;

  const choices = new Map<Candidate, Choice[]>();
  /** The ways of all options of an account, the best alone first. */
  function choicesOf(of: Candidate): Choice[] {
    const known = choices.get(of);
    if (known) return known;
    const found = of.options.flatMap((largest) => {
      const stake = lanes.stake(of, largest);
      return lanes.of(largest).map((lane): Choice => {
        const placed = sized(EMPTY, 0, lane, [], stake);
        return { stake, lane, alone: placed ? placed.gain + baseWith(EMPTY, lane) : Number.NEGATIVE_INFINITY };
      });
    });
    found.sort((a, b) => b.alone - a.alone);
    choices.set(of, found);
    return found;
  }

  const fits = (sketch: Sketch) =>
    gasOf(sketch) + Number(baseGas(sketch.rounds.map(({ lane }) => lane.way))) <= Number(limits.gas) &&
    sketch.legs <= limits.legs;
  const hasRoom = (sketch: Sketch) => sketch.legs < limits.legs;
  const put = (sketch: Sketch, { at, lane, others, leg }: Placed) => withRound(sketch, at, lane, [...others, leg]);

  /**
   * The best place for an account where it adds something; rounds before `from` are not for it, nor, without `shares`, sales that two routes share.
   * Where pools sell for no more than at first, no way adds more than alone and what is shared with others.
   */
  function place(sketch: Sketch, of: Candidate, from = 0, shares = true): Placed | undefined {
    let best: Placed | undefined;
    const { rounds } = sketch;
    for (const { stake, lane, alone } of choicesOf(of)) {
      if (tired()) break;
      if (!shares && lane.routes.length > 1) continue;
      const limit = noBetter(sketch, lane) ? alone : Number.POSITIVE_INFINITY;
      const consider = (at: number, others: readonly SketchedLeg[], shared: number, cost: number) => {
        // What a plan and its first round cost is not for the first to pay alone: others may share both.
        const most = best?.gain ?? (rounds.length === 0 ? Number.NEGATIVE_INFINITY : 0);
        if (limit + shared <= most || mostOf(sketch, at, lane, stake) - cost <= most) return;
        const placed = sized(sketch, at, lane, others, stake, most);
        if (placed && placed.gain > most) best = placed;
      };
      // Rounds of a way before its last stopped growing because another leg was not worth the risk.
      const last = rounds.findLastIndex((round) => round.lane === lane);
      if (last >= from) consider(last, rounds[last]!.legs, lane.cost, 0);
      const base = baseWith(sketch, lane);
      consider(rounds.length, [], -base, lane.cost + base);
    }
    return best;
  }

  const legsOf = ({ rounds }: Sketch) => rounds.flatMap(({ legs }) => legs);

  /** Puts the candidates that `start` has not into it, in their order. */
  function build(candidates: readonly Candidate[], shares = true, start = EMPTY) {
    let sketch = start;
    let full = false;
    const placedAlready = new Set(legsOf(start).map(({ stake }) => stake.of));
    for (const candidate of candidates) {
      if (placedAlready.has(candidate)) continue;
      full ||= !hasRoom(sketch) || tired();
      if (full) break;
      const placed = place(sketch, candidate, 0, shares);
      if (!placed) continue;
      const now = put(sketch, placed);
      if (now && fits(now)) sketch = now;
      else full ||= now !== undefined;
    }
    return { sketch: settle(sketch, shares), full };
  }

  /** Tries sizes, and of a few also places, again in view of each other until nothing is gained. */
  function settle(start: Sketch, shares = true): Sketch {
    let sketch = start;
    const few = start.legs <= EXCHANGED;
    for (let pass = 0; pass < (few ? PASSES : 1); pass++) {
      const before = sketch.net;
      for (const leg of legsOf(sketch)) {
        // Among many, one that is taken whole was still worth it behind those before it.
        if ((few || !leg.whole) && !tired()) sketch = again(sketch, leg, few, shares);
      }
      if (sketch.net <= before) break;
    }
    return sketch;
  }

  /** Takes a leg out and puts it back where and as large as is best now, or leaves it where it is. */
  function again(sketch: Sketch, leg: SketchedLeg, anywhere: boolean, shares: boolean): Sketch {
    const at = sketch.rounds.findIndex(({ legs }) => legs.includes(leg));
    const { lane, legs } = sketch.rounds[at]!;
    const others = legs.filter((other) => other !== leg);
    const without = withRound(sketch, at, lane, others);
    if (!without) return sketch;
    const { stake } = leg;
    const placed =
      anywhere || others.length === 0 ? place(without, stake.of, 0, shares) : sized(without, at, lane, others, stake);
    const back = placed && placed.gain > 0 ? put(without, placed) : undefined;
    const now = back && fits(back) ? back : without;
    return now.net > sketch.net ? now : sketch;
  }

  /** For each way that several of the accounts could go, a sketch of one round with all of them. */
  function together(accounts: readonly Candidate[]): Sketch[] {
    const going = Map.groupBy(accounts.flatMap(choicesOf), ({ lane }) => lane);
    return [...going].flatMap(([lane, stakes]): Sketch[] => {
      if (stakes.length < 2 || lane.way.kind === 'loan') return [];
      let sketch = EMPTY;
      for (const { stake } of stakes) {
        const placed = sized(sketch, 0, lane, sketch.rounds[0]?.legs ?? [], stake);
        const now = placed && put(sketch, placed);
        if (now && fits(now)) sketch = now;
      }
      return sketch.legs > 0 ? [sketch] : [];
    });
  }

  const options = new Map<SketchedLeg, Option | undefined>();
  /** A sketched leg as the protocol allows it, to the unit. */
  function optionOf(leg: SketchedLeg): Option | undefined {
    if (options.has(leg)) return options.get(leg);
    const { of, largest } = leg.stake;
    const asked = BigInt(Math.floor(leg.repay));
    const option = leg.whole ? largest : protocol.resize(market, of.state, of.account, timestamp, largest, asked);
    options.set(leg, option);
    return option;
  }

  /** Accounts as a first liquidation leaves them, and before it. */
  const firsts = new Map<Candidate, Candidate>();
  const nexts = new Map<Option, Candidate | undefined>();
  /** An account as a liquidation of it leaves it, with what is allowed of it then. */
  function nextOf(of: Candidate, option: Option): Candidate | undefined {
    if (nexts.has(option)) return nexts.get(option);
    const left = protocol.after(market, of.state, of.account, timestamp, option);
    const next = left && { ...left, options: protocol.options(market, left.state, left.account, timestamp) };
    nexts.set(option, next);
    if (next) firsts.set(next, of);
    return next;
  }

  /**
   * What the protocol allows of an account once its first liquidation has happened: other debts, other collateral, or the
   * same pair over another pool. It comes after the first, which is not touched any more.
   */
  function follow(start: Sketch): Sketch {
    let sketch = start;
    for (const first of legsOf(start)) {
      for (let last: SketchedLeg | undefined = first; last && hasRoom(sketch) && !tired(); ) {
        const leg: SketchedLeg = last;
        last = undefined;
        const option = optionOf(leg);
        const next = option && nextOf(leg.stake.of, option);
        if (!next) break;
        const from = sketch.rounds.findIndex(({ legs }) => legs.includes(leg));
        const placed = place(sketch, next, from);
        const now = placed && put(sketch, placed);
        if (!placed || !now || !fits(now)) break;
        sketch = now;
        last = placed.leg;
      }
    }
    return sketch;
  }

  /** A sketch in exact numbers; what does not work in them, nor what comes after it of the account, is not in it. */
  function exactly({ rounds }: Sketch): Draft {
    const missing = new Set<Candidate>();
    const legOf = (leg: SketchedLeg): PlannedLeg[] => {
      const { of, largest } = leg.stake;
      const option = missing.has(firsts.get(of)!) ? undefined : optionOf(leg);
      if (!option) missing.add(of);
      return option ? [{ of, largest, option }] : [];
    };
    const exact: Draft[number][] = [];
    for (const { lane, legs } of rounds) {
      const round = { way: lane.way, legs: legs.flatMap(legOf) };
      const now = round.legs.length > 0 ? drafted(situation, pools, exact, round) : undefined;
      if (now) exact.push(now);
      else for (const { stake } of legs) missing.add(stake.of);
    }
    return exact;
  }

  return {
    /**
     * The candidates whose debt anything covers, the one whose own plan is worth most first. Behind them those for which
     * there was no time, the ones of the highest bonus first.
     */
    ranked(candidates: readonly Candidate[]): Candidate[] {
      end = estimates.quotes() + work.ranking;
      const bonusOf = ({ options: all }: Candidate) => Math.max(...all.map(({ bonusBase }) => Number(bonusBase)));
      const byBonus = candidates.map((candidate) => ({ candidate, bonus: bonusOf(candidate) }));
      byBonus.sort((a, b) => b.bonus - a.bonus);
      const tried: { candidate: Candidate; gain: number }[] = [];
      const left: Candidate[] = [];
      for (const { candidate } of byBonus) {
        const placed = tired() ? undefined : place(EMPTY, candidate);
        if (placed) tried.push({ candidate, gain: placed.gain });
        else if (tired()) left.push(candidate);
      }
      return [...tried.sort((a, b) => b.gain - a.gain).map(({ candidate }) => candidate), ...left];
    },

    /**
     * The plan of the highest net profit that is found for the candidates: one after the other each is put where it adds
     * most; then sizes and places are tried again in view of the others; then follows what the protocol allows of an account
     * after its first liquidation. Where a few compete for the same pools, who comes first decides: each is tried as the
     * first, with sales shared between routes and without; and all that can share a round are tried in one, which may pay
     * where none does alone.
     *
     * @param candidates - the most promising first
     * @returns its rounds, none where nothing pays; and whether there was no room, or no time, for another account
     */
    best(candidates: readonly Candidate[]): { draft: Draft; full: boolean } {
      const from = estimates.quotes();
      end = from + work.plan * BEFORE_FOLLOWING;
      let best = build(candidates);
      let followed: Sketch | undefined;
      /** Of a few, what follows is tried for each before the best is chosen: a shared sale may leave it nothing. */
      const consider = (other: typeof best) => {
        followed ??= follow(best.sketch);
        const now = follow(other.sketch);
        if (now.net > followed.net) [best, followed] = [other, now];
      };
      const first = candidates.slice(0, candidates.length <= FEW ? FEW : 0);
      for (const [index, candidate] of first.entries()) {
        const order = [candidate, ...candidates.filter((other) => other !== candidate)];
        for (const shares of index === 0 ? [false] : [true, false]) consider(build(order, shares));
      }
      for (const seed of first.length > 1 ? together(first) : []) consider(build(candidates, true, seed));
      const settled = settle(best.sketch);
      end = from + work.plan;
      const last = follow(settled);
      const draft = exactly(followed && followed.net > last.net ? followed : last);
      // Each round has paid for itself; the plan has to pay for being one.
      return { draft: netOf(situation, draft) >= situation.minProfit ? draft : [], full: best.full };
    },

    /** Estimated quotes there were, the measure of work. */
    quotes: estimates.quotes,

    /** The best plan for one account, whether it pays or not; `undefined` where nothing covers the debt. */
    alone(candidate: Candidate): Draft | undefined {
      end = Number.POSITIVE_INFINITY;
      const placed = place(EMPTY, candidate);
      const sketch = placed && put(EMPTY, placed);
      const draft = sketch && exactly(sketch);
      return draft && draft.length > 0 ? draft : undefined;
    },
  };
}
