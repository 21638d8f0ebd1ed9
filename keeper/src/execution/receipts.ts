import { type Hash, type PublicClient, type TransactionReceipt, TransactionReceiptNotFoundError } from 'viem';
import type { Ended } from './flight.ts';
import { type InFlight, type LaneState, REMEMBERED } from './lane-state.ts';

/** Heads to wait for the receipt of a nonce that is used. */
const PATIENCE = 3;

/**
 * The receipt of one of a transaction's versions, the newest first; `undefined` while none is mined.
 *
 * @throws when the node fails
 * @example
 * (await receiptOf(client, attempt.hashes))?.status; // 'success'
 */
export async function receiptOf(
  client: PublicClient,
  hashes: readonly Hash[],
): Promise<TransactionReceipt | undefined> {
  for (const hash of hashes.toReversed()) {
    const receipt = await client.getTransactionReceipt({ hash }).catch((error) => {
      if (error instanceof TransactionReceiptNotFoundError) return undefined;
      throw error;
    });
    if (receipt) return receipt;
  }
  return undefined;
}

/**
 * What became of a flight whose nonce is used.
 *
 * @returns `undefined` while the node has no receipt up to `head`, as one behind a load balancer may not
 * @example
 * (await endOf(lane, flight, head))?.state; // 'mined'
 */
export async function endOf<T>(lane: LaneState<T>, flight: InFlight<T>, head: bigint): Promise<Ended<T> | undefined> {
  const { about, cancelling } = flight;
  const receipt = await receiptOf(lane.client, flight.hashes);
  if (!receipt) {
    flight.unexplained += 1;
    return flight.unexplained < PATIENCE ? undefined : { state: 'replaced', about };
  }
  // The keeper unwinds only blocks that it has taken: a receipt from a later block waits until that block is taken.
  if (receipt.blockNumber > head) return undefined;
  lane.mined.push({ flight, block: receipt.blockNumber });
  if (cancelling && receipt.to?.toLowerCase() === lane.account.address.toLowerCase()) {
    return { state: 'cancelled', about, reason: cancelling, receipt };
  }
  return { state: 'mined', about, receipt };
}

/**
 * Finds, of what was given up, that which was mined all the same. What is not found for as long as blocks may be unwound is left.
 *
 * @example
 * await lookForForgotten(lane, await countNonces(lane, 'latest'), head);
 */
export async function lookForForgotten<T>(lane: LaneState<T>, used: number, head: bigint): Promise<void> {
  for (const flight of [...lane.forgotten]) {
    const end = flight.nonce < used ? await endOf(lane, flight, head) : undefined;
    if (!end && head - flight.sentAt <= REMEMBERED) continue;
    lane.forgotten.splice(lane.forgotten.indexOf(flight), 1);
    if (end?.state === 'mined') lane.ended.push(end);
  }
}
