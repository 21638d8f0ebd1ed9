/** Numbers below 1 that a seed gives (mulberry32). */
function random(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function shuffled(values, next) {
  const all = [...values];
  for (let at = all.length - 1; at > 0; at--) {
    const other = Math.floor(next() * (at + 1));
    [all[at], all[other]] = [all[other], all[at]];
  }
  return all;
}

/** A file's mutants, one of each line before a second of any. */
function byTurns(mutants, next) {
  const lines = Map.groupBy(shuffled(mutants, next), ({ line }) => line);
  const turns = shuffled([...lines.values()], next);
  const most = Math.max(0, ...turns.map(({ length }) => length));
  return Array.from({ length: most }, (_, turn) => turns.flatMap((line) => line.slice(turn, turn + 1))).flat();
}

/**
 * A sample spread by lines: each file has a share as large as its part of all lines that can be mutated, and at least one mutant.
 * @param {{ file: string, line: number }[]} mutants
 * @param {number} size how many; all where there are no more
 * @param {number} seed the same gives the same
 */
export function sampleOf(mutants, size, seed) {
  const next = random(seed);
  const files = [...Map.groupBy(mutants, ({ file }) => file).values()].map((of) => ({
    queue: byTurns(of, next),
    lines: new Set(of.map(({ line }) => line)).size,
    taken: 0,
  }));
  // One after the other to the file that has least of its share; those without any are first.
  const least = () => {
    const open = files.filter(({ queue, taken }) => taken < queue.length);
    return open.reduce((a, b) => (b.taken / b.lines < a.taken / a.lines ? b : a));
  };
  for (let left = Math.min(size, mutants.length); left > 0; left--) least().taken += 1;
  return files.flatMap(({ queue, taken }) => queue.slice(0, taken));
}
