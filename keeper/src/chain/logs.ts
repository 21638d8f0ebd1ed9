import pRetry from 'p-retry';
import { type AbiEvent, type Address, encodeEventTopics, type Hex, numberToHex, type PublicClient } from 'viem';
import { oneLine } from '../log/one-line.ts';
import { type Fault, faultOf } from './errors.ts';
import { type Refusal, refusalOf } from './log-refusal.ts';
import { createPace } from './pace.ts';
import { type RawLog, rawLogs } from './raw-log.ts';
import { createSpan } from './span.ts';

export type { RawLog } from './raw-log.ts';

/** How often one range is asked for again before its error is the caller's, and how often while no endpoint can be reached: some eight minutes. */
const [RETRIES, OUTAGE_RETRIES] = [6, 60];
const OUTAGE: readonly Fault[] = ['unreachable', 'broken'];
/** Ranges that may be held because one before them is not there yet. */
const MOST_HELD = 64;

/** What to search for, and how. */
export interface LogQuery {
  address: Address | readonly Address[];
  /** Any of these events. */
  events: readonly AbiEvent[];
  /** First and last block, both searched. */
  fromBlock: bigint;
  toBlock: bigint;
  /** Most blocks a request. */
  range: number;
  signal?: AbortSignal;
  /** After each range. */
  onProgress?: (progress: LogProgress) => void;
}

/** How far a search is. */
export type LogProgress = {
  /** Last block searched. */
  block: bigint;
  toBlock: bigint;
  /** Blocks searched, and logs found in them. */
  blocks: number;
  logs: number;
  /** Blocks a second since the start. */
  rate: number;
  /** Seconds to go at that rate. */
  eta: number;
};

/** The logs of one range of blocks, both ends included, in the order of the chain. */
export interface LogRange {
  fromBlock: bigint;
  toBlock: bigint;
  logs: RawLog[];
}

type Segment = { from: bigint; to: bigint; asked: boolean; logs: RawLog[] | undefined };

/**
 * The logs from `fromBlock` to `toBlock`, range after range, each block in exactly one range and none left out. Several ranges
 * are asked for at a time and given in order; a reader that stops can go on later from the block after the last range it got.
 *
 * Where the endpoint says a range is too long, has too many results or takes too long, it is cut to what the endpoint says it
 * takes, or halved, and later grows again, up to `range`. Where it says it is asked too often, fewer are asked for at a time.
 * Other errors are retried with a growing pause, six times; while no endpoint can be reached, for some eight minutes.
 *
 * @throws one line, when a range of one block is refused; the endpoint's error when the retries are used up; the signal's reason
 */
