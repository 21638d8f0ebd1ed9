import { gasPriceNow } from '../chain/gas-price.ts';
import { type Fees, raisedFees } from './fees.ts';
import { type InFlight, type LaneState, shortMessage } from './lane-state.ts';
import { limitOf, submit } from './submit.ts';

/** Gas of a transfer, all that cancelling costs. */
const CANCEL_GAS = 21_000n;

/**
 * Sends a flight again with a higher fee or, where that is not worth it, an empty transaction in its place. One that may not pay
 * more is handed over again as it was.
 *
 * @param head - number of the newest block
 * @example
 * if (head - flight.sentAt >= lane.bumpAfterBlocks) await bump(lane, flight, head);
 */
export async function bump<T>(lane: LaneState<T>, flight: InFlight<T>, head: bigint): Promise<void> {
  const { client, account, onEvent } = lane;
  const { about, nonce } = flight;
  const fees = raisedFees(flight.fees, await gasPriceNow(client));
  if (fees.maxFeePerGas > lane.maxGasPrice) {
    onEvent({ kind: 'stuck', about, nonce, reason: '--max-gas-price is reached' });
    flight.sentAt = head;
    // Nodes drop what does not pay the base fee; those that still have it say so, which is no news.
    await client.sendRawTransaction({ serializedTransaction: flight.signed }).catch(() => {});
    return;
  }
  // On `latest`: on `pending` its own earlier version has already run.
  const reason = flight.cancelling ?? (await whyNotBump(lane, flight, fees, 'latest'));
  const body = reason
    ? // A transfer of nothing to oneself: the cheapest way to use the nonce.
      { to: account.address, data: '0x' as const, gas: CANCEL_GAS }
    : { to: flight.to, data: flight.data, gas: limitOf(flight) };
  const before = { ...flight };
  try {
    Object.assign(flight, { fees, sentAt: head }, reason ? { cancelling: reason } : {});
    const hash = await submit(lane, flight, body);
    if (reason) onEvent({ kind: 'cancelling', about, nonce, hash, reason });
    else onEvent({ kind: 'bumped', about, nonce, hash, maxFeePerGas: fees.maxFeePerGas });
  } catch (error) {
    const { fees, signed, sentAt, cancelling } = before;
    Object.assign(flight, { fees, signed, sentAt, cancelling });
    // Most likely mined in the meantime: the next head tells. If not, it is tried again there.
    onEvent({ kind: 'stuck', about, nonce, reason: shortMessage(error) });
  }
}

/**
 * Why a flight is not worth these fees.
 *
 * @returns `undefined` when it is
 * @example
 * await whyNotBump(lane, flight, raisedFees(flight.fees, now), 'latest'); // 'it would revert now: …'
 */
export async function whyNotBump<T>(
  { client, account }: LaneState<T>,
  flight: InFlight<T>,
  fees: Fees,
  blockTag: 'latest' | 'pending',
): Promise<string | undefined> {
  if (flight.gas * fees.maxFeePerGas > flight.budget) return 'a higher fee would cost more than the plan earns';
  try {
    const { to, data } = flight;
    await client.call({ account: account.address, to, data, gas: limitOf(flight), blockTag });
    return undefined;
  } catch (error) {
    return `it would revert now: ${shortMessage(error)}`;
  }
}
