import type { Address } from 'viem';

/** A deterministic stream of random choices. */
export type Random = {
  /** In [0, 1). */
  next(): number;
  /** Whole, below `limit`. */
  below(limit: number): number;
  among<T>(values: readonly T[]): T;
  /** Up to 2^`bits` - 1, small and large ones alike. */
  sized(bits: number): bigint;
  address(): Address;
};

export function random(seed: number): Random {
  let state = seed >>> 0;
  const word = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  const next = () => word() / 2 ** 32;
  const below = (limit: number) => Math.floor(next() * limit);
  return {
    next,
    below,
    among: (values) => values[below(values.length)]!,
    sized(bits) {
      const width = BigInt(below(bits + 1));
      let value = 0n;
      for (let have = 0n; have < width; have += 32n) value = (value << 32n) | BigInt(word());
      return value & ((1n << width) - 1n);
    },
    address: () => `0x${Array.from({ length: 5 }, () => word().toString(16).padStart(8, '0')).join('')}`,
  };
}
