import { ANY } from './kinds.ts';
import { CELLS_PER_PAGE, type Page } from './page.ts';

/** What a pass over one page is given, besides the coefficients. */
export type Pass = {
  /** A row is a suspect unless net > absolute + relative · gross, */
  absolute: number;
  relative: number;
  /** or gross - net, which is twice its debt, is below this. */
  dust: number;
  /** Numbers of the suspects found, the next one to be written at `count`. */
  suspects: Int32Array;
};

/**
 * Sums `rows` rows of a page, writes each one's slack, and the numbers of suspects, the page's first row being
 * `firstRow`. The comparisons are written so that NaN is a suspect.
 *
 * They are branches: rows near the line are few, and where they are many, judging one costs hundreds of wrong guesses.
 * @returns the new count
 */
type Kernel = (page: Page, rows: number, firstRow: number, count: number, pass: Pass) => number;

/*
 * What V8 makes of a kernel is bound by the number of its instructions, so there are as few as it allows:
 * - an array of the module itself, not exported, is a constant to the compiler, address and length;
 * - indices bounded by a number that is known need no checks for overflow, nor a sign;
 * - a row of known length is summed in registers.
 * Together that takes half the time of the same sums over a table that is passed in.
 */

/** The coefficient of each kind of cell, for the pass that is under way. */
const table = new Float64Array(ANY + 1);
const SINGLES = CELLS_PER_PAGE;
const PAIRS = CELLS_PER_PAGE / 2;
const FOURS = CELLS_PER_PAGE / 4;
const EIGHTS = CELLS_PER_PAGE / 8;

/** Sets what the next passes sum with: the coefficient of each kind, by number. */
export function useCoefficients(values: Float64Array): void {
  table.set(values);
  table[ANY] = Number.NaN;
}

const one: Kernel = (page, rows, firstRow, count, { absolute, relative, dust, suspects }) => {
  const { kinds, floats, slack } = page;
  let found = count;
  for (let row = 0; row < SINGLES && row < rows; row++) {
    const net = table[kinds[row]!]! * floats[row]!;
    const gross = Math.abs(net);
    slack[row] = net / gross;
    if (net > absolute + relative * gross || gross - net < dust) continue;
    suspects[found++] = firstRow + row;
  }
  return found;
};

const two: Kernel = (page, rows, firstRow, count, { absolute, relative, dust, suspects }) => {
  const { kinds, floats, slack } = page;
  let found = count;
  for (let row = 0; row < PAIRS && row < rows; row++) {
    const cell = 2 * row;
    const a = table[kinds[cell]!]! * floats[cell]!;
    const b = table[kinds[cell + 1]!]! * floats[cell + 1]!;
    const net = a + b;
    const gross = Math.abs(a) + Math.abs(b);
    slack[row] = net / gross;
    if (net > absolute + relative * gross || gross - net < dust) continue;
    suspects[found++] = firstRow + row;
  }
  return found;
};

const four: Kernel = (page, rows, firstRow, count, { absolute, relative, dust, suspects }) => {
  const { kinds, floats, slack } = page;
  let found = count;
  for (let row = 0; row < FOURS && row < rows; row++) {
    const cell = 4 * row;
    const a = table[kinds[cell]!]! * floats[cell]!;
    const b = table[kinds[cell + 1]!]! * floats[cell + 1]!;
    const c = table[kinds[cell + 2]!]! * floats[cell + 2]!;
    const d = table[kinds[cell + 3]!]! * floats[cell + 3]!;
    const net = a + b + (c + d);
    const gross = Math.abs(a) + Math.abs(b) + (Math.abs(c) + Math.abs(d));
    slack[row] = net / gross;
    if (net > absolute + relative * gross || gross - net < dust) continue;
    suspects[found++] = firstRow + row;
  }
  return found;
};

/** For strides that are multiples of eight. */
const byFours =
  (stride: number): Kernel =>
  (page, rows, firstRow, count, { absolute, relative, dust, suspects }) => {
    const { kinds, floats, slack } = page;
    let found = count;
    for (let row = 0; row < EIGHTS && row < rows; row++) {
      let net = 0;
      let gross = 0;
      for (let cell = stride * row, end = cell + stride; cell < end; cell += 4) {
        const a = table[kinds[cell]!]! * floats[cell]!;
        const b = table[kinds[cell + 1]!]! * floats[cell + 1]!;
        const c = table[kinds[cell + 2]!]! * floats[cell + 2]!;
        const d = table[kinds[cell + 3]!]! * floats[cell + 3]!;
        net += a + b + (c + d);
        gross += Math.abs(a) + Math.abs(b) + (Math.abs(c) + Math.abs(d));
      }
      slack[row] = net / gross;
      if (net > absolute + relative * gross || gross - net < dust) continue;
      suspects[found++] = firstRow + row;
    }
    return found;
  };

/** The kernel of a stride, a power of two. */
export function kernelOf(stride: number): Kernel {
  if (stride === 1) return one;
  if (stride === 2) return two;
  return stride === 4 ? four : byFours(stride);
}
