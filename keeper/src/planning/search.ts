import type { Option } from '../protocols/protocol.ts';
import type { PoolStates } from '../venues/paths.ts';
import { baseCost, type Draft, gasOf, legsOf, netOf, type RoundDraft, roundCost, withRound } from './draft.ts';
import { PRICE_SCALE } from './pricing.ts';
import { type Candidate, type PlannedLeg, PPM, type Situation } from './situation.ts';
import { bestSize } from './sizes.ts';
import { type Way, waysFor } from './ways.ts';

/** A draft with one more liquidation, and what that adds to its net profit, wei. */
type Placed = { draft: Draft; gain: bigint };

/** Above so many accounts each keeps its place; below they change places until nothing is gained. */
const EXCHANGED = 24;
const PASSES = 3;
/** Up to so many accounts each is tried as the first. */
const FEW = 6;

/** The candidates whose debt anything covers, the one whose own plan is worth most first. */
export function ranked(situation: Situation, pools: PoolStates, candidates: readonly Candidate[]): Candidate[] {
  const search = openSearch(situation, pools);
  return candidates
    .flatMap((candidate) => {
      const placed = search.place([], candidate);
      return placed ? [{ candidate, gain: placed.gain }] : [];
    })
    .sort((a, b) => (a.gain < b.gain ? 1 : a.gain > b.gain ? -1 : 0))
    .map(({ candidate }) => candidate);
}

/**
 * The plan of the highest net profit that is found for the candidates: one after the other each is put where it adds most;
 * then sizes and places are tried again in view of the others; then follows what the protocol allows of an account after its
 * first liquidation. Where a few compete for the same pools, who comes first decides: each is tried as the first, with sales
 * shared between routes and without; and all that can share a round are tried in one, which may pay where none does alone.
 *
 * @param pools - as they are before the plan
 * @param candidates - the most promising first
 * @returns its rounds, none where nothing pays; and whether there was no room for another account
 */
export function bestDraft(
  situation: Situation,
  pools: PoolStates,
  candidates: readonly Candidate[],
): { draft: Draft; full: boolean } {
  const search = openSearch(situation, pools);
  let best = build(situation, search, candidates);
  const first = candidates.slice(0, candidates.length <= FEW ? FEW : 0);
  const alone = openSearch(situation, pools, false);
  for (const [index, candidate] of first.entries()) {
    const order = [candidate, ...candidates.filter((other) => other !== candidate)];
    for (const each of index === 0 ? [alone] : [search, alone]) {
      const other = build(situation, each, order);
      if (netOf(situation, other.draft) > netOf(situation, best.draft)) best = other;
    }
  }
  for (const seed of first.length > 1 ? search.together(first) : []) {
    const other = build(situation, search, candidates, seed);
    if (netOf(situation, other.draft) > netOf(situation, best.draft)) best = other;
  }
  const draft = follow(situation, search, settle(situation, search, best.draft));
  // Each round has paid for itself; the plan has to pay for being one.
  return { draft: netOf(situation, draft) >= situation.minProfit ? draft : [], full: best.full };
}

/** Puts the candidates that `start` has not into it, in their order. */
function build(situation: Situation, search: Search, candidates: readonly Candidate[], start: Draft = []) {
  let draft = start;
  let full = false;
  const placedAlready = new Set(legsOf(start).map(({ of }) => of));
  for (const candidate of candidates.filter((each) => !placedAlready.has(each))) {
    full ||= !search.hasRoom(draft);
    if (full) break;
    const placed = search.place(draft, candidate);
    // What a plan and its first round cost is not for the first to pay alone: others may share both.
    if (!placed || (draft.length > 0 && placed.gain <= 0n)) continue;
    if (search.fits(placed.draft)) draft = placed.draft;
    else full = true;
  }
  return { draft: settle(situation, search, draft), full };
}

