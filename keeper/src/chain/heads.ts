import { setTimeout as sleep } from 'node:timers/promises';
import type { Hash, PublicClient } from 'viem';
import type { Logger } from '../telemetry/log.ts';

/** A new canonical block. */
export interface Head {
  number: bigint;
  hash: Hash;
  parentHash: Hash;
  /** Seconds. */
  timestamp: bigint;
  /** wei per gas; undefined on chains without EIP-1559. */
  baseFeePerGas: bigint | undefined;
}

/** Longest pause after an error, milliseconds. */
const LONGEST_PAUSE = 15_000;
/** A lower block than the last is taken for a lagging endpoint until it was the newest this many times in a row. */
const LAGGING = 3;

/**
 * New heads, the newest first and only: a consumer that was busy for five blocks gets the fifth. An endpoint's error is
 * logged and tried again, with a pause that doubles up to 15 s. Ends when the signal is aborted.
 *
 * @param options.pollingInterval - milliseconds between two looks
 */
export async function* heads(
  client: PublicClient,
  options: { pollingInterval: number; signal: AbortSignal; log: Logger },
): AsyncGenerator<Head, void> {
  const { pollingInterval, signal, log } = options;
  let last: Head | undefined;
  let failures = 0;
  let lagging = 0;
  while (!signal.aborted) {
    const started = Date.now();
    let pause = pollingInterval;
    try {
      const head = await newest(client);
      if (failures > 0) log.info({ head: head.number, failures }, 'the endpoint answers again');
      failures = 0;
      lagging = last && head.number < last.number ? lagging + 1 : 0;
      if (head.hash !== last?.hash && (lagging === 0 || lagging >= LAGGING)) {
        lagging = 0;
        last = head;
        yield head;
      }
    } catch (err) {
      failures += 1;
      pause = Math.min(LONGEST_PAUSE, pollingInterval * 2 ** Math.min(failures, 10));
      log.warn({ err, failures, pause }, 'could not read the newest head; trying again');
    }
    const rest = pause - (Date.now() - started);
    if (rest > 0) await sleep(rest, undefined, { signal }).catch(() => {});
  }
}

async function newest(client: PublicClient): Promise<Head> {
  const block = await client.getBlock({ blockTag: 'latest' });
  const { number, hash, parentHash, timestamp, baseFeePerGas } = block;
  return { number, hash, parentHash, timestamp, baseFeePerGas: baseFeePerGas ?? undefined };
}
