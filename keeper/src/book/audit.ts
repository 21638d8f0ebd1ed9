import { numberToHex } from 'viem';
import type { LogFilter } from '../chain/block-logs.ts';
import type { Chain } from '../chain/client.ts';
import type { Member } from '../chain/endpoints.ts';
import { route } from '../chain/failover.ts';
import { refusalOf } from '../chain/log-refusal.ts';
import { type RawLog, rawLogs } from '../chain/raw-log.ts';
import { createSpan, type Span } from '../chain/span.ts';
import type { Logger } from '../log/log.ts';
import type { Late } from './missed.ts';
import { type SharedLogs, unionOf } from './share-logs.ts';
import type { Tracker } from './tracker.ts';

/** What an audit needs of a market. */
type Audited = Pick<Tracker, 'name' | 'protocol' | 'tip' | 'blocks' | 'filter' | 'recheck'>;

/** Blocks below the tip that are looked at again at every head, all in one request. */
const RECENT = 4n;
/**
 * How deep blocks are when they are looked at again after that, and how many of them are asked for together: the deeper, the less
 * haste there is.
 */
const DEPTHS = [
  { depth: 16n, together: 4n },
  { depth: 64n, together: 16n },
] as const;
/** Blocks before the first remembered one that are searched for borrowers at the start: an index may lag behind by as many. */
const BEFORE = 64n;
/** Most blocks a request, and most requests a head: what is more waits for the next head. */
const [MOST_BLOCKS, MOST_REQUESTS] = [64n, 4];

/** How far a market is audited: the last block that was looked at soon, and at each depth. */
type Cursor = { recent: bigint; deep: bigint[]; tip: Audited['tip'] };
/** Blocks to ask for, and who is asked: 0 is who gave their logs, 1 the best of the others. */
type Job = { from: bigint; to: bigint; rank: number; done(audited: bigint): void };

type Auditing = {
  chain: Pick<Chain, 'endpoints'>;
  logs: Pick<SharedLogs, 'giver'>;
  log: Logger;
  cursors: WeakMap<Audited, Cursor>;
  /** Blocks that a request for logs may name, as refusals teach it. */
  span: Span;
  /** Endpoints that have been told of. */
  told: Set<string>;
};

/**
 * Looks again at the logs of blocks that were taken in. One at a time: who calls it waits for the last one.
 *
 * @returns how many accounts were missed, which the next head takes in
 */
export type Audit = (markets: readonly Audited[]) => Promise<number>;

/**
 * Asks for the logs of each block once more when it is 1 to 4, 16 and 64 deep, of different endpoints where there are several,
 * and at the start for those of all remembered blocks. A node may have a block before it has its logs, and say that there are none;
 * one that keeps logs back keeps accounts back, which nobody would ever hear of again. What was missed is taken in at the next
 * head.
 *
 * It takes one request a head and a third, whatever the blocks hold: a bloom cannot be trusted either.
 *
 * @param range - most blocks a request for logs
 * @example
 * const audit = openAudit({ chain, logs, range: 10_000, log });
 * await audit(trackers);
 */
export function openAudit(options: {
  chain: Pick<Chain, 'endpoints'>;
  logs: Pick<SharedLogs, 'giver'>;
  range: number;
  log: Logger;
}): Audit {
  const { chain, logs, log } = options;
  const span = createSpan(least(BigInt(options.range), MOST_BLOCKS));
  const auditing: Auditing = { chain, logs, log, span, cursors: new WeakMap(), told: new Set() };
  return async (markets) => {
    try {
      return await audit(auditing, markets);
    } catch (err) {
      log.debug({ err }, 'blocks could not be looked at again; the next head tries');
      return 0;
    }
  };
}

async function audit(auditing: Auditing, markets: readonly Audited[]): Promise<number> {
  const due = markets.filter(({ tip }) => tip !== undefined);
  const jobs = due.flatMap((market) => jobsOf(cursorOf(auditing, market), market.tip!.number, auditing.span.length));
  const filter = unionOf(due.map((market) => market.filter));
  let left = MOST_REQUESTS;
  let missed = 0;
  for (const rank of [...new Set(jobs.map((job) => job.rank))]) {
    const alike = jobs.filter((job) => job.rank === rank);
    const to = alike.map((job) => job.to).reduce(most);
    for (let from = alike.map((job) => job.from).reduce(least); from <= to && left > 0; left--) {
      const last = least(from + auditing.span.length - 1n, to);
      const answer = await ask(auditing, filter, { from, to: last }, inOrder(auditing, due, last, rank));
      // Fewer blocks the next time.
      if (!answer) continue;
      for (const market of due) {
        for (const late of market.recheck(answer.logs)) {
          tell(auditing, market, late, answer.member);
          missed += late.accounts.length;
        }
      }
      for (const job of alike) if (job.from <= last) job.done(least(last, job.to));
      from = last + 1n;
    }
  }
  return missed;
}

