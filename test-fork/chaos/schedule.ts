import type { Random } from '../lab/random.ts';
import type { Fault } from './faults.ts';

/**
 * A fault on one of the endpoints, from a block of the day on and before another. Those that last together are on the same: on the one that
 * the keeper asks most when the first of them begins, or on the other.
 */
export type Planned = { fault: Fault; onUsed: boolean; from: number; until: number };

/** What happens to the keeper itself after a block of the day. */
export type Blow = { after: number; kind: 'kill' | 'store cut short' | 'clock an hour off' };

/** Feeds that revert for a while. */
export type Broken = { symbol: 'WETH' | 'WBTC'; from: number; until: number };

export type Schedule = { faults: readonly Planned[]; blows: readonly Blow[]; broken: readonly Broken[] };

/** Blocks at the start and between two endpoints' faults in which both tell the truth. */
const [QUIET_START, BREATH] = [3, 1];
/** How often faults are on the endpoint that is asked. */
const ON_USED = 0.75;
/** Most faults that an endpoint has at a time. */
const TOGETHER = 4;
/** Blocks of a day for one feed that reverts. */
const BREAKS_EVERY = 120;

/**
 * What goes wrong in a day, by the dice alone: at any time one of the endpoints tells the truth. Each fault comes once before any comes
 * again.
 */
export function scheduleOf(
  rng: Random,
  known: readonly Fault[],
  { blocks, kills }: { blocks: number; kills: number },
): Schedule {
  const faults: Planned[] = [];
  let deck: Fault[] = [];
  for (let at = QUIET_START; at < blocks - BREATH; ) {
    const onUsed = rng.next() < ON_USED;
    const count = 1 + Math.floor(rng.next() * TOGETHER);
    let end = at;
    for (let index = 0; index < count; index++) {
      if (deck.length === 0) deck = rng.pick(known, known.length);
      const fault = deck.pop();
      if (!fault) break;
      const until = at + Math.round(rng.between(...fault.blocks));
      faults.push({ fault, onUsed, from: at, until });
      end = Math.max(end, until);
    }
    at = end + Math.floor(rng.next() * (BREATH + 1)) + 1;
  }
  const step = Math.floor(blocks / (kills + 1));
  const blows = Array.from({ length: kills }, (_, index): Blow => {
    const kind = (['kill', 'clock an hour off', 'store cut short', 'kill'] as const)[index % 4]!;
    return { after: (index + 1) * step + Math.floor((rng.next() * step) / 2), kind };
  });
  const broken = Array.from({ length: Math.floor(blocks / BREAKS_EVERY) }, (): Broken => {
    const from = QUIET_START + Math.floor(rng.next() * (blocks - QUIET_START));
    return { symbol: rng.next() < 0.5 ? 'WETH' : 'WBTC', from, until: from + 1 + Math.floor(rng.next() * 4) };
  });
  return { faults, blows, broken };
}