export async function* getLogsInRanges(
  client: Pick<PublicClient, 'request'>,
  query: LogQuery,
): AsyncGenerator<LogRange, void> {
  const { fromBlock, toBlock } = query;
  const topics = query.events.map((event) => encodeEventTopics({ abi: [event] })[0]!);
  const span = createSpan(BigInt(query.range));
  const pace = createPace();
  const stop = new AbortController();
  const signal = query.signal ? AbortSignal.any([query.signal, stop.signal]) : stop.signal;
  /** All that is cut and not yet given, without gaps. */
  let segments: Segment[] = [];
  let [asking, wake] = [0, () => {}];
  let failed: { error: unknown } | undefined;

  /** The next to ask for, cut off the rest of the chain when there is none; only so far ahead of the reader. */
  function nextDue(): Segment | undefined {
    const due = segments.find(({ asked }) => !asked);
    if (due) return due;
    const from = (segments.at(-1)?.to ?? given) + 1n;
    if (from > toBlock || segments.length >= MOST_HELD) return undefined;
    const segment = { from, to: least(from + span.length - 1n, toBlock), asked: false, logs: undefined };
    segments.push(segment);
    return segment;
  }

  function askMore(): void {
    while (!failed && asking < pace.parallel && pace.pause() === 0) {
      const segment = nextDue();
      if (!segment) return;
      segment.asked = true;
      asking += 1;
      const began = pace.begin();
      void ask(segment)
        .then(
          (logs) => {
            segment.logs = logs;
            span.took(segment.to - segment.from + 1n);
            pace.went();
          },
          (error) => {
            const refusal = refusalOf(error);
            if (refusal?.kind === 'rate' && pace.refused(began, refusal.retryAfter)) segment.asked = false;
            else if (refusal && refusal.kind !== 'rate' && segment.to > segment.from) cut(segment, refusal);
            else failed ??= { error: refusal?.kind === 'range' ? tooLarge(segment.from, error) : error };
          },
        )
        .finally(() => {
          asking -= 1;
          // The reader may be busy with what it got.
          if (!signal.aborted) askMore();
          wake();
        });
    }
  }

  /** Puts shorter segments in the place of one that was refused. */
  function cut(segment: Segment, refusal: Refusal): void {
    const length = span.refused(segment, refusal);
    const pieces: Segment[] = [];
    for (let from = segment.from; from <= segment.to; from += length) {
      pieces.push({ from, to: least(from + length - 1n, segment.to), asked: false, logs: undefined });
    }
    segments = segments.flatMap((one) => (one === segment ? pieces : [one]));
  }

  async function ask({ from, to }: Segment): Promise<RawLog[]> {
    const filter = { address: query.address as Address[], topics: [topics], fromBlock: hex(from), toBlock: hex(to) };
    // viem would repeat a refused range before showing us the refusal.
    const once = () => client.request({ method: 'eth_getLogs', params: [filter] }, { retryCount: 0 });
    const answer = await pRetry(once, {
      ...{ retries: OUTAGE_RETRIES, minTimeout: 250, maxTimeout: 8_000, randomize: true, signal },
      shouldRetry: ({ error, attemptNumber }) => {
        const refusal = refusalOf(error);
        // A refused range is cut, not repeated; one block that took too long may go the next time.
        if (refusal) return refusal.kind === 'timeout' && from === to && attemptNumber <= RETRIES;
        return attemptNumber <= RETRIES || OUTAGE.includes(faultOf(error));
      },
    });
    return rawLogs(answer);
  }

  const started = performance.now();
  let given = fromBlock - 1n;
  let logsFound = 0;
  try {
    while (given < toBlock) {
      signal.throwIfAborted();
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      askMore();
      const first = segments[0];
      if (!first?.logs) {
        if (failed) throw failed.error;
        // With nothing on its way nobody wakes us, and the pause that kept it back may have ended just now.
        await oneOf(woken, Math.max(pace.pause(), asking === 0 ? 1 : 0), signal);
        continue;
      }
      segments.shift();
      if (first.from !== given + 1n || first.to < first.from) {
        throw new Error(`a gap in the search for logs: block ${given} was followed by ${first.from}`);
      }
      given = first.to;
      logsFound += first.logs.length;
      yield { fromBlock: first.from, toBlock: first.to, logs: first.logs };
      const blocks = Number(given - fromBlock + 1n);
      const rate = blocks / Math.max(1e-3, (performance.now() - started) / 1_000);
      query.onProgress?.({ block: given, toBlock, blocks, logs: logsFound, rate, eta: Number(toBlock - given) / rate });
    }
  } finally {
    stop.abort();
  }
}

function tooLarge(block: bigint, cause: unknown): Error {
  const message = `the logs of block ${block} alone are refused as too many: use another --rpc endpoint`;
  return new Error(`${message} (${oneLine(cause)})`, { cause });
}

/** Waits for a wake-up, for a pause to be over, or for the signal. */
async function oneOf(woken: Promise<void>, pause: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const over = () => resolve();
  const timer = pause > 0 ? setTimeout(over, pause) : undefined;
  signal.addEventListener('abort', over, { once: true });
  await Promise.race([woken, promise]);
  clearTimeout(timer);
  signal.removeEventListener('abort', over);
}

const hex = (block: bigint): Hex => numberToHex(block);
const least = (a: bigint, b: bigint) => (a < b ? a : b);
