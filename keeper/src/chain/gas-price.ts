import type { Hash, PublicClient } from 'viem';

/** What the chain asks now: `baseFee` of the next block and the tip that usually gets in. */
export type GasPrice = { baseFee: bigint; priority: bigint };

/** Fees of the block after a head; asked of the chain once a head, by whoever comes first. */
export type GasPrices = (head: { hash: Hash }) => Promise<GasPrice>;

/** Fees of the next block, from the chain. */
export async function gasPriceNow(client: PublicClient): Promise<GasPrice> {
  const [block, priority] = await Promise.all([
    client.getBlock({ blockTag: 'pending' }),
    client.estimateMaxPriorityFeePerGas(),
  ]);
  return { baseFee: block.baseFeePerGas ?? 0n, priority };
}

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
