import { type Address, decodeEventLog, type Hex, isAddressEqual, type Log } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import type { Sent } from '../store/sent.ts';

/**
 * What a receipt tells of a leg: its own event and the logs between the contract's event before it and that one, or why its whole
 * round was skipped. `index` is the leg's in its round.
 */
export type Told = { own: Log; before: readonly Log[] } | { skipped: Hex; index: number };

/** What the contract says of legs and rounds, where it stands among the logs. */
type Event = { at: number; log: Log; round?: { round: bigint; reason: Hex } };

/**
 * Aligns the contract's events with the legs of the plan by their order. The contract promises that a round that landed emits
 * exactly one of `Liquidated`, `Frozen` and `LegSkipped` for each leg, in order, and that one that did not emits `RoundSkipped`
 * alone. The index in `LegSkipped` is one in a round that no event names: it is never looked at.
 *
 * @param logs - of a receipt, all of them
 * @param sent - by rising round
 * @returns one for each leg; `undefined` where the contract breaks its promise
 * @example
 * align(receipt.logs, liquidator, attempt.legs)[0]; // { own: Liquidated, before: [Transfer, …] }
 */
export function align(logs: readonly Log[], liquidator: Address, sent: readonly Sent[]): (Told | undefined)[] {
  const events = logs.flatMap((log, at) => eventOf(log, at, liquidator));
  const told: (Told | undefined)[] = [];
  /** The next event, and where the logs behind the one before it begin. */
  let [next, begin] = [0, 0];
  const take = (): Event | undefined => {
    const event = events[next];
    if (event) [next, begin] = [next + 1, event.at + 1];
    return event;
  };
  for (const { round, legs } of roundsOf(sent)) {
    // Rounds without a leg tell of themselves only where they are skipped.
    while (isSkipped(events[next], (index) => index < round)) take();
    if (isSkipped(events[next], (index) => index === round)) {
      const { reason } = take()!.round!;
      told.push(...Array.from({ length: legs }, (_, index) => ({ skipped: reason, index })));
      continue;
    }
    for (let leg = 0; leg < legs; leg++) {
      const from = begin;
      const event = events[next]?.round ? undefined : take();
      told.push(event && { own: event.log, before: logs.slice(from, event.at) });
    }
  }
  return told;
}

const isSkipped = (event: Event | undefined, matches: (round: number) => boolean): boolean =>
  event?.round !== undefined && matches(Number(event.round.round));

/** How many legs each round has, in order. */
function roundsOf(sent: readonly Sent[]): { round: number; legs: number }[] {
  const rounds: { round: number; legs: number }[] = [];
  for (const { round } of sent) {
    const last = rounds.at(-1);
    if (last?.round === round) last.legs += 1;
    else rounds.push({ round, legs: 1 });
  }
  return rounds;
}

function eventOf(log: Log, at: number, liquidator: Address): Event[] {
  if (!isAddressEqual(log.address, liquidator)) return [];
  try {
    const { eventName, args } = decodeEventLog({ abi: liquidatorAbi, topics: log.topics, data: log.data });
    if (eventName === 'RoundSkipped') return [{ at, log, round: args }];
    return eventName === 'Liquidated' || eventName === 'Frozen' || eventName === 'LegSkipped' ? [{ at, log }] : [];
  } catch {
    return [];
  }
}
