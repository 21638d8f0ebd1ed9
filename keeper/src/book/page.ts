import { WORDS } from './address-index.ts';
import { AMOUNT_WORDS } from './amounts.ts';

/**
 * Rows of one class. A row's cells stand side by side; those it does not need have slot 0 and amount 0.
 *
 * - `slots`: slot + 1; `kinds`: group and slot by their number, for the screen.
 * - `floats`: the amount as the nearest float, for the screen; `exact`: the same in two words.
 * - `slack`: as the last screen left it; NaN of accounts it has not seen.
 */
export type Page = {
  slots: Uint16Array;
  kinds: Uint16Array;
  floats: Float64Array;
  exact: BigUint64Array;
  groups: Uint16Array;
  addresses: Uint32Array;
  slack: Float64Array;
  /** Each column with its elements a row. */
  widths: readonly (readonly [Column, number])[];
  bytes: number;
};

type Column = 'slots' | 'kinds' | 'floats' | 'exact' | 'groups' | 'addresses' | 'slack';

/** Half a megabyte a page: growing by one is no pause, and a small book is small. */
export const CELLS_PER_PAGE = 16_384;
const EMPTY_ROWS_PER_PAGE = 4_096;

/** Cells a row has room for; class 0 is for accounts without any. */
export const strideOf = (rowClass: number): number => (rowClass === 0 ? 0 : 1 << (rowClass - 1));

/** A power of two. */
export const rowsOfPage = (stride: number): number => (stride === 0 ? EMPTY_ROWS_PER_PAGE : CELLS_PER_PAGE / stride);

export function createPage(stride: number, rows: number): Page {
  const columns = {
    slots: new Uint16Array(rows * stride),
    kinds: new Uint16Array(rows * stride),
    floats: new Float64Array(rows * stride),
    exact: new BigUint64Array(rows * stride * AMOUNT_WORDS),
    groups: new Uint16Array(rows),
    addresses: new Uint32Array(rows * WORDS),
    slack: new Float64Array(rows),
  };
  return {
    ...columns,
    widths: [
      ['slots', stride],
      ['kinds', stride],
      ['floats', stride],
      ['exact', stride * AMOUNT_WORDS],
      ['groups', 1],
      ['addresses', WORDS],
      ['slack', 1],
    ],
    bytes: Object.values(columns).reduce((sum, { byteLength }) => sum + byteLength, 0),
  };
}
