import { type Address, getAddress } from 'viem';
import type { Head } from '../chain/head.ts';
import type { Logger } from '../log/log.ts';
import type { MarketKey } from '../store/key.ts';
import type { Names } from './names.ts';

/** Milliseconds between two beats. */
const EVERY = 5 * 60_000;

/** A market as a beat shows it. */
export type Beating = {
  readonly key: MarketKey;
  readonly underwater: number;
  readonly book: { readonly size: number; nearest(count: number): { address: Address; slack: number }[] };
};

/** What tells a reader, now and then, that the keeper lives. */
export type Heart = {
  beat(trackers: readonly Beating[], head: Head): void;
  /** A line was not written, as it would have said what one before it had said. */
  spared(): void;
};

/**
 * A line every five minutes: the head, how many accounts are watched and how many of them are under water, who is nearest to the
 * line, and how many lines were spared since the last one because they said nothing new.
 *
 * @param now - the clock, milliseconds
 */
export function createHeart(log: Logger, names: Names, now: () => number = Date.now): Heart {
  let [last, spared] = [now(), 0];
  return {
    spared() {
      spared += 1;
    },
    beat(trackers, { number }) {
      if (now() - last < EVERY) return;
      const total = (count: (tracker: Beating) => number) => trackers.reduce((sum, each) => sum + count(each), 0);
      const [nearest] = trackers
        .flatMap(({ key, book }) => book.nearest(1).map((account) => ({ key, ...account })))
        .sort((a, b) => a.slack - b.slack);
      const near = nearest && {
        ...names.market(nearest.key),
        account: getAddress(nearest.address),
        slack: Number(nearest.slack.toFixed(4)),
      };
      const accounts = total(({ book }) => book.size);
      log.info(
        { head: number, accounts, underwater: total((each) => each.underwater), ...near, repeats: spared },
        'watching',
      );
      [last, spared] = [now(), 0];
    },
  };
}
