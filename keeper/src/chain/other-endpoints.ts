import { createPublicClient, custom, type PublicClient } from 'viem';
import type { Chain } from './client.ts';
import { route } from './failover.ts';

/**
 * A client that leaves out the endpoint which is asked first at this moment: for what one endpoint said and another is to
 * confirm.
 *
 * @returns `undefined` where there is no other that may be used
 * @example
 * const code = await otherEndpoints(chain)?.getCode({ address, blockNumber });
 */
export function otherEndpoints({
  endpoints,
  definition,
}: Pick<Chain, 'endpoints' | 'definition'>): PublicClient | undefined {
  const [first, ...others] = endpoints.ranked();
  if (!first || others.length === 0) return undefined;
  const request = async (body: { method: string; params?: unknown }) => (await route(endpoints, body, [first])).result;
  return createPublicClient({ chain: definition, transport: custom({ request }, { retryCount: 0 }) });
}
