import { type Address, isAddressEqual, type PublicClient, TransactionReceiptNotFoundError } from 'viem';
import type { Attempt } from '../store/attempts.ts';
import type { Store } from '../store/store.ts';
import { type Flight, REMEMBERED } from './lane.ts';
import { type About, flightOf, reopen } from './ledger.ts';

/** Attempts that are looked at: more than end in the blocks that may be unwound. */
const RECENT = 256;
/** Blocks that a transaction may have waited before it was mined, and still is looked for. */
const WAITED = 128n;
/** What a transaction on the chain has come to, by whether it succeeded. */
const ENDS = { success: ['landed', 'cancelled'], reverted: ['lost', 'reverted'] } as const;
/** Ends without a receipt: the chain may have it in the end. */
const UNSEEN: readonly string[] = ['expired', 'replaced'];
const LOOKED_FOR: readonly string[] = [...Object.values(ENDS).flat(), ...UNSEEN];

/**
 * What an earlier run saw mined in one of the last blocks. What still is as it was is returned, with its block: it may be
 * unwound later. What is not, because blocks were unwound while no keeper ran, or were mined after it was given up, is open
 * again in the store, and so in flight.
 *
 * @param operator - whose transactions are returned
 * @param head - number of the newest block
 */
export async function recallMined(
  client: PublicClient,
  store: Store,
  operator: Address | undefined,
  head: bigint,
): Promise<{ flight: Flight<About>; block: bigint }[]> {
  const recent = store.attempts
    .recent(RECENT)
    .filter(
      ({ state, sentAt }) => LOOKED_FOR.includes(state) && sentAt !== undefined && head - sentAt <= REMEMBERED + WAITED,
    );
  const told = new Map(store.positions.recent(RECENT).map(({ hash, block }) => [hash, block]));
  const receipts = await Promise.all(recent.map((attempt) => receiptOf(client, attempt)));
  return recent.flatMap((attempt, index) => {
    const receipt = receipts[index];
    if (!receipt && UNSEEN.includes(attempt.state)) return [];
    const same =
      receipt !== undefined &&
      ENDS[receipt.status].some((state) => state === attempt.state) &&
      (attempt.state !== 'landed' || told.get(receipt.transactionHash) === receipt.blockNumber);
    if (!same) reopen(store, attempt, attempt.state === 'cancelled' ? attempt.reason : undefined);
    const flight = operator && isAddressEqual(attempt.operator, operator) ? flightOf(attempt) : undefined;
    return same && flight ? [{ flight, block: receipt.blockNumber }] : [];
  });
}

async function receiptOf(client: PublicClient, { hashes }: Attempt) {
  for (const hash of hashes.toReversed()) {
    const receipt = await client.getTransactionReceipt({ hash }).catch((error) => {
      if (error instanceof TransactionReceiptNotFoundError) return undefined;
      throw error;
    });
    if (receipt) return receipt;
  }
  return undefined;
}
