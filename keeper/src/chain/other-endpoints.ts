import { createPublicClient, custom, type PublicClient } from 'viem';
import type { Chain } from './client.ts';
import { route } from './failover.ts';

/**
 * A client for each endpoint that may be used, which asks that one alone: for what one endpoint said and another is to confirm. The
 * one that is asked first in everything else comes last.
 *
 * @example
 * const [other] = eachEndpoint(chain);
 * const code = await other?.getCode({ address, blockNumber });
 */
export function eachEndpoint({ endpoints, definition }: Pick<Chain, 'endpoints' | 'definition'>): PublicClient[] {
  const [first, ...others] = endpoints.ranked();
  if (!first) return [];
  return [...others, first].map((wanted) => {
    const except = endpoints.members.filter((member) => member !== wanted);
    const request = async (body: { method: string; params?: unknown }) => (await route(endpoints, body, except)).result;
    return createPublicClient({ chain: definition, transport: custom({ request }, { retryCount: 0 }) });
  });
}
