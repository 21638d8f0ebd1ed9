import type { Endpoints, Member } from '../chain/endpoints.ts';
import { followEndpoint } from '../chain/follow-endpoint.ts';
import type { Head } from '../chain/head.ts';
import { chainPreset } from '../config/chains.ts';
import { pollingIntervalOf } from '../config/preset.ts';
import type { Logger } from '../log/log.ts';

/** Taken for the milliseconds between blocks of a chain without a preset. */
const UNKNOWN_BLOCK_TIME = 12_000;

/**
 * All that following heads knows.
 *
 * - `interval`, `silence`: milliseconds between two looks, and after which a subscription is taken for deaf.
 * - `readers`: whoever reads heads, by signal; `wakes`: how those that wait are woken.
 * - `watching`: ends the watching of the endpoints; there is one while there are readers.
 */
type Following = {
  endpoints: Endpoints;
  interval: number;
  silence: number;
  log: Logger;
  readers: Set<AbortSignal>;
  wakes: Set<() => void>;
  tip: Head | undefined;
  watching: AbortController | undefined;
};

/**
 * The newest head of all endpoints together.
 *
 * Whoever has a higher block first gives the head. A lower one, or another of the same height, is taken for a reorg when no
 * endpoint stands by the old one any longer, or when more than half have turned from it.
 *
 * @param pollingInterval - milliseconds between two looks where there is no subscription; undefined: as suits the chain
 * @returns a generator of heads, for as many readers as like. Each gets the newest only: one that was busy for five blocks gets
 * the fifth. It ends when its signal is aborted; with the last of the signals the watching ends and sockets are closed.
 * @example
 * for await (const head of followHeads(endpoints, undefined, log)(signal)) await tracker.advance(head);
 */
export function followHeads(
  endpoints: Endpoints,
  pollingInterval: number | undefined,
  log: Logger,
): (signal: AbortSignal) => AsyncGenerator<Head, void> {
  const interval = pollingIntervalOf(pollingInterval, endpoints.chainId);
  const blockTime = chainPreset(endpoints.chainId)?.blockTime ?? UNKNOWN_BLOCK_TIME;
  const silence = Math.max(3 * blockTime, 3 * interval);
  const state = { endpoints, interval, silence, log, readers: new Set<AbortSignal>(), wakes: new Set<() => void>() };
  const following: Following = { ...state, tip: undefined, watching: undefined };
  endpoints.onHead = (member, head) => take(following, member, head);
  return (signal) => headsOf(following, signal);
}

function take(following: Following, member: Member, head: Head): void {
  const { endpoints, tip, wakes } = following;
  if (!accepts(following, member, head)) return;
  // What was taken back was of the chain that is left by this head.
  if (tip && head.number <= tip.number) for (const one of endpoints.members) one.retracted = undefined;
  following.tip = head;
  for (const wake of wakes) wake();
  wakes.clear();
}

function accepts({ endpoints, tip }: Following, member: Member, head: Head): boolean {
  if (!tip) return endpoints.usable(member);
  if (head.hash === tip.hash) return false;
  if (head.number > tip.number) return endpoints.usable(member);
  const voters = endpoints.voters();
  if (voters.some((voter) => voter.head!.hash === tip.hash)) {
    const left = voters.filter((voter) => hasLeft(voter, tip));
    if (!left.includes(member) || left.length * 2 <= voters.length) return false;
    endpoints.abandon(tip.hash);
  }
  return endpoints.usable(member);
}

function begin(following: Following, signal: AbortSignal): void {
  const { endpoints, interval, silence, log, readers } = following;
  if (readers.has(signal)) return;
  readers.add(signal);
  signal.addEventListener('abort', () => end(following, signal), { once: true });
  if (following.watching) return;
  const watching = new AbortController();
  following.watching = watching;
  for (const member of endpoints.members) {
    void followEndpoint(endpoints, member, { pollingInterval: interval, silence, log, signal: watching.signal });
  }
}

function end(following: Following, signal: AbortSignal): void {
  const { endpoints, readers } = following;
  readers.delete(signal);
  if (readers.size > 0) return;
  following.watching?.abort();
  following.watching = undefined;
  following.tip = undefined;
  // Who has something to ask later is connected anew.
  for (const { endpoint } of endpoints.members) endpoint.close();
}

async function* headsOf(following: Following, signal: AbortSignal): AsyncGenerator<Head, void> {
  if (signal.aborted) return;
  begin(following, signal);
  let given: Head | undefined;
  while (!signal.aborted) {
    const { tip } = following;
    if (!tip || tip.hash === given?.hash) {
      await nextWake(following, signal);
      continue;
    }
    given = tip;
    yield tip;
  }
}

async function nextWake({ wakes }: Following, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const wake = () => resolve();
  wakes.add(wake);
  signal.addEventListener('abort', wake);
  // Who waits for a block is not done, though nothing else may keep the process alive.
  const alive = setInterval(() => {}, 60_000);
  await promise;
  clearInterval(alive);
  signal.removeEventListener('abort', wake);
  wakes.delete(wake);
}

/** Whether an endpoint says that the chain is without `tip`: it has another block of that height, or has taken one back. */
function hasLeft({ head, retracted }: Member, tip: Head): boolean {
  if (!head) return false;
  if (head.number === tip.number) return head.hash !== tip.hash;
  return head.number < tip.number && retracted !== undefined && retracted >= tip.number;
}
