/** Pseudo-random numbers of one seed: the same seed gives the same sequence on every machine. */
export type Random = {
  /** The next number in [0, 1). */
  next(): number;
  /** A number in [low, high). */
  between(low: number, high: number): number;
  /** A number in [low, high) whose logarithm is uniform: small ones are as frequent as large ones. */
  logBetween(low: number, high: number): number;
  /** `count` different members of `from`, in random order. */
  pick<T>(from: readonly T[], count: number): T[];
};

/** mulberry32, a 32-bit generator: plenty for test data, useless for secrets. */
export function random(seed: number): Random {
  let state = seed | 0;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: (low, high) => low + (high - low) * next(),
    logBetween: (low, high) => low * (high / low) ** next(),
    pick: (from, count) => {
      const rest = [...from];
      return Array.from(
        { length: Math.min(count, from.length) },
        () => rest.splice(Math.floor(next() * rest.length), 1)[0]!,
      );
    },
  };
}
