import type { Summary } from './execution/dispatcher-state.ts';
import type { Report } from './report/report.ts';

/**
 * What a run with `--once` has come to so far.
 *
 * - `acted`: its one head is over; what was sent there is still followed.
 * - `failed`: something of that head could not be read or done.
 * - `due`: accounts under water there, in all markets.
 * - `would`: legs that would have been sent in a dry run.
 */
export type Once = { acted: boolean; failed: boolean; due: number; would: number };

export const newOnce = (): Once => ({ acted: false, failed: false, due: 0, would: 0 });

/**
 * Why a run with `--once` has nothing to show, in one line; `undefined` where something landed, or would have in a dry run, or
 * where nobody was under water.
 */
export function whyUndone({ failed, due, would }: Once, { liquidated }: Summary): string | undefined {
  if (failed) return '--once: the head failed; the lines above say why';
  if (due === 0 || liquidated + would > 0) return undefined;
  return `--once: ${due} accounts are under water and nothing was done about any of them; the lines above say why`;
}

/** The report, counting what would be sent if this were no dry run. */
export const counting = (report: Report, once: Once): Report => ({
  ...report,
  wouldSend(offer, expected) {
    once.would += offer.sent.length;
    report.wouldSend(offer, expected);
  },
});
