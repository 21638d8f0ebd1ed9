import type { Account, Coefficients } from '../protocols/protocol.ts';

/** How much what the cells of a market are worth moves from head to head. It orders accounts, and decides nothing. */
type Volatility = {
  /** Takes the coefficients of the next head. */
  observe(coefficients: Coefficients): void;
  /**
   * Of an account: the mean relative move a head of its collaterals and debts, each by its worth at the last head. `CALM` and
   * more.
   */
  of(account: Account): number;
};

/** Each head counts for so much of the mean, and all before it for the rest. */
const NEWEST = 1 / 16;

/** Volatility of what never moves; what oracles tell of at all is about as much. */
export const CALM = 0.001;

/**
 * Volatility of which nothing is known yet. See {@link Volatility}.
 * @example
 * const volatility = createVolatility();
 * volatility.observe(view.coefficients);
 * volatility.of(account); // CALM, until a second head is observed
 */
export function createVolatility(): Volatility {
  let last: Coefficients = { groups: 0, slots: 0, values: new Float64Array(0), rounding: 0 };
  /** Mean moves, in the places of the coefficients. */
  let moves = new Float64Array(0);
  return {
    observe(coefficients) {
      const { groups, slots, values } = coefficients;
      // After a listing the places are others.
      const same = last.groups === groups && last.slots === slots;
      if (!same) moves = new Float64Array(values.length);
      for (let at = 0; same && at < values.length; at++) {
        const move = Math.abs(values[at]! / last.values[at]! - 1);
        // A price that failed or was nothing has no move.
        if (move < Number.POSITIVE_INFINITY) moves[at]! += NEWEST * (move - moves[at]!);
      }
      last = { ...coefficients, values: values.slice() };
    },

    of({ group, cells }) {
      let moved = 0;
      let worth = 0;
      for (const { slot, amount } of cells) {
        if (group >= last.groups || slot >= last.slots) continue;
        const at = group * last.slots + slot;
        const value = Math.abs(last.values[at]! * Number(amount));
        if (!(value < Number.POSITIVE_INFINITY)) continue;
        moved += value * moves[at]!;
        worth += value;
      }
      return CALM + (worth > 0 ? moved / worth : 0);
    },
  };
}
