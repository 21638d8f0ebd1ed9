import type { Head } from '../chain/head.ts';
import { lostGas } from '../planning/gas.ts';
import { type Fees, isIdleRaise, raisedFees } from './fees.ts';
import { type InFlight, type LaneState, limitOf, reservedBy, shortMessage } from './lane-state.ts';
import { learn, spendable, tipFor } from './purse.ts';
import { refusalOf } from './refusals.ts';
import { submit } from './submit.ts';

/** Gas of a transfer, all that cancelling costs. */
const CANCEL_GAS = 21_000n;
/** A cancellation may cost this part of what the plan would burn by failing. */
const CANCEL_PART = 2n;
/** And this part of what those that wait behind it may earn. */
const BEHIND_PART = 100n;

/**
 * Sends a flight again with a higher fee or, where that is not worth it, an empty transaction in its place. Doing nothing is as good
 * where it pays what the chain asks already, and better where more would be paid than it saves: it is handed over again as it was.
 *
 * @param head - the newest block
 * @example
 * if (head.number - flight.sentAt >= lane.bumpAfterBlocks) await bump(lane, flight, head);
 */
export async function bump<T>(lane: LaneState<T>, flight: InFlight<T>, head: Head): Promise<void> {
  const { account, onEvent } = lane;
  const { about, nonce } = flight;
  const price = await lane.prices(head);
  const now = flight.cancelling ? price : { ...price, priority: tipFor(lane.purse, price, flight) };
  let fees = raisedFees(flight.fees, now);
  if (fees.maxFeePerGas > (lane.purse.settings.maxGasPrice ?? fees.maxFeePerGas))
    return leave(lane, flight, head, '--max-gas-price is reached');
  // On `latest`: on `pending` its own earlier version has already run.
  const reason = flight.cancelling ?? (await whyNotBump(lane, flight, fees, 'latest'));
  const isFirst = reason !== undefined && flight.cancelling === undefined;
  // What is taken back for the first time has to pay more than it does, whatever the chain asks.
  if (!isFirst && isIdleRaise(flight.fees, fees, now))
    return leave(lane, flight, head, 'it pays what the chain asks; a higher fee gains nothing');
  const gas = reason ? CANCEL_GAS : limitOf(flight);
  const budget = isFirst ? savedBy(lane, flight) : flight.budget;
  // As little as replaces it and pays the base fee is better than nothing.
  if (reason && gas * fees.maxFeePerGas > budget) fees = raisedFees(flight.fees, { ...now, priority: 0n });
  if (reason && gas * fees.maxFeePerGas > budget)
    return leave(lane, flight, head, `${reason}; taking it back would cost more than it saves`);
  if (gas * fees.maxFeePerGas > (spendable(lane.purse, reservedBy(lane, flight)) ?? gas * fees.maxFeePerGas))
    return leave(lane, flight, head, 'a higher fee would cost more than may be spent');
  const body = reason
    ? // A transfer of nothing to oneself: the cheapest way to use the nonce.
      { to: account.address, data: '0x' as const, gas }
    : { to: flight.to, data: flight.data, gas };
  const before = { ...flight };
  try {
    Object.assign(flight, { fees, sentAt: head.number, budget }, reason ? { cancelling: reason } : {});
    const hash = await submit(lane, flight, body);
    flight.told = undefined;
    if (reason) onEvent({ kind: 'cancelling', about, nonce, hash, reason });
    else onEvent({ kind: 'bumped', about, nonce, hash, maxFeePerGas: fees.maxFeePerGas });
  } catch (error) {
    const refusal = refusalOf(error);
    const offered = { gas, cost: flight.cost, tip: fees.maxPriorityFeePerGas, reserved: reservedBy(lane, flight) };
    if (refusal) learn(lane.purse, refusal, offered, { baseFee: now.baseFee, block: head.number });
    const { fees: old, signed, sentAt, cancelling, budget, cost } = before;
    Object.assign(flight, { fees: old, signed, sentAt, cancelling, budget, cost });
    // Most likely mined in the meantime: the next head tells. If not, it is tried again there.
    tellOnce(lane, flight, shortMessage(error));
  }
}

/**
 * The most that taking a plan back may cost, wei: half of what it would burn by failing at the highest fee that it offers, and a
 * hundredth of what those behind it may earn, as it holds them up; rounded down.
 */
function savedBy<T>({ flights }: LaneState<T>, { nonce, fees }: InFlight<T>): bigint {
  const behind = flights.filter((other) => other.nonce > nonce && other.cancelling === undefined);
  const held = behind.reduce((sum, { budget }) => sum + budget, 0n);
  return (lostGas(1) * fees.maxFeePerGas) / CANCEL_PART + held / BEHIND_PART;
}

/** Hands a flight over again as it was, and says why once. */
async function leave<T>(lane: LaneState<T>, flight: InFlight<T>, head: Head, reason: string): Promise<void> {
  tellOnce(lane, flight, reason);
  flight.sentAt = head.number;
  // Nodes drop what does not pay the base fee; those that still have it say so, which is no news.
  await lane.client.sendRawTransaction({ serializedTransaction: flight.signed }).catch(() => {});
}

function tellOnce<T>({ onEvent }: LaneState<T>, flight: InFlight<T>, reason: string): void {
  const { about, nonce, told } = flight;
  flight.told = reason;
  if (told !== reason) onEvent({ kind: 'stuck', about, nonce, reason });
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
