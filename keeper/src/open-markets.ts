import pRetry from 'p-retry';
import { type Address, isAddress, zeroAddress } from 'viem';
import type { SharedLogs } from './book/share-logs.ts';
import { openTracker, type Tracker } from './book/tracker.ts';
import { isPassing } from './chain/errors.ts';
import type { Head } from './chain/head.ts';
import type { Logger } from './log/log.ts';
import { oneLine } from './log/one-line.ts';
import type { Ready } from './preflight.ts';
import type { Chosen } from './protocols/choose.ts';
import { marketKey } from './store/key.ts';
import type { Store } from './store/store.ts';

/** How often a market is opened anew after endpoints failed: some four minutes. */
const RETRIES = 12;

/** What a market found as it joined: its tracker, and the newest block of ours on the chain where some were unwound. */
type Joined = { tracker: Tracker; unwound: { blocks: number; ancestor: bigint } | undefined };

/**
 * Opens the markets side by side; each joins when its history is searched and every borrower of it is read, and the others do not
 * wait for it.
 *
 * @param head - the newest head, whenever it is asked
 * @returns a promise a market
 */
export function openMarkets(
  { settings, chain, markets, liquidator }: Ready,
  store: Store,
  head: () => Promise<Head>,
  logs: SharedLogs,
  signal: AbortSignal,
  log: Logger,
): Promise<Joined>[] {
  const us = { liquidator: liquidator?.address ?? zeroAddress, wrappedNative: settings.wrappedNative };
  const { fromBlock, logRange: range } = settings;
  return markets.map(async ({ name, protocol, key, address, given }: Chosen): Promise<Joined> => {
    const started = performance.now();
    if (given.length > 1) log.info({ protocol: protocol.id, market: name, given }, 'one market under several names');
    for (const alias of addressesIn(given)) store.adopt(marketKey(protocol.id, alias), key);
    const options = { chain, protocol, name, address, us, store: store.market(key), fromBlock, range, head, logs };
    const { tracker, unwound } = await persistently(
      async () => {
        const opened = await openTracker({ ...options, signal, log });
        const { unwound } = await opened.advance(await head());
        if (await isUnexplained(opened)) {
          const where = { protocol: protocol.id, market: name, fromBlock: opened.fromBlock };
          log.warn(where, 'nobody was found who borrows, though the market has debt: its history is searched again');
          if ((await opened.searchAgain()) > 0) await opened.advance(await head());
        }
        return { tracker: opened, unwound };
      },
      name,
      signal,
      log,
    );
    const seconds = Math.round(performance.now() - started) / 1_000;
    log.info(
      {
        protocol: protocol.id,
        market: name,
        fromBlock: tracker.fromBlock,
        head: tracker.tip?.number,
        accounts: tracker.book.size,
        seconds,
      },
      'every borrower is read',
    );
    return { tracker, unwound };
  });
}

/** Whether nobody is known in a market that counts debt. */
async function isUnexplained(tracker: Tracker): Promise<boolean> {
  if (tracker.book.size > 0) return false;
  const debts = await tracker.debts();
  return debts?.some(({ counted }) => counted > 0n) ?? false;
}

/** Goes on after endpoints failed: the store has what was read, and the others that are open must not end with it. */
async function persistently<T>(act: () => Promise<T>, market: string, signal: AbortSignal, log: Logger): Promise<T> {
  return pRetry(act, {
    ...{ retries: RETRIES, minTimeout: 1_000, maxTimeout: 30_000, signal },
    shouldRetry: ({ error }) => isPassing(error),
    onFailedAttempt: ({ error, retriesLeft }) => {
      if (retriesLeft > 0 && isPassing(error)) {
        log.warn({ market, reason: oneLine(error) }, 'a market cannot be opened yet; trying again');
      }
    },
  });
}

/** What a market was named by is what an earlier version kept it under. */
const addressesIn = (given: readonly string[]): Address[] =>
  given.map((name) => name.slice(name.indexOf(':') + 1)).filter((name): name is Address => isAddress(name));