function cursorOf({ cursors }: Auditing, market: Audited): Cursor {
  const tip = market.tip!;
  const known = cursors.get(market);
  const first = market.blocks[0]!.number;
  // At the start all that is remembered is looked at, and the blocks before, in which only borrowers count.
  const fresh = (): Cursor => ({
    recent: most(first - BEFORE, 0n) - 1n,
    deep: DEPTHS.map(({ depth }) => tip.number - depth),
    tip,
  });
  const cursor = known ?? fresh();
  // Other blocks stand where the last ones were.
  const isSame = market.blocks.some(({ hash }) => hash === cursor.tip!.hash);
  if (!isSame) {
    cursor.recent = least(cursor.recent, tip.number - DEPTHS[1].depth - 1n);
    cursor.deep = cursor.deep.map((block, index) => least(block, tip.number - DEPTHS[index]!.depth));
  }
  cursor.tip = tip;
  cursors.set(market, cursor);
  return cursor;
}

/** @param span - blocks that fit a request: where they are few, recent ones are looked at less often */
function jobsOf(cursor: Cursor, tip: bigint, span: bigint): Job[] {
  const jobs: Job[] = [];
  const recent = { from: most(least(cursor.recent + 1n, tip - least(RECENT, span)), 0n), to: tip - 1n };
  if (recent.from <= recent.to) {
    const done = (audited: bigint) => {
      cursor.recent = audited;
    };
    jobs.push({ ...recent, rank: 1, done });
  }
  for (const [index, { depth, together }] of DEPTHS.entries()) {
    const from = cursor.deep[index]! + 1n;
    const to = tip - depth;
    if (to - from + 1n < together) continue;
    const done = (audited: bigint) => {
      cursor.deep[index] = audited;
    };
    jobs.push({ from: most(from, 0n), to, rank: index + 2, done });
  }
  return jobs;
}

/** The endpoints in the order in which they are asked: with the one of that rank first, where 0 is who gave the logs of a block. */
function inOrder({ chain, logs }: Auditing, markets: readonly Audited[], block: bigint, rank: number): Member[] {
  const found = markets.flatMap(({ blocks }) => blocks.filter(({ number }) => number === block))[0];
  const giver = found && logs.giver(found.hash);
  const ranked = chain.endpoints.ranked();
  const order = giver && ranked.includes(giver) ? [giver, ...ranked.filter((member) => member !== giver)] : ranked;
  const place = rank % Math.max(1, order.length);
  return [...order.slice(place), ...order.slice(0, place)];
}

/**
 * Asks for the logs of some blocks: the first of the endpoints, and any where it fails.
 *
 * @returns `undefined` where so many blocks are refused
 */
async function ask(
  { chain, span }: Auditing,
  { addresses, topics }: LogFilter,
  { from, to }: { from: bigint; to: bigint },
  [first, ...others]: readonly Member[],
): Promise<{ logs: RawLog[]; member: Member } | undefined> {
  const { endpoints } = chain;
  const range = { fromBlock: numberToHex(from), toBlock: numberToHex(to) };
  const body = { method: 'eth_getLogs', params: [{ address: addresses, topics: [topics], ...range }] };
  try {
    const alone = route(endpoints, body, others.length > 0 ? endpoints.members.filter((each) => each !== first) : []);
    const { result, member } = await (others.length > 0 ? alone.catch(() => route(endpoints, body, [first!])) : alone);
    span.took(to - from + 1n);
    return { logs: rawLogs(result), member };
  } catch (error) {
    const refusal = refusalOf(error);
    if (from === to || refusal === undefined || refusal.kind === 'rate') throw error;
    span.refused({ from, to }, refusal);
    return undefined;
  }
}

/** One line for each endpoint that had kept logs back, and then no more than a note. */
function tell({ chain, logs, log, told }: Auditing, market: Audited, { block, accounts }: Late, by: Member): void {
  const liar = logs.giver(block.hash);
  if (liar) chain.endpoints.charge(liar, new Error(`kept back logs of block ${block.number}`), 1);
  const endpoint = liar?.endpoint.shown;
  const level = told.has(endpoint ?? '') ? 'info' : 'warn';
  told.add(endpoint ?? '');
  const where = { protocol: market.protocol.id, market: market.name, block: block.number, accounts: accounts.length };
  const line = { ...where, endpoint, foundAt: by.endpoint.shown };
  log[level](line, 'an endpoint had kept back logs of a block; the accounts in them are read now');
}

const least = (a: bigint, b: bigint) => (a < b ? a : b);
const most = (a: bigint, b: bigint) => (a > b ? a : b);
