import type { Tracker } from './book/tracker.ts';
import type { Head } from './chain/head.ts';
import type { Dispatcher } from './execution/dispatcher.ts';
import { describeError } from './log/describe-error.ts';
import type { Logger } from './log/log.ts';
import type { Offer } from './planning/offer.ts';
import type { Due, Planner } from './planning/planner.ts';
import { nextMoment } from './triggers/clock.ts';

/** Heads from the start that each have a drill: so often code runs before it is compiled as well as it will be. */
const FIRST = 60;
/** Heads between two drills after that: the pools near the line change slowly, and compiled code is kept while it is used. */
const EVERY = 16n;
/** Accounts nearest to the line that take part, of each market. */
const NEAREST = 60;

/**
 * A drill plans at a quiet head as if the accounts nearest to the line had fallen under water. Nothing of it is sent. From then on
 * the pools that those accounts need are read ahead at every head, and all code on the way from a head to a plan has run: without
 * it the first crash of a process is planned five to ten times as slowly as any later one.
 *
 * @returns the plans, worth nothing but to be tried on the node once; `undefined` where no drill is due at this head
 * @throws what planning throws
 */
export type Drill = (trackers: readonly Tracker[], head: Head) => Promise<readonly Offer[] | undefined>;

/** Who takes part in a drill. */
type Practising = {
  drill: Drill;
  trackers: readonly Tracker[];
  dispatcher: Pick<Dispatcher, 'practise' | 'errors'>;
  log: Logger;
};

export function openDrill(planner: Planner, chainId: number): Drill {
  let drills = 0;
  return async (trackers, head) => {
    if (drills >= FIRST && head.number % EVERY !== 0n) return undefined;
    const here = trackers.filter(({ state }) => state.block.hash === head.hash);
    const due = here.map((tracker): Due => {
      const keys = tracker.book.nearest(NEAREST).map(({ address }) => address);
      const view = tracker.stressed(nextMoment(head, chainId));
      return { name: tracker.name, assets: tracker.market.assets, view, keys };
    });
    if (due.every(({ keys }) => keys.length === 0)) return undefined;
    drills++;
    return (await planner.plan(due, head)).offers;
  };
}

/** Nothing is at stake in a drill: a node that fails in one is asked again at a later head. */
export async function practise({ drill, trackers, dispatcher, log }: Practising, head: Head): Promise<void> {
  try {
    const offers = await drill(trackers, head);
    if (offers?.[0]) await dispatcher.practise(offers[0], head);
  } catch (error) {
    log.debug({ err: describeError(error, dispatcher.errors) }, 'a drill failed');
  }
}
