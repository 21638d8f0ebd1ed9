import type { Refusal } from './log-refusal.ts';

/** Ranges that have to go well before one is tried that was refused; twice as many after each time it is refused again. */
const PATIENCE = 16;
/** The same for what the node stated as its limit. */
const PATIENCE_STATED = 256;

/** How many blocks to ask for at a time, as the refusals teach it. */
export type Span = {
  readonly length: bigint;
  /** A range of so many blocks was answered. */
  took(blocks: bigint): void;
  /** A range was refused: the length to ask for instead. */
  refused(range: { from: bigint; to: bigint }, refusal: Refusal): bigint;
};

/** @param longest - most blocks a range */
export function createSpan(longest: bigint): Span {
  let length = longest;
  /** Shortest length that was refused, until there is reason to try it again. */
  let barrier: bigint | undefined;
  let patience = PATIENCE;
  let successes = 0;

  return {
    get length() {
      return length;
    },
    took(blocks) {
      if (blocks < length) return;
      successes += 1;
      if (barrier !== undefined && successes >= patience) [barrier, patience, successes] = [undefined, patience * 2, 0];
      // Halving is cheap next to staying small for the rest of the chain.
      const doubled = length * 2n;
      const most = barrier !== undefined && barrier <= longest ? barrier - 1n : longest;
      if (barrier === undefined || doubled < barrier) length = doubled < most ? doubled : most;
    },
    refused({ from, to }, refusal) {
      const tried = to - from + 1n;
      const { blocks, to: suggested } = refusal.kind === 'range' ? refusal : {};
      const fits = (candidate: bigint | undefined) => candidate !== undefined && candidate > 0n && candidate < tried;
      const proposed = suggested === undefined ? undefined : suggested - from + 1n;
      let next = tried / 2n;
      if (fits(blocks)) {
        next = blocks!;
        patience = PATIENCE_STATED;
        barrier = next + 1n;
      } else {
        if (fits(proposed)) next = proposed!;
        if (barrier === undefined || tried < barrier) barrier = tried;
      }
      successes = 0;
      // Several of the old length may have been on their way.
      if (next < length) length = next;
      return next;
    },
  };
}
