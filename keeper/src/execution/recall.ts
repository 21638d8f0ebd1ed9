import { type Address, isAddressEqual, type PublicClient, type TransactionReceipt } from 'viem';
import type { Attempt } from '../store/attempts.ts';
import type { Store } from '../store/store.ts';
import type { Flight } from './flight.ts';
import { REMEMBERED } from './lane-state.ts';
import { type About, flightOf, reopen } from './ledger.ts';
import { receiptOf } from './receipts.ts';

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
 * @throws when the node fails
 * @example
 * const mined = await recallMined(client, store, operator.address, head.number);
 * const dispatcher = await openDispatcher({ ...options, mined });
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
  const receipts = await Promise.all(recent.map(({ hashes }) => receiptOf(client, hashes)));
  return recent.flatMap((attempt, index) => {
    const receipt = receipts[index];
    if (!receipt && UNSEEN.includes(attempt.state)) return [];
    if (!receipt || !isAsKept(store, attempt, receipt)) {
      reopen(store, attempt, attempt.state === 'cancelled' ? attempt.reason : undefined);
      return [];
    }
    const flight = operator && isAddressEqual(attempt.operator, operator) ? flightOf(attempt) : undefined;
    return flight ? [{ flight, block: receipt.blockNumber }] : [];
  });
}

/** Whether the chain says of an attempt what the store says. */
function isAsKept(store: Store, { state }: Attempt, receipt: TransactionReceipt): boolean {
  if (!ENDS[receipt.status].some((end) => end === state)) return false;
  if (state !== 'landed') return true;
  const told = store.liquidations.of(receipt.transactionHash);
  return told.length > 0 && told.every(({ block }) => block === receipt.blockNumber);
}
