import type { Endpoints, Member } from '../chain/endpoints.ts';
import { followEndpoint } from '../chain/follow-endpoint.ts';
import type { Head } from '../chain/head.ts';
import { chainPreset } from '../config/chains.ts';
import { pollingIntervalOf } from '../config/preset.ts';
import type { Logger } from '../log/log.ts';

/** Taken for the milliseconds between blocks of a chain without a preset. */
const UNKNOWN_BLOCK_TIME = 12_000;

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
  const readers = new Set<AbortSignal>();
  let wakes: (() => void)[] = [];
  let tip: Head | undefined;
  let watching: AbortController | undefined;

  endpoints.onHead = (member, head) => {
    if (!accepts(member, head)) return;
    // What was taken back was of the chain that is now left.
    if (tip && head.number <= tip.number) for (const one of endpoints.members) one.retracted = undefined;
    tip = head;
    for (const wake of wakes.splice(0)) wake();
  };

  function accepts(member: Member, head: Head): boolean {
    if (!tip) return endpoints.usable(member);
    if (head.hash === tip.hash) return false;
    if (head.number > tip.number) return endpoints.usable(member);
    const voters = endpoints.voters();
    if (voters.some((voter) => voter.head!.hash === tip!.hash)) {
      const left = voters.filter((voter) => hasLeft(voter, tip!));
      if (!left.includes(member) || left.length * 2 <= voters.length) return false;
      endpoints.abandon(tip.hash);
    }
    return endpoints.usable(member);
  }

  function begin(signal: AbortSignal): void {
    if (readers.has(signal)) return;
    readers.add(signal);
    signal.addEventListener('abort', () => end(signal), { once: true });
    if (watching) return;
    watching = new AbortController();
    for (const member of endpoints.members) {
      void followEndpoint(endpoints, member, { pollingInterval: interval, silence, log, signal: watching.signal });
    }
  }

  function end(signal: AbortSignal): void {
    readers.delete(signal);
    if (readers.size > 0) return;
    watching?.abort();
    [watching, tip] = [undefined, undefined];
    // Who has something to ask later is connected anew.
    for (const { endpoint } of endpoints.members) endpoint.close();
  }

  return async function* heads(signal) {
    if (signal.aborted) return;
    begin(signal);
    let given: Head | undefined;
    while (!signal.aborted) {
      if (tip && tip.hash !== given?.hash) {
        given = tip;
        yield tip;
        continue;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wakes.push(resolve);
      signal.addEventListener('abort', () => resolve(), { once: true });
      // Who waits for a block is not done, though nothing else may keep the process alive.
      const alive = setInterval(() => {}, 60_000);
      await promise;
      clearInterval(alive);
      wakes = wakes.filter((wake) => wake !== resolve);
    }
  };
}

/** Whether an endpoint says that the chain is without `tip`: it has another block of that height, or has taken one back. */
function hasLeft({ head, retracted }: Member, tip: Head): boolean {
  if (!head) return false;
  if (head.number === tip.number) return head.hash !== tip.hash;
  return head.number < tip.number && retracted !== undefined && retracted >= tip.number;
}
