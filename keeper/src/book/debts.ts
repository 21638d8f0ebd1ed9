import type { Asset } from '../protocols/protocol.ts';
import type { Tracked } from './sync.ts';

/**
 * The debts in one asset, in the unit of the cells that hold them.
 *
 * - `counted`: what everybody owes by the market's own count.
 * - `known`: what the accounts in the book owe together.
 */
export type Debt = { asset: Asset; counted: bigint; known: bigint };

/** Both at the market's tip; `undefined` where the market does not count, or is not at its tip. @throws when the node fails */
export async function debtsOf({ options, market, state, journal, book }: Tracked): Promise<Debt[] | undefined> {
  if (!market.totalDebts || !state || state.block.hash !== journal.tip?.hash) return undefined;
  // Summed up before anything is waited for: the next head may change the book meanwhile.
  const sums = book.sums();
  const totals = await market.totalDebts(options.chain.client, state);
  return totals.map(({ asset, slot, amount }) => ({ asset, counted: amount, known: sums.get(slot) ?? 0n }));
}
