import type { Logger } from '../log/log.ts';
import type { AlarmStatus } from '../store/status-snapshot.ts';

/** What somebody has to look at, until it is over. */
export type Alarms = {
  /**
   * Says how something stands: what is wrong with it is told once, and again only when it was right in between.
   *
   * @param about - what it is about: `clock`, `heads`, or a market and what of it
   * @param text - what is wrong, for people; `undefined` where nothing is
   * @param level - of the line that tells of it; `warn` when left out
   * @returns whether this is news
   */
  set(about: string, text: string | undefined, fields?: Record<string, unknown>, level?: 'warn' | 'error'): boolean;
  /** Those that are not over, the oldest first. */
  list(): AlarmStatus[];
};

/**
 * A board of alarms; each is a line of the log when it begins and when it is over.
 *
 * @example
 * const alarms = createAlarms(log);
 * alarms.set('heads', 'no new block for 120 s');
 * alarms.list(); // [{ about: 'heads', text: 'no new block for 120 s', since: '2026-…' }]
 */
export function createAlarms(log: Pick<Logger, 'error' | 'warn' | 'info'>): Alarms {
  const standing = new Map<string, AlarmStatus>();
  return {
    set(about, text, fields = {}, level = 'warn') {
      const before = standing.get(about);
      if (text === undefined) {
        if (standing.delete(about)) log.info({ about, was: before!.text, ...fields }, 'the alarm is over');
        return before !== undefined;
      }
      // Its numbers may go on changing: what it is about is the same.
      standing.set(about, { about, text, since: before?.since ?? new Date().toISOString() });
      if (!before) log[level]({ about, reason: text, ...fields }, 'alarm');
      return !before;
    },
    list: () => [...standing.values()],
  };
}
