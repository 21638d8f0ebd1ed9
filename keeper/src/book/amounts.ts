/** Words of 64 bits that a cell's exact amount takes: the low one first. */
export const AMOUNT_WORDS = 2;

const MARK = 1n << 63n;
const LARGE = 1n << 127n;
/** What V8 spends on a bigint of 256 bits and its place in an array. */
const LARGE_BYTES = 56;

/** Exact amounts in two words each; the few of 2^127 and more are kept aside, and their cell says where. */
export type Amounts = {
  write(exact: BigUint64Array, at: number, amount: bigint): void;
  read(exact: BigUint64Array, at: number): bigint;
  /** To be called before a cell is written again or given up. */
  release(exact: BigUint64Array, at: number): void;
  bytes(): number;
};

export function createAmounts(): Amounts {
  const large: bigint[] = [];
  const free: number[] = [];
  return {
    write(exact, at, amount) {
      if (amount < LARGE) {
        // The array keeps the low 64 bits of what it is given.
        exact[at] = amount;
        exact[at + 1] = amount >> 64n;
        return;
      }
      const place = free.pop() ?? large.length;
      large[place] = amount;
      exact[at] = BigInt(place);
      exact[at + 1] = MARK;
    },
    read(exact, at) {
      const [low, high] = [exact[at]!, exact[at + 1]!];
      return high === MARK ? large[Number(low)]! : (high << 64n) | low;
    },
    release(exact, at) {
      if (exact[at + 1] !== MARK) return;
      const place = Number(exact[at]);
      large[place] = 0n;
      free.push(place);
    },
    bytes: () => large.length * LARGE_BYTES,
  };
}
