import type { Page } from './page.ts';

/** What a pass over one page is given. */
export type Pass = {
  /** Coefficients at `group * width + slot + 1`; column 0 is all zeros. */
  table: Float64Array;
  width: number;
  /** A row is a candidate unless net > absolute + relative · gross, */
  absolute: number;
  relative: number;
  /** or gross - net, which is twice its debt, is below this. */
  dust: number;
  /** Numbers of the candidates found, the next one to be written at `count`. */
  candidates: Int32Array;
};

/**
 * Sums `rows` rows of a page, writes each one's slack, and the numbers of candidates, the page's first row being
 * `firstRow`.
 *
 * No branch depends on the data: every row's number is written, and the count moves on if it is a candidate. The
 * comparisons are written so that NaN is one.
 * @returns the new count
 */
export type Kernel = (page: Page, rows: number, firstRow: number, count: number, pass: Pass) => number;

// The first three are the same sum unrolled: a trip count that is known keeps the products in registers, 3 times as fast.

const one: Kernel = (page, rows, firstRow, count, { table, width, absolute, relative, dust, candidates }) => {
  const { slots, floats, groups, slack } = page;
  let found = count;
  for (let row = 0; row < rows; row++) {
    const net = table[Math.imul(groups[row]!, width) + slots[row]!]! * floats[row]!;
    const gross = Math.abs(net);
    slack[row] = net / gross;
    candidates[found] = firstRow + row;
    found += (net > absolute + relative * gross ? 0 : 1) & (gross - net < dust ? 0 : 1);
  }
  return found;
};

const two: Kernel = (page, rows, firstRow, count, { table, width, absolute, relative, dust, candidates }) => {
  const { slots, floats, groups, slack } = page;
  let found = count;
  for (let row = 0; row < rows; row++) {
    const base = Math.imul(groups[row]!, width);
    const cell = 2 * row;
    const a = table[base + slots[cell]!]! * floats[cell]!;
    const b = table[base + slots[cell + 1]!]! * floats[cell + 1]!;
    const net = a + b;
    const gross = Math.abs(a) + Math.abs(b);
    slack[row] = net / gross;
    candidates[found] = firstRow + row;
    found += (net > absolute + relative * gross ? 0 : 1) & (gross - net < dust ? 0 : 1);
  }
  return found;
};

const four: Kernel = (page, rows, firstRow, count, { table, width, absolute, relative, dust, candidates }) => {
  const { slots, floats, groups, slack } = page;
  let found = count;
  for (let row = 0; row < rows; row++) {
    const base = Math.imul(groups[row]!, width);
    const cell = 4 * row;
    const a = table[base + slots[cell]!]! * floats[cell]!;
    const b = table[base + slots[cell + 1]!]! * floats[cell + 1]!;
    const c = table[base + slots[cell + 2]!]! * floats[cell + 2]!;
    const d = table[base + slots[cell + 3]!]! * floats[cell + 3]!;
    const net = a + b + (c + d);
    const gross = Math.abs(a) + Math.abs(b) + (Math.abs(c) + Math.abs(d));
    slack[row] = net / gross;
    candidates[found] = firstRow + row;
    found += (net > absolute + relative * gross ? 0 : 1) & (gross - net < dust ? 0 : 1);
  }
  return found;
};

/** For strides that are multiples of four. */
const byFours =
  (stride: number): Kernel =>
  (page, rows, firstRow, count, { table, width, absolute, relative, dust, candidates }) => {
    const { slots, floats, groups, slack } = page;
    let found = count;
    for (let row = 0; row < rows; row++) {
      const base = Math.imul(groups[row]!, width);
      let net = 0;
      let gross = 0;
      for (let cell = stride * row, end = cell + stride; cell < end; cell += 4) {
        const a = table[base + slots[cell]!]! * floats[cell]!;
        const b = table[base + slots[cell + 1]!]! * floats[cell + 1]!;
        const c = table[base + slots[cell + 2]!]! * floats[cell + 2]!;
        const d = table[base + slots[cell + 3]!]! * floats[cell + 3]!;
        net += a + b + (c + d);
        gross += Math.abs(a) + Math.abs(b) + (Math.abs(c) + Math.abs(d));
      }
      slack[row] = net / gross;
      candidates[found] = firstRow + row;
      found += (net > absolute + relative * gross ? 0 : 1) & (gross - net < dust ? 0 : 1);
    }
    return found;
  };

/** The kernel of a stride, a power of two. */
export function kernelOf(stride: number): Kernel {
  if (stride === 1) return one;
  if (stride === 2) return two;
  return stride === 4 ? four : byFours(stride);
}
