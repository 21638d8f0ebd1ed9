import { type Hash, type PublicClient, type TransactionReceipt, TransactionReceiptNotFoundError } from 'viem';
import type { Ended } from './flight.ts';
import { type InFlight, type LaneState, REMEMBERED } from './lane-state.ts';

/** Heads for which a flight whose nonce is used holds what it is about: longer than our endpoints differ in their newest block. */
const HELD = 3;
/** Milliseconds until a nonce is taken for used by somebody else, where every endpoint says that it has no receipt of ours. */
const PATIENCE = 120_000;
/** The same where only one endpoint can be asked though there are others. */
const LONG_PATIENCE = 5 * PATIENCE;

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
 * @returns `undefined` while that is not known: nobody has a receipt up to `head`, and not long enough for that to say something
 * @example
 * (await endOf(lane, flight, head))?.state; // 'mined'
 */
export async function endOf<T>(lane: LaneState<T>, flight: InFlight<T>, head: bigint): Promise<Ended<T> | undefined> {
  const { about, cancelling } = flight;
  const { receipt, others } = await receiptAnywhere(lane, flight.hashes);
  if (!receipt) return unexplained(lane, flight, others);
  // The keeper unwinds only blocks that it has taken: a receipt from a later block waits until that block is taken.
  if (receipt.blockNumber > head) return undefined;
  flight.unresolved = false;
  lane.mined.push({ flight, block: receipt.blockNumber });
  if (cancelling && receipt.to?.toLowerCase() === lane.account.address.toLowerCase()) {
    return { state: 'cancelled', about, reason: cancelling, receipt };
  }
  return { state: 'mined', about, receipt };
}

/**
 * The receipt, of whichever endpoint has it; without any, how many others said that they have none: `undefined` where there are
 * no others.
 */
async function receiptAnywhere<T>(
  { client, each }: LaneState<T>,
  hashes: readonly Hash[],
): Promise<{ receipt: TransactionReceipt | undefined; others: number | undefined }> {
  const receipt = await receiptOf(client, hashes);
  const clients = each();
  if (receipt || clients.length === 0) return { receipt, others: undefined };
  const answers = await Promise.allSettled(clients.map((other) => receiptOf(other, hashes)));
  const said = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  // One of those that were asked alone is the one that was asked first.
  return { receipt: said.find((found) => found !== undefined), others: Math.max(0, said.length - 1) };
}

/**
 * A nonce is used and no receipt is there. For a few heads the flight holds what it is about; then it holds nothing, as all that it
 * can have done is in the state by now, and what became of it is not known. Time and every endpoint's word make it replaced.
 */
function unexplained<T>(lane: LaneState<T>, flight: InFlight<T>, others: number | undefined): Ended<T> | undefined {
  const { about, nonce, hashes } = flight;
  flight.unexplained += 1;
  flight.usedSince ??= performance.now();
  if (flight.unexplained >= HELD && !flight.unresolved) {
    flight.unresolved = true;
    lane.onEvent({ kind: 'not known yet', about, nonce, hash: hashes.at(-1)! });
  }
  const waited = performance.now() - flight.usedSince;
  if (!flight.unresolved || waited < (others === 0 ? LONG_PATIENCE : PATIENCE)) return undefined;
  return { state: 'replaced', about };
}

/**
 * Finds, of what was given up, that which was mined all the same. What is not found for as long as blocks may be unwound is left.
 *
 * @example
 * await lookForForgotten(lane, await countNonces(lane, 'latest'), head);
 */
export async function lookForForgotten<T>(lane: LaneState<T>, used: number, head: bigint): Promise<void> {
  for (const flight of [...lane.forgotten]) {
    const receipt = flight.nonce < used ? await receiptOf(lane.client, flight.hashes) : undefined;
    const isThere = receipt !== undefined && receipt.blockNumber <= head;
    if (!isThere && head - flight.sentAt <= REMEMBERED) continue;
    lane.forgotten.splice(lane.forgotten.indexOf(flight), 1);
    const end = isThere ? await endOf(lane, flight, head) : undefined;
    if (end) lane.ended.push(end);
  }
}
