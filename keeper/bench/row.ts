/**
 * One measured number. Every `*.bench.ts` in this folder exports by default a function that gives some.
 *
 * - `value`: `null` where it could not be measured here; `note` then says why.
 * - `target`: the most it may be, or the least with `atLeast`.
 */
export type Row = {
  name: string;
  value: number | null;
  unit: string;
  target?: number;
  atLeast?: boolean;
  note?: string;
};

export const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** Milliseconds of each of `runs` calls. */
export function timed(runs: number, call: () => unknown): number[] {
  return Array.from({ length: runs }, () => {
    const from = performance.now();
    call();
    return performance.now() - from;
  });
}
