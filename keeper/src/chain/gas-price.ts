import type { Hash, PublicClient } from 'viem';
import { baseFeeAfter } from './next-base-fee.ts';

/** What the chain asks now: `baseFee` of the next block and the tip that usually gets in. */
export type GasPrice = { baseFee: bigint; priority: bigint };

/** Fees of the block after a head; asked of the chain once a head, by whoever comes first. */
export type GasPrices = (head: { hash: Hash }) => Promise<GasPrice>;

/** Fees of the next block, from the chain. @throws when the node fails */
export async function gasPriceNow(client: PublicClient): Promise<GasPrice> {
  const [baseFee, priority] = await Promise.all([nextBaseFee(client), client.estimateMaxPriorityFeePerGas()]);
  return { baseFee, priority };
}

/**
 * The base fee of the next block, which the fee history ends with. Where a node has no such history, it is that of the pending block,
 * as building one takes a node longer than all else that is asked of it at a head; and where it shows none of its own, it follows
 * from the newest block. 0 on chains without base fees.
 */
async function nextBaseFee(client: PublicClient): Promise<bigint> {
  const history = await client
    .request({ method: 'eth_feeHistory', params: ['0x1', 'latest', []] })
    // Whatever is wrong with it, the block says the same.
    .catch(() => undefined);
  const [, next] = history?.baseFeePerGas ?? [];
  if (next !== undefined) return BigInt(next);
  const pending = await blockOf(client, 'pending').catch(() => undefined);
  if (pending) return BigInt(pending.baseFeePerGas ?? 0);
  const newest = await blockOf(client, 'latest');
  if (!newest) throw new Error('the newest block was answered with nothing');
  return baseFeeAfter(newest);
}

const blockOf = (client: PublicClient, tag: 'pending' | 'latest') =>
  client.request({ method: 'eth_getBlockByNumber', params: [tag, false] });

/** An answer that failed is asked for again. */
export const openGasPrices = (client: PublicClient): GasPrices => oncePerHead(() => gasPriceNow(client));

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
