import type { Address, PublicClient } from 'viem';
import { oneLine } from '../log/one-line.ts';

/** The block a contract was created in, or why that could not be found out. */
export type Birth = { block: bigint; reason?: undefined } | { block?: undefined; reason: string };

/**
 * The first block in which an address has code, by bisection on eth_getCode (some 25 requests on a long chain). Supposes
 * that code, once there, stays.
 *
 * Needs an endpoint with old state. From one without, or where there is no code at all, the reason comes back instead and
 * the caller goes by what it knows: a preset's block, or the first log.
 */
export async function birthBlock(client: PublicClient, address: Address, latest?: bigint): Promise<Birth> {
  try {
    const newest = latest ?? (await client.getBlockNumber({ cacheTime: 0 }));
    const hasCode = async (blockNumber: bigint) => (await client.getCode({ address, blockNumber })) !== undefined;
    if (!(await hasCode(newest))) return { reason: `there is no code at ${address}` };
    let [without, withCode] = [-1n, newest];
    while (withCode - without > 1n) {
      const middle = (without + withCode) / 2n;
      if (await hasCode(middle)) withCode = middle;
      else without = middle;
    }
    return { block: withCode };
  } catch (error) {
    return { reason: `the endpoint has no old state: ${oneLine(error)}` };
  }
}
