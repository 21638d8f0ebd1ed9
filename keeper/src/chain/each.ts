import { createPublicClient, custom, type PublicClient } from 'viem';
import type { Chain } from './client.ts';

/**
 * One client for each endpoint that may be used now, where there are several: for what one endpoint alone is not believed. What one
 * of them fails with goes on account of that endpoint and no other is asked instead.
 *
 * @returns none where there is only one endpoint
 * @example
 * const each = clientsOf(chain);
 * const receipts = await Promise.allSettled(each().map((client) => client.getTransactionReceipt({ hash })));
 */
export function clientsOf({ definition, endpoints }: Pick<Chain, 'definition' | 'endpoints'>): () => PublicClient[] {
  const { members } = endpoints;
  if (members.length < 2) return () => [];
  const each = members.map((member) => {
    const request = (body: { method: string; params?: unknown }) => endpoints.ask(member, body);
    const transport = custom({ request }, { retryCount: 0 });
    return { member, client: createPublicClient({ chain: definition, transport, cacheTime: 0 }) as PublicClient };
  });
  return () => each.filter(({ member }) => endpoints.usable(member)).map(({ client }) => client);
}
