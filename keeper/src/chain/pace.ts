/** Requests at a time: at first, and at most. */
const [FIRST, MOST] = [4, 16];
/** Pause after a refusal that names none: the first, doubling with each in a row, up to the longest, milliseconds. */
const [FIRST_PAUSE, LONGEST_PAUSE] = [250, 30_000];
/** Refusals in a row, each after a longer pause, that mean it is no matter of speed: some four minutes. */
const MOST_REFUSALS = 14;

/** How many requests at a time, as refusals for asking too often teach it: one more for each round that went well, half on a refusal. */
export type Pace = {
  readonly parallel: number;
  /** Milliseconds in which nothing is to be asked. */
  pause(): number;
  /** A request goes out; what it returns goes to `refused`. */
  begin(): number;
  went(): void;
  /** False when there is no use in going on. @param retryAfter - milliseconds, where the node names them */
  refused(begun: number, retryAfter?: number): boolean;
};

export function createPace(): Pace {
  let parallel = FIRST;
  let resumeAt = 0;
  /** Counts the times of halving: who was already on the way does not halve again. */
  let epoch = 0;
  let refusals = 0;

  return {
    get parallel() {
      return Math.floor(parallel);
    },
    pause: () => Math.max(0, resumeAt - Date.now()),
    begin: () => epoch,
    went() {
      refusals = 0;
      parallel = Math.min(MOST, parallel + 1 / parallel);
    },
    refused(begun, retryAfter) {
      const now = Date.now();
      if (begun === epoch) {
        epoch += 1;
        refusals += 1;
        parallel = Math.max(1, parallel / 2);
        const pause = Math.min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** (refusals - 1)) * (0.75 + Math.random() / 4);
        resumeAt = Math.max(resumeAt, now + pause);
      }
      if (retryAfter !== undefined) resumeAt = Math.max(resumeAt, now + retryAfter);
      return refusals < MOST_REFUSALS;
    },
  };
}
