import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Columns } from '../src/book/columns.ts';
import { boundOf } from '../src/book/screen.ts';
import type { Coefficients } from '../src/protocols/protocol.ts';

/** The same pass in C over a copy of the same book. */
export type Native = {
  /** Candidates found, and the median of `passes` passes in milliseconds. */
  run(passes: number): { candidates: number; ms: number };
  remove(): void;
};

/**
 * Compiles screen.c with `cc -O3` into a folder of its own, and gives it the rows of four cells.
 * @returns undefined where there is no C compiler
 */
export function nativeScreen(columns: Columns, coefficients: Coefficients): Native | undefined {
  if (spawnSync('cc', ['--version']).error) return undefined;
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-bench-'));
  const [program, data] = [join(folder, 'screen'), join(folder, 'book')];
  const source = join(import.meta.dirname, 'screen.c');
  // No fused multiply-add: V8 has none, and it would not be the same arithmetic.
  execFileSync('cc', ['-O3', '-ffp-contract=off', '-o', program, source, '-lm']);
  const { pages, rowsPerPage, count, stride } = columns.classes.find(({ stride }) => stride === 4)!;
  const values = columns.kinds.values(coefficients);
  const { absolute, relative } = boundOf(stride, coefficients.rounding);
  const parts: ArrayBufferView[] = [
    Int32Array.of(Math.ceil(count / rowsPerPage), rowsPerPage, columns.kinds.size),
    Float64Array.of(absolute, relative),
    values,
  ];
  for (let first = 0, page = 0; first < count; first += rowsPerPage, page++) {
    const { kinds, floats } = pages[page]!;
    parts.push(Int32Array.of(Math.min(rowsPerPage, count - first), first), kinds, floats);
  }
  writeFileSync(data, Buffer.concat(parts.map((part) => Buffer.from(part.buffer, part.byteOffset, part.byteLength))));
  return {
    run(passes) {
      const [candidates, ns] = execFileSync(program, [data, String(passes)], { encoding: 'utf8' })
        .split(' ')
        .map(Number);
      return { candidates: candidates!, ms: ns! / 1e6 };
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
