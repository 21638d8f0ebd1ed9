import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '../log/log.ts';
import type { Endpoints, Member } from './endpoints.ts';
import { type Fault, faultOf } from './errors.ts';
import { type Pushed, takePushed } from './pushed.ts';

/** Longest pause after an error, milliseconds. */
const LONGEST_PAUSE = 15_000;
/** For this long an endpoint that has no subscriptions is asked instead, before they are tried again, milliseconds. */
const WITHOUT_SUBSCRIPTION = 60_000;
/** The same for one that tells of blocks that do not exist. */
const DISTRUST = 600_000;
/** What an endpoint answers that has no subscriptions. */
const REFUSAL: readonly Fault[] = ['unable', 'node', 'odd'];

type Following = { pollingInterval: number; silence: number; signal: AbortSignal; log: Logger };

/**
 * Keeps the endpoints told of the newest block of one of them, until aborted: by subscription where it has them, else by asking. What
 * fails is logged and tried again, with a pause that doubles up to 15 s.
 *
 * @param options.pollingInterval - milliseconds between two looks
 * @param options.silence - milliseconds without a block after which a subscription is checked by asking
 */
export async function followEndpoint(endpoints: Endpoints, member: Member, options: Following): Promise<void> {
  const { pollingInterval, signal, log } = options;
  const endpoint = member.endpoint.shown;
  let failures = 0;
  let pollUntil = 0;
  while (!signal.aborted) {
    const started = Date.now();
    let pause = pollingInterval;
    try {
      await endpoints.back(member, signal);
      if (signal.aborted) return;
      // Also after a drop: it connects again, and makes up for what came meanwhile.
      await endpoints.look(member);
      if (failures > 0) log.info({ endpoint, head: member.head?.number, failures }, 'the endpoint answers again');
      failures = 0;
      if (member.endpoint.subscribe && Date.now() >= pollUntil) {
        const over = await listen(endpoints, member, options);
        if (over !== 'over') pollUntil = Date.now() + (over === 'untrue' ? DISTRUST : WITHOUT_SUBSCRIPTION);
      }
    } catch (err) {
      if (signal.aborted) return;
      failures += 1;
      pause = Math.min(LONGEST_PAUSE, pollingInterval * 2 ** Math.min(failures, 10));
      log.warn({ endpoint, err, failures, pause }, 'could not read the newest head; trying again');
    }
    await pauseFor(pause - (Date.now() - started), signal);
  }
}

/** Follows a subscription until it drops, goes deaf, tells what is not true, or is no longer wanted. */
async function listen(
  endpoints: Endpoints,
  member: Member,
  options: Following,
): Promise<'over' | 'unserved' | 'untrue'> {
  const { silence, signal, log } = options;
  const endpoint = member.endpoint.shown;
  let heard = Date.now();
  let dropped = false;
  let isUntrue = false;
  let unsubscribe: (() => void) | undefined;
  const end = new AbortController();
  const stop = () => end.abort();
  signal.addEventListener('abort', stop, { once: true });
  const pushed: Pushed = {
    ...{ endpoints, member, last: undefined, checking: undefined },
    onTaken: () => {
      heard = Date.now();
    },
    onWrong: () => {
      isUntrue = true;
      stop();
    },
  };
  try {
    unsubscribe = await member.endpoint.subscribe!(
      (header) => takePushed(pushed, header),
      () => {
        dropped = true;
        stop();
      },
    );
    // What came since the last look and before the subscription.
    await endpoints.look(member);
    while (!end.signal.aborted) {
      await pauseFor(silence - (Date.now() - heard), end.signal);
      if (end.signal.aborted || Date.now() - heard < silence) continue;
      const before = member.head?.hash;
      await endpoints.look(member);
      if (member.head?.hash !== before && Date.now() - heard >= silence) {
        log.warn(
          { endpoint, head: member.head?.number },
          'a subscription is silent while blocks come; subscribing anew',
        );
        break;
      }
      heard = Date.now();
    }
    if (dropped && !signal.aborted) {
      endpoints.charge(member, new Error('the socket was closed'), 1);
      log.warn({ endpoint }, 'the socket of an endpoint was closed; connecting again');
    }
    if (!isUntrue) return 'over';
    log.warn({ endpoint }, 'the endpoint tells of blocks that it does not have and is polled');
    return 'untrue';
  } catch (err) {
    if (unsubscribe || !REFUSAL.includes(faultOf(err))) throw err;
    log.warn({ endpoint, err }, 'the endpoint has no subscription to new heads and is polled');
    return 'unserved';
  } finally {
    if (!dropped) unsubscribe?.();
    signal.removeEventListener('abort', stop);
  }
}

/** Does not keep the process alive. */
async function pauseFor(milliseconds: number, signal: AbortSignal): Promise<void> {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal, ref: false }).catch(() => {});
}
