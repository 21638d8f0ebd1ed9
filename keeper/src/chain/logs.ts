import pRetry from 'p-retry';
import {
  type AbiEvent,
  type Address,
  encodeEventTopics,
  formatLog,
  type Hex,
  type Log,
  numberToHex,
  type PublicClient,
} from 'viem';
import { oneLine } from '../telemetry/one-line.ts';

/** How often one range is asked for before its error is the caller's. */
const RETRIES = 6;

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
  onProgress?: (progress: { block: bigint; toBlock: bigint; logs: number }) => void;
}

/** The logs of one range of blocks, both ends included, in the order of the chain. */
export interface LogRange {
  fromBlock: bigint;
  toBlock: bigint;
  logs: Log<bigint, number, false>[];
}

/**
 * The logs from `fromBlock` to `toBlock`, range after range, each block in exactly one range and none left out.
 *
 * Where the endpoint says a range is too long, has too many results or takes too long, it is halved and later grows again,
 * up to `range`. Other errors are retried with a growing pause, six times.
 *
 * @throws the endpoint's error when a range of one block is refused or the retries are used up; the signal's reason
 */
export async function* getLogsInRanges(client: PublicClient, query: LogQuery): AsyncGenerator<LogRange, void> {
  const { toBlock, signal } = query;
  const topics: Hex[] = query.events.map((event) => encodeEventTopics({ abi: [event] })[0]!);
  const longest = BigInt(query.range);
  let length = longest;
  let found = 0;
  for (let fromBlock = query.fromBlock; fromBlock <= toBlock; ) {
    signal?.throwIfAborted();
    const last = fromBlock + length - 1n < toBlock ? fromBlock + length - 1n : toBlock;
    let logs: LogRange['logs'];
    try {
      logs = await askWithRetries(client, { address: query.address, topics, fromBlock, toBlock: last }, signal);
    } catch (error) {
      const tried = last - fromBlock + 1n;
      if (!isRangeError(error) || tried === 1n) throw error;
      length = tried / 2n;
      continue;
    }
    found += logs.length;
    yield { fromBlock, toBlock: last, logs };
    query.onProgress?.({ block: last, toBlock, logs: found });
    fromBlock = last + 1n;
    // Halving is cheap next to staying small for the rest of the chain.
    length = length * 2n < longest ? length * 2n : longest;
  }
}

type OneRange = { address: LogQuery['address']; topics: Hex[]; fromBlock: bigint; toBlock: bigint };

function askWithRetries(client: PublicClient, range: OneRange, signal?: AbortSignal): Promise<LogRange['logs']> {
  return pRetry(() => ask(client, range), {
    retries: RETRIES,
    minTimeout: 250,
    maxTimeout: 8_000,
    randomize: true,
    ...(signal ? { signal } : {}),
    shouldRetry: ({ error }) => !isRangeError(error),
  });
}

async function ask(client: PublicClient, { address, topics, fromBlock, toBlock }: OneRange): Promise<LogRange['logs']> {
  const filter = {
    address: address as Address | Address[],
    topics: [topics],
    fromBlock: numberToHex(fromBlock),
    toBlock: numberToHex(toBlock),
  };
  // viem would repeat a refused range before showing us the refusal.
  const logs = await client.request({ method: 'eth_getLogs', params: [filter] }, { retryCount: 0 });
  return logs.map((log) => formatLog(log) as Log<bigint, number, false>);
}

const RATE_LIMIT =
  /rate.?limit|too many requests|requests? per second|\b429\b|compute units|throughput|capacity exceeded/i;
const RANGE =
  /too (many|large|big|wide)|more than [\d,]+ (results|logs|blocks)|(block|query|log|max\w*)\W+range|range .*(exceed|limit|large|wide)|response size|exceeds? .*(limit|max|size|range)|limit(ed)? to|limit exceeded|query timeout|timed? ?out|took too long|\b413\b|payload|too much data/i;

/** Whether an error says, in the words of one of the many nodes, that fewer blocks should be asked for. */
function isRangeError(error: unknown): boolean {
  if (typeof (error as { status?: unknown })?.status === 'number') {
    const { status } = error as { status: number };
    if (status === 413) return true;
    if (status === 429) return false;
  }
  const text = error instanceof Error ? `${oneLine(error)} ${oneLine(error.cause ?? '')}` : String(error);
  return !RATE_LIMIT.test(text) && RANGE.test(text);
}
