import type { Head } from './chain/head.ts';
import { snapshotOf } from './report/snapshot.ts';
import type { Store } from './store/store.ts';

/** Milliseconds between two times that the status is written where no head comes. */
const EVERY = 10_000;

/** What the status tells of, beside the head. */
type Shown = Omit<Parameters<typeof snapshotOf>[0], 'head' | 'heardAt'>;

/** Writes what `status` shows: at each head, every few seconds between them, and once more at the end. */
export type StatusKeeper = {
  /** A head is about to be taken: the first of all is shown even where the keeper is told to stop in the middle of it. */
  begin(head: Head): void;
  /** A head was taken. */
  head(head: Head): void;
  /** What it tells of has changed while no head was taken. */
  write(): void;
  end(): void;
};

/**
 * @param shown - asked whenever it is written
 */
export function keepStatus(store: Pick<Store, 'writeStatus'>, shown: () => Shown): StatusKeeper {
  let heard: { head: Head; heardAt: number } | undefined;
  const write = () => {
    if (heard) store.writeStatus(snapshotOf({ ...shown(), ...heard }));
  };
  const writing = setInterval(write, EVERY).unref();
  return {
    begin(head) {
      heard ??= { head, heardAt: Date.now() };
    },
    head(head) {
      heard = { head, heardAt: Date.now() };
      write();
    },
    write,
    end() {
      clearInterval(writing);
      write();
    },
  };
}
