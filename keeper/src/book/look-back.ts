import type { Address, PublicClient } from 'viem';
import type { BlockRef, Market } from '../protocols/protocol.ts';

/**
 * Whether any of these accounts was still under water when a block was done: what tells a deal that somebody else was first with
 * from one that failed for another reason.
 *
 * @param block - its own timestamp is the moment they are judged at
 * @throws when the node fails or no longer has the state of that block
 * @example
 * await wasUnderwater(client, tracker.market, ['0xab…'], block); // false: a rival has repaid it
 */
export async function wasUnderwater(
  client: PublicClient,
  market: Market,
  keys: readonly Address[],
  block: BlockRef,
): Promise<boolean> {
  const state = await market.read(client, block);
  const accounts = await market.readAccounts(client, state, keys);
  const view = market.at(state, (key) => accounts.get(key), block);
  return keys.some((key) => {
    const health = view.health(key.toLowerCase() as Address);
    // Whoever cannot be judged is not taken for saved.
    return 'error' in health || health.underwater;
  });
}
