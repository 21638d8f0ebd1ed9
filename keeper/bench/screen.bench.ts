import { createScreen } from '../src/book/screen.ts';
import { inventBook, inventCoefficients } from './book.ts';
import { nativeScreen } from './native.ts';
import { median, type Row, timed } from './row.ts';

const SIZES: [string, number, number | undefined][] = [
  ['1k', 1_000, undefined],
  ['10k', 10_000, undefined],
  ['100k', 100_000, 1],
  ['1m', 1_000_000, undefined],
];
const ROUNDS = 8;
const PASSES = 60;

/**
 * The screen over books of accounts with two collaterals and two debts, and against the same pass in C.
 *
 * C is compiled for the plain architecture, whose vectors are of 128 bits and have no gather. WebAssembly SIMD is the same
 * on both counts, so what it could give lies between the two: at best a ratio of 1.
 */
export default function screenBench(): Row[] {
  const coefficients = inventCoefficients();
  const rows: Row[] = [];
  for (const [name, accounts, target] of SIZES) {
    const columns = inventBook(accounts);
    const screen = createScreen(columns);
    const pass = () => screen.suspects(coefficients).length;
    timed(300, pass);
    const native = accounts === 100_000 ? nativeScreen(columns, coefficients) : undefined;
    const [ours, theirs]: [number[], number[]] = [[], []];
    // In turns, so that whatever else the machine does meets both.
    for (let round = 0; round < ROUNDS; round++) {
      ours.push(...timed(PASSES, pass));
      const measured = native?.run(PASSES);
      if (measured && measured.candidates !== pass())
        throw new Error(`C found ${measured.candidates}, the screen ${pass()}`);
      if (measured) theirs.push(measured.ms);
    }
    native?.remove();
    rows.push({ name: `screen.ms.${name}`, value: median(ours), unit: 'ms', ...(target ? { target } : {}) });
    if (accounts !== 100_000) continue;
    const ratio: Row = { name: 'screen.ratio-to-c.100k', value: null, unit: 'times', target: 6 };
    rows.push(
      native ? { ...ratio, value: median(ours) / median(theirs) } : { ...ratio, note: 'there is no C compiler' },
    );
    rows.push({ name: 'screen.nearest-100.ms.100k', value: median(timed(200, () => screen.nearest(100))), unit: 'ms' });
    rows.push({ name: 'book.bytes-per-account', value: columns.bytes() / accounts, unit: 'bytes', target: 300 });
  }
  return rows;
}