/** Tries sizes, and of a few also places, again in view of each other until nothing is gained. */
function settle(situation: Situation, search: Search, start: Draft): Draft {
  let draft = start;
  const few = legsOf(draft).length <= EXCHANGED;
  for (let pass = 0; pass < (few ? PASSES : 1); pass++) {
    const before = netOf(situation, draft);
    for (const leg of legsOf(draft)) {
      // Among many, one that is taken whole was still worth it behind those before it.
      if (few || leg.option !== leg.largest) draft = search.again(draft, leg, few);
    }
    if (netOf(situation, draft) <= before) break;
  }
  return draft;
}

/** The best plan for one account, whether it pays or not; `undefined` where nothing covers the debt. */
export const bestAlone = (situation: Situation, pools: PoolStates, candidate: Candidate): Draft | undefined =>
  openSearch(situation, pools).place([], candidate)?.draft;

type Search = ReturnType<typeof openSearch>;

/** @param shares - whether sales may be shared between routes */
function openSearch(situation: Situation, pools: PoolStates, shares = true) {
  const { protocol, market, timestamp, limits } = situation;
  const known = new Map<string, Way[]>();
  const waysOf = ({ debtAsset, collateralAsset }: Option): Way[] => {
    const key = `${debtAsset}${collateralAsset}`;
    const every = known.get(key) ?? waysFor(situation, pools, debtAsset, collateralAsset);
    const ways = shares ? every : every.filter((way) => way.kind === 'flash swap' || way.routes.length === 0);
    known.set(key, ways);
    return ways;
  };
  const fits = (draft: Draft) => gasOf(draft) <= limits.gas && legsOf(draft).length <= limits.legs;

  /** The draft with a leg at its best size in a round of it, or in one of its own behind the last. */
  function sized(draft: Draft, at: number, round: RoundDraft, leg: Omit<PlannedLeg, 'option'>): Placed | undefined {
    const { of, largest } = leg;
    const cut = (repay: bigint) => protocol.resize(market, of.state, of.account, timestamp, largest, repay);
    const draftOf = (repay: bigint) => {
      const option = cut(repay);
      if (!option) return undefined;
      return withRound(situation, pools, draft, at, { way: round.way, legs: [...round.legs, { ...leg, option }] });
    };
    const before = netOf(situation, draft);
    const gainOf = (repay: bigint) => {
      const found = draftOf(repay);
      return found && netOf(situation, found) - before;
    };
    const best = bestSize(largest.repay, cut(largest.repay - 1n)?.repay ?? 0n, gainOf);
    return best && { draft: draftOf(best.size)!, gain: best.value };
  }

  /** No more than this is gained by a loan and a sale: all the bonus, less the lender's fee, the lowest fee of a pool, and gas. */
  function mostOf(draft: Draft, way: Way & { kind: 'loan' }, { debtAsset, funding, repay, seized }: Option) {
    const [debtPrice, price] = [situation.priceOf(debtAsset), situation.priceOf(way.collateral)];
    const loan = situation.lend(debtAsset, funding);
    if (debtPrice === undefined || price === undefined || !loan) return undefined;
    const fees = way.routes.map(({ hops }) => Math.min(...hops.map(({ pool }) => pools.get(pool)?.fee ?? 0)));
    const fee = fees.length === 0 ? 0n : BigInt(Math.min(...fees));
    const sold = (seized * price * (PPM - fee)) / PPM;
    const ways = draft.map((round) => round.way);
    const base = baseCost(situation, [...ways, way]) - (draft.length === 0 ? 0n : baseCost(situation, ways));
    return (sold - (repay + loan.fee) * debtPrice) / PRICE_SCALE - roundCost(situation, way, 1, 0) - base;
  }

  /** Rounds of the pair, of each way the last: those before it stopped growing because another leg was not worth the risk. */
  function joinable(draft: Draft, from: number, { debtAsset, collateralAsset }: Option): Iterable<number> {
    const last = new Map<Way, number>();
    for (const [at, { way }] of draft.entries()) {
      if (at >= from && way.debt === debtAsset && way.collateral === collateralAsset) last.set(way, at);
    }
    return last.values();
  }

  /** The best place for an account; rounds before `from` are not for it. */
  function place(draft: Draft, of: Candidate, from = 0): Placed | undefined {
    let best: Placed | undefined;
    const consider = (placed: Placed | undefined) => {
      if (placed && (!best || placed.gain > best.gain)) best = placed;
    };
    for (const largest of of.options) {
      for (const at of joinable(draft, from, largest)) {
        const { way, legs } = draft[at]!;
        consider(sized(draft, at, { way, legs }, { of, largest }));
      }
      for (const way of waysOf(largest)) {
        const most = way.kind === 'loan' && best ? mostOf(draft, way, largest) : undefined;
        if (most !== undefined && best && best.gain >= most) continue;
        consider(sized(draft, draft.length, { way, legs: [] }, { of, largest }));
      }
    }
    return best;
  }

  /** For each way that several of the accounts could go, a draft of one round with all of them. */
  function together(accounts: readonly Candidate[]): Draft[] {
    const going = new Map<Way, { of: Candidate; largest: Option }[]>();
    for (const of of accounts) {
      for (const largest of of.options) {
        for (const way of waysOf(largest)) going.set(way, [...(going.get(way) ?? []), { of, largest }]);
      }
    }
    return [...going].flatMap(([way, legs]): Draft[] => {
      if (legs.length < 2 || way.kind === 'loan') return [];
      let draft: Draft = [];
      for (const leg of legs) {
        const placed = sized(draft, 0, { way, legs: draft[0]?.legs ?? [] }, leg);
        if (placed && fits(placed.draft)) draft = placed.draft;
      }
      return draft.length > 0 ? [draft] : [];
    });
  }

  return {
    fits,
    together,
    hasRoom: (draft: Draft) => legsOf(draft).length < limits.legs,
    place,
    /** Takes a leg out and puts it back where and as large as is best now, or leaves it where it is. */
    again(draft: Draft, leg: PlannedLeg, anywhere: boolean): Draft {
      const at = draft.findIndex(({ legs }) => legs.includes(leg));
      const round = draft[at]!;
      const others = round.legs.filter((other) => other !== leg);
      const without = withRound(
        situation,
        pools,
        draft,
        at,
        others.length > 0 ? { ...round, legs: others } : undefined,
      );
      if (!without) return draft;
      const placed =
        anywhere || others.length === 0
          ? place(without, leg.of)
          : sized(without, at, { way: round.way, legs: others }, { of: leg.of, largest: leg.largest });
      const now = placed && placed.gain > 0n && fits(placed.draft) ? placed.draft : without;
      return netOf(situation, now) > netOf(situation, draft) ? now : draft;
    },
  };
}

/**
 * What the protocol allows of an account once its first liquidation has happened: other debts, other collateral, or the same
 * pair over another pool. It comes after the first, which is not touched any more.
 */
function follow(situation: Situation, search: Search, draft: Draft): Draft {
  const { protocol, market, timestamp } = situation;
  let now = draft;
  for (const first of legsOf(draft)) {
    for (let last: PlannedLeg | undefined = first; last && search.hasRoom(now); ) {
      const { state, account } = last.of;
      const next = protocol.after(market, state, account, timestamp, last.option);
      const options = next ? protocol.options(market, next.state, next.account, timestamp) : [];
      const current: PlannedLeg = last;
      const from = now.findIndex(({ legs }) => legs.includes(current));
      const of: Candidate | undefined = next && { ...next, options };
      const placed: Placed | undefined = of && search.place(now, of, from);
      last = undefined;
      if (!placed || placed.gain <= 0n || !search.fits(placed.draft)) continue;
      now = placed.draft;
      last = legsOf(now).find((leg) => leg.of === of);
    }
  }
  return now;
}
