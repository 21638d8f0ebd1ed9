import type { PublicClient } from 'viem';

/** What the chain asks now: `baseFee` of the next block and the tip that usually gets in. */
export type GasPrice = { baseFee: bigint; priority: bigint };

/** Fees of the next block, from the chain. */
export async function gasPriceNow(client: PublicClient): Promise<GasPrice> {
  const [block, priority] = await Promise.all([
    client.getBlock({ blockTag: 'pending' }),
    client.estimateMaxPriorityFeePerGas(),
  ]);
  return { baseFee: block.baseFeePerGas ?? 0n, priority };
}
