import { setTimeout as sleep } from 'node:timers/promises';
import type { Hash, PublicClient } from 'viem';
import { baseFeeAfter } from './next-base-fee.ts';

/** What the chain asks now: `baseFee` of the next block and the tip that usually gets in; wei per gas. */
export type GasPrice = { baseFee: bigint; priority: bigint };

/** Fees of the block after a head; asked of the chain once a head, by whoever comes first. */
export type GasPrices = (head: { hash: Hash }) => Promise<GasPrice>;

/** Blocks that tips are looked for in. */
const BLOCKS = 20;
/** Of the tips of a block, by gas, the one that half of the block and the one that a quarter of it has reached or passed. */
const PERCENTILES = [50, 75];
/** Blocks with transactions in them without which a history says nothing. */
const ENOUGH = 3;
/** A node's advice is believed up to so many times what the upper quarter of the median block paid. */
const TIMES_HISTORY = 2n;
/** Where no history says otherwise a tip is no more than the base fee, or this: 2 gwei. */
const PLAIN_TIP = 2_000_000_000n;
/** Milliseconds that an endpoint of which nothing was heard yet gets to say what it thinks, beside the one that is asked first. */
const FIRST_WORD = 200;

/**
 * Fees of the next block, from the chain. What a node advises for a tip is only advice: what the last blocks paid says how much of
 * it is believed.
 *
 * @throws when the node fails
 * @example
 * await gasPriceNow(client); // { baseFee: 30_000_000_000n, priority: 1_000_000_000n }
 */
export async function gasPriceNow(client: PublicClient): Promise<GasPrice> {
  const [history, advice] = await Promise.all([
    historyOf(client),
    client.estimateMaxPriorityFeePerGas().catch((error: unknown) => error as Error),
  ]);
  const baseFee = history.next ?? (await baseFeeWithoutHistory(client));
  return { baseFee, priority: judged(advice, history, baseFee) };
}

/** What the last blocks asked and paid, wei per gas; `undefined` what the node does not say. */
type History = { next: bigint | undefined; usual: bigint | undefined; most: bigint | undefined };

async function historyOf(client: PublicClient): Promise<History> {
  const answer = await client
    .request({ method: 'eth_feeHistory', params: [`0x${BLOCKS.toString(16)}`, 'latest', PERCENTILES] })
    // Whatever is wrong with it, the block says the same of the base fee, and of tips nothing is known.
    .catch(() => undefined);
  const { baseFeePerGas = [], gasUsedRatio = [], reward = [] } = answer ?? {};
  // It ends with the block that is not there yet.
  const next = baseFeePerGas.length > gasUsedRatio.length ? baseFeePerGas.at(-1) : undefined;
  // Of a block without transactions nodes say 0, which nobody has paid.
  const paid = (reward ?? []).filter((tips, block) => tips.length === PERCENTILES.length && gasUsedRatio[block]! > 0);
  const middle = (column: number) =>
    paid.length < ENOUGH ? undefined : paid.map((tips) => BigInt(tips[column]!)).sort(ascending)[paid.length >> 1];
  return { next: next === undefined ? undefined : BigInt(next), usual: middle(0), most: middle(1) };
}

/**
 * Of the pending block where a node has no history, as building that block takes a node longer than all else that is asked of it
 * at a head; where it shows none, as it follows from the newest block. 0 on chains without base fees.
 */
async function baseFeeWithoutHistory(client: PublicClient): Promise<bigint> {
  const pending = await blockOf(client, 'pending').catch(() => undefined);
  if (pending) return BigInt(pending.baseFeePerGas ?? 0);
  const newest = await blockOf(client, 'latest');
  if (!newest) throw new Error('the newest block was answered with nothing');
  return baseFeeAfter(newest);
}

const blockOf = (client: PublicClient, tag: 'pending' | 'latest') =>
  client.request({ method: 'eth_getBlockByNumber', params: [tag, false] });

/** A node's advice as far as it is believed; what is usual where it gives none. @throws its error where nothing is known */
function judged(advice: bigint | Error, { usual, most }: History, baseFee: bigint): bigint {
  if (typeof advice !== 'bigint') {
    if (usual === undefined) throw advice;
    return usual;
  }
  return least(advice, most === undefined ? larger(baseFee, PLAIN_TIP) : larger(most * TIMES_HISTORY, 1n));
}

/**
 * Fees by head. An answer that failed is asked for again. Where several endpoints can be asked, the lowest tip of theirs counts: the
 * others' words of an earlier head will do, so that no head waits for a slow one.
 *
 * @param others - those that may be used now, each alone; none where there is only one
 * @example
 * const prices = openGasPrices(chain.client, () => clientsOf(chain));
 * const { baseFee, priority } = await prices(head);
 */
export function openGasPrices(client: PublicClient, others: () => readonly PublicClient[] = () => []): GasPrices {
  /** The last tip that each of the others advised; `undefined` of one that failed. */
  const heard = new Map<PublicClient, bigint | undefined>();
  return oncePerHead(async () => {
    const asked = others();
    const words = asked.map(async (other) => {
      const isNew = !heard.has(other);
      const answer = gasPriceNow(other).then(
        ({ priority }) => heard.set(other, priority),
        () => heard.set(other, undefined),
      );
      if (isNew) await Promise.race([answer, sleep(FIRST_WORD)]);
    });
    const [{ baseFee, priority }] = await Promise.all([gasPriceNow(client), ...words]);
    return { baseFee, priority: asked.reduce((low, other) => least(low, heard.get(other) ?? low), priority) };
  });
}

/** Remembers what is asked at the newest head; nothing that failed. */
export function oncePerHead<T>(ask: () => Promise<T>): (head: { hash: Hash }) => Promise<T> {
  let known: { hash: Hash; answer: Promise<T> } | undefined;
  return ({ hash }) => {
    if (known?.hash === hash) return known.answer;
    const mine = { hash, answer: ask() };
    known = mine;
    mine.answer.catch(() => {
      if (known === mine) known = undefined;
    });
    return mine.answer;
  };
}

const ascending = (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0);
const least = (a: bigint, b: bigint) => (a < b ? a : b);
const larger = (a: bigint, b: bigint) => (a > b ? a : b);
