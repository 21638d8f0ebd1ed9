import type { Coefficients } from '../protocols/protocol.ts';

/** Cells are of one kind where group and slot are the same, and with them the coefficient. */
export type Kinds = {
  /** As many as there are, `NOTHING` included. */
  readonly size: number;
  /** The number of a kind; a new one takes the next. Those after the 65,535th have one number, `ANY`. */
  of(group: number, slot: number): number;
  /** The coefficient of each kind, in the order of their numbers; NaN for what the protocol knows nothing of. */
  values(coefficients: Coefficients): Float64Array;
};

/** The kind of cells that a row does not need. */
export const NOTHING = 0;
/** The kind of whatever came after there were no more numbers. It has no coefficient: whoever has it is judged. */
export const ANY = 65_535;

const SLOTS = 65_536;

export function createKinds(): Kinds {
  const numbers = new Map<number, number>();
  const kinds = [{ group: 0, slot: -1 }];
  let values = new Float64Array(0);
  return {
    get size() {
      return kinds.length;
    },

    of(group, slot) {
      const key = group * SLOTS + slot;
      const known = numbers.get(key);
      if (known !== undefined) return known;
      if (kinds.length === ANY) return ANY;
      numbers.set(key, kinds.length);
      return kinds.push({ group, slot }) - 1;
    },

    values({ groups, slots, values: given }) {
      if (values.length < kinds.length) values = new Float64Array(kinds.length);
      for (const [kind, { group, slot }] of kinds.entries()) {
        values[kind] = group < groups && slot < slots ? given[group * slots + slot]! : Number.NaN;
      }
      values[NOTHING] = 0;
      return values;
    },
  };
}
