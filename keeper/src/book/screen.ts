import type { Address } from 'viem';
import type { Coefficients } from '../protocols/protocol.ts';
import { type Columns, rowNumber } from './columns.ts';
import { kernelOf, type Pass, useCoefficients } from './kernels.ts';
import { smallest } from './smallest.ts';

/** An account with debt and its slack. */
export type Near = { address: Address; slack: number };

/** The fast pass over a book. */
type Screen = {
  /**
   * Sums every account with `coefficients` and leaves out only those that cannot be under water.
   * @param dust - base currency: who owes less, as far as floats can tell, is left out too
   * @returns numbers of rows; valid until the next pass or the next change of the columns
   */
  suspects(coefficients: Coefficients, dust?: number): Int32Array;
  /**
   * The `count` accounts with debt that were nearest to the line at the last pass, the nearest first. Slack is
   * (C - D) / (C + D) for weighted collateral C and debt D: C(1 - x) ≥ D(1 + x) holds up to that x. Accounts whose sum is
   * not a number are left out.
   */
  nearest(count: number): Near[];
};

/** Unit roundoff of a float64: no operation is off by more than this part of its result. */
const U = 2 ** -53;

/*
 * Why no account under water is missed. Let t = c·a be the exact value of a cell, c the real coefficient and a the whole
 * amount, S = Σ t and G = Σ |t| over its n cells.
 *
 * 1. The protocol promises: under water ⇒ S < n·rounding (integer roundings lower one cell's value by less than `rounding`).
 * 2. The float coefficient is off by 4U, the float amount by U, their product by U again: each term carries at most 6
 *    factors (1 + δ), |δ| ≤ U. Adding n terms in any order puts at most n - 1 more on each. With γ = (n+5)U / (1 - (n+5)U):
 *      |net - S| ≤ γ·G    and    gross ≥ (1 - γ)·G,    so    net ≤ S + γ/(1 - γ)·gross.
 *    Padding cells add exact zeros. Underflow adds less than 2^-1074 a cell, and rounding is not that small.
 * 3. Hence under water ⇒ net < n·rounding + γ/(1 - γ)·gross. `relative` is (2n + 16)U, more than γ/(1 - γ) by over
 *    (n + 10)U, and `absolute` is n·rounding raised by 2^-40: that is far more than what three roundings (3U of the sum)
 *    can take off `absolute + relative · gross` itself, and the few U that `rounding` was computed with.
 * 4. Infinite amounts or coefficients make net or gross infinite or NaN, and no comparison with such a bound is true.
 */
export const boundOf = (cells: number, rounding: number): { absolute: number; relative: number } => ({
  absolute: cells * rounding * (1 + 2 ** -40),
  relative: (2 * cells + 16) * U,
});

/**
 * The screen of a book's columns. See {@link Screen}.
 * @example
 * createScreen(columns).suspects(view.coefficients); // row numbers
 */
export function createScreen(columns: Columns): Screen {
  const kernels = columns.classes.map(({ stride }) => kernelOf(stride));
  let found = new Int32Array(0);

  return {
    suspects(coefficients, dust = 0) {
      useCoefficients(columns.kinds.values(coefficients));
      if (found.length < columns.size) found = new Int32Array(Math.ceil(columns.size * 1.25));
      let count = 0;
      for (const rowClass of columns.classes) {
        const { id, stride, rowsPerPage, pages } = rowClass;
        // Who has no cells owes nothing.
        if (stride === 0) continue;
        const pass: Pass = {
          ...boundOf(stride, coefficients.rounding),
          dust: 2 * dust,
          suspects: found,
        };
        for (let first = 0, page = 0; first < rowClass.count; first += rowsPerPage, page++) {
          const rows = Math.min(rowsPerPage, rowClass.count - first);
          count = kernels[id]!(pages[page]!, rows, rowNumber(rowClass, first), count, pass);
        }
      }
      return found.subarray(0, count);
    },

    nearest(count) {
      const nearest = smallest(count);
      // Without debt C - D is C + D, and the slack exactly 1.
      let bound = 1;
      for (const rowClass of columns.classes) {
        if (rowClass.stride === 0) continue;
        for (let first = 0, page = 0; first < rowClass.count; first += rowClass.rowsPerPage, page++) {
          const { slack } = rowClass.pages[page]!;
          const rows = Math.min(rowClass.rowsPerPage, rowClass.count - first);
          for (let row = 0; row < rows; row++) {
            if (slack[row]! < bound) bound = Math.min(1, nearest.offer(slack[row]!, rowNumber(rowClass, first + row)));
          }
        }
      }
      return nearest.sorted().map(({ key, item }) => ({ address: columns.addressAt(item), slack: key }));
    },
  };
}
