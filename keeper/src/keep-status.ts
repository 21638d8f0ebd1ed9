import type { Head } from './chain/head.ts';
import type { Dispatcher } from './execution/dispatcher.ts';
import type { Purse } from './execution/purse.ts';
import type { Ready } from './preflight.ts';
import { snapshotOf } from './report/snapshot.ts';
import type { Store } from './store/store.ts';
import type { Watch } from './watch.ts';

/** Milliseconds between two times that the status is written where no head comes. */
const EVERY = 10_000;

/** What the status tells of. */
type Shown = {
  ready: Pick<Ready, 'chain' | 'markets' | 'operator'>;
  trackers: Parameters<typeof snapshotOf>[0]['trackers'];
  dispatcher: Pick<Dispatcher, 'inFlight'>;
  purse: Pick<Purse, 'balance' | 'cap' | 'leastTip'>;
  watch: Pick<Watch, 'alarms' | 'debts'>;
};

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

export function keepStatus(
  store: Pick<Store, 'writeStatus'>,
  { ready, trackers, dispatcher, purse, watch }: Shown,
): StatusKeeper {
  let heard: { head: Head; heardAt: number } | undefined;
  const write = () => {
    if (!heard) return;
    const chain = { id: ready.chain.id, endpoints: () => ready.chain.endpoints.health() };
    const operator = ready.operator && { address: ready.operator.account.address, purse };
    const known = { inFlight: dispatcher.inFlight(), alarms: watch.alarms(), debts: watch.debts, operator };
    store.writeStatus(snapshotOf({ ...heard, chain, markets: ready.markets, trackers, ...known }));
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
