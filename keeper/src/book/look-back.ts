import type { Address, Hash, PublicClient } from 'viem';
import { headOf } from '../chain/head.ts';
import type { BlockRef, Market } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import type { Sent } from '../store/sent.ts';

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

/**
 * Whether anybody whom a leg was about was still under water when a block was done.
 *
 * @param open - the markets that are watched; of others nothing is known, and nothing is taken for gone
 * @throws when the node fails or no longer has the state of that block
 * @example
 * await stillThere(client, trackers, sent, receipt.blockHash); // false: a rival was first
 */
export async function stillThere(
  client: PublicClient,
  open: readonly { key: MarketKey; market: Market }[],
  { deals }: Sent,
  hash: Hash,
): Promise<boolean> {
  const subjects = deals.flatMap(({ market, subjects: whom }) => whom.map(({ key }) => ({ market, key })));
  const known = open.flatMap(({ key: market, market: opened }) => {
    const keys = subjects.filter((subject) => subject.market === market).map(({ key }) => key);
    return keys.length > 0 ? [{ opened, keys }] : [];
  });
  if (known.length === 0) return true;
  const block = headOf(await client.request({ method: 'eth_getBlockByHash', params: [hash, false] }));
  const found = await Promise.all(known.map(({ opened, keys }) => wasUnderwater(client, opened, keys, block)));
  return found.some(Boolean);
}
