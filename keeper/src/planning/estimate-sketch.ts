import type { Address } from 'viem';
import { drawn, type Estimator, type SketchedLeg, type SketchedRound } from './estimate-round.ts';
import type { Floats, SketchedWay } from './estimate-ways.ts';

// A plan in floats, to choose by: what is chosen is then computed exactly.

/** A plan in the making: `net` wei after everything, `gas` of its rounds, `base` wei beside them. */
export type Sketch = {
  rounds: readonly SketchedRound[];
  legs: number;
  tokens: ReadonlySet<Address>;
  gas: number;
  base: number;
  net: number;
};

export const EMPTY: Sketch = { rounds: [], legs: 0, tokens: new Set(), gas: 0, base: 0, net: 0 };

/** What sketches are drawn with. The pools stand as `rounds` leave them; `marks` say how to take each of those back. */
export type Sketcher = Estimator & { rounds: SketchedRound[]; marks: number[] };

/** Pools as they are at the head. */
export const openSketcher = (floats: Floats): Sketcher => ({ floats, crossed: 0, rounds: [], marks: [] });

/** Leaves the pools as the first rounds of a sketch do; of those that they stand behind already nothing is moved. */
export function goTo(sketcher: Sketcher, sketch: Sketch, at: number): void {
  const { rounds, marks, floats } = sketcher;
  const { estimates } = floats;
  let same = 0;
  while (same < at && same < rounds.length && rounds[same] === sketch.rounds[same]) same++;
  if (same < rounds.length) {
    estimates.undo(marks[same]!);
    rounds.length = same;
    marks.length = same;
  }
  for (; same < at; same++) {
    const round = sketch.rounds[same]!;
    marks.push(estimates.mark());
    rounds.push(round);
    for (const standing of round.after) estimates.put(standing);
  }
}

/** What a plan costs more with a round of a way. */
export function baseWith({ floats }: Sketcher, { tokens, rounds }: Sketch, { way, tokenCost }: SketchedWay): number {
  const more = (tokens.has(way.spend) ? 0 : 1) + (way.gain === way.spend || tokens.has(way.gain) ? 0 : 1);
  return (rounds.length === 0 ? floats.plain : 0) + more * tokenCost;
}

/** @param tokens - of the rounds' ways, where they are known */
function sketchOf(
  { plain }: Floats,
  rounds: readonly SketchedRound[],
  tokens: ReadonlySet<Address> = tokensOf(rounds),
): Sketch {
  const base = rounds.length === 0 ? 0 : plain + tokens.size * rounds[0]!.way.tokenCost;
  let [net, legs, gas] = [-base, 0, 0];
  for (const round of rounds) {
    net += round.net;
    legs += round.legs.length;
    gas += round.gas;
  }
  return { rounds, legs, tokens, gas, base, net };
}

function tokensOf(rounds: readonly SketchedRound[]): Set<Address> {
  const tokens = new Set<Address>();
  for (const { way } of rounds) tokens.add(way.way.spend).add(way.way.gain);
  return tokens;
}

const NONE: readonly number[] = [];

/** Where the later rounds stand that use a pool which the round at `at` changes, or changed, or such a one does. */
export function tailOf({ rounds }: Sketch, at: number, way: SketchedWay): readonly number[] {
  if (at + 1 >= rounds.length) return NONE;
  const tail: number[] = [];
  const touched = new Set(way.pools);
  for (const pool of rounds[at]!.way.pools) touched.add(pool);
  for (let later = at + 1; later < rounds.length; later++) {
    const { pools } = rounds[later]!.way;
    if (touched.isDisjointFrom(pools)) continue;
    tail.push(later);
    for (const pool of pools) touched.add(pool);
  }
  return tail;
}

/**
 * The sketch with other legs in the round at `at`, or in one behind its last; without it where there are none. Later rounds that this
 * concerns are estimated again. `undefined` where one does not work any more.
 *
 * @example
 * const sketch = withRound(sketcher, EMPTY, 0, way, [leg]);
 */
export function withRound(
  sketcher: Sketcher,
  sketch: Sketch,
  at: number,
  way: SketchedWay,
  legs: readonly SketchedLeg[],
): Sketch | undefined {
  const { estimates } = sketcher.floats;
  goTo(sketcher, sketch, at);
  const mark = estimates.mark();
  const rounds = roundsWith(sketcher, sketch, at, way, legs);
  estimates.undo(mark);
  if (!rounds) return undefined;
  const isSameWay = legs.length > 0 && sketch.rounds[at]?.way === way;
  return sketchOf(sketcher.floats, rounds, isSameWay ? sketch.tokens : undefined);
}

/** Moves the pools as those from `at` on do. */
function roundsWith(
  sketcher: Sketcher,
  sketch: Sketch,
  at: number,
  way: SketchedWay,
  legs: readonly SketchedLeg[],
): SketchedRound[] | undefined {
  const { estimates } = sketcher.floats;
  const rounds = sketch.rounds.slice(0, at);
  if (legs.length > 0) {
    const round = drawn(sketcher, way, legs);
    if (!round) return undefined;
    rounds.push(round);
  }
  const tail = tailOf(sketch, at, way);
  let next = 0;
  for (let later = at + 1; later < sketch.rounds.length; later++) {
    const old = sketch.rounds[later]!;
    if (later !== tail[next]) {
      for (const standing of old.after) estimates.put(standing);
      rounds.push(old);
      continue;
    }
    next++;
    const round = drawn(sketcher, old.way, old.legs);
    if (!round) return undefined;
    rounds.push(round);
  }
  return rounds;
}

/** A sketch's legs in order. */
export const legsIn = ({ rounds }: Sketch): SketchedLeg[] => rounds.flatMap(({ legs }) => legs);
