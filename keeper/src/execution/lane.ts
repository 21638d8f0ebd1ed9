import { type Address, type Hash, type Hex, keccak256, type LocalAccount } from 'viem';
import type { GasPrice } from '../chain/gas-price.ts';
import type { Head } from '../chain/head.ts';
import { bump } from './bump.ts';
import type { Ended, Flight, Shipment } from './flight.ts';
import {
  countNonces,
  type InFlight,
  type LaneOptions,
  type LaneState,
  nonceBehindAll,
  REMEMBERED,
  reservedBy,
  waitingIn,
  watched,
} from './lane-state.ts';
import { feesFor, forgetGuess, learn } from './purse.ts';
import { endOf, lookForForgotten } from './receipts.ts';
import { refusalOf } from './refusals.ts';
import { submit } from './submit.ts';
import { takeUp } from './take-up.ts';

/** One nonce lane: everything one key sends, in order, each transaction watched until its nonce is used. */
export type Lane<T> = {
  inFlight(): readonly Flight<T>[];
  /** Asks what the next transaction of this head needs, while its plan is still being rehearsed. */
  prepare(head: Head): void;
  /** Signs a transaction that no node would take, and throws it away: large calldata takes code that a small one does not. */
  practise(to: Address, data: Hex): Promise<void>;
  /**
   * Signs and sends; again with a higher tip where a node insists on one and the plan can pay it.
   *
   * @throws one error when no endpoint took it, or it may cost more than there is: see {@link isTooDear}; the nonce is then free again
   */
  send(shipment: Shipment<T>, head: Head): Promise<Hash>;
  /** What all that is on its way may cost, wei. */
  reserved(): bigint;
  /** Looks after everything in flight; call it at every head. */
  onHead(head: Head): Promise<Ended<T>[]>;
  /** The blocks above `ancestor` are no longer on the chain: what was mined in them is in flight again, or not worth it. */
  unwind(ancestor: bigint, head: bigint): Promise<void>;
};

/** Signatures before the first that counts. */
const WARM_UP = 16;
/** A nonce that no account gets to. */
const NO_NONCE = Number.MAX_SAFE_INTEGER;
/** How often a transaction is offered at one head, each time with the tip that the last refusal asked for. */
const OFFERS = 4;

/**
 * Opens the lane of a key and takes up what it had sent.
 *
 * @param past.resume - what an earlier run had in flight when it ended
 * @param past.mined - what it had seen mined in one of the last blocks
 * @throws when the node fails
 * @example
 * const lane = await openLane(options, { resume: ledger.resume(), mined: [] });
 * await lane.send({ to, data, value, gas, limit, budget, about }, head);
 */
export async function openLane<T>(
  options: LaneOptions<T>,
  past: { resume: readonly Flight<T>[]; mined: readonly { flight: Flight<T>; block: bigint }[] },
): Promise<Lane<T>> {
  const lane: LaneState<T> = {
    ...options,
    flights: past.resume.map(watched),
    ended: [],
    mined: past.mined.map(({ flight, block }) => ({ flight: watched(flight), block })),
    forgotten: [],
    nextNonce: 0,
    prepared: undefined,
  };
  await takeUp(lane);
  lane.nextNonce = await nonceBehindAll(lane);
  await warmUp(lane.account);
  return {
    inFlight: () => lane.flights,
    prepare: (head) => prepare(lane, head),
    practise: (to, data) => practise(lane, to, data),
    send: (shipment, head) => send(lane, shipment, head),
    reserved: () => reservedBy(lane),
    onHead: (head) => onHead(lane, head),
    unwind: (ancestor, head) => unwind(lane, ancestor, head),
  };
}

function prepare<T>(lane: LaneState<T>, head: Head): void {
  // With nothing in flight the nonce is asked for as well.
  const counted = waitingIn(lane).length === 0;
  if (lane.prepared?.head === head.hash && lane.prepared.counted >= counted) return;
  const terms = termsAt(lane, head);
  terms.catch(() => {}); // who sends asks again
  lane.prepared = { head: head.hash, counted, terms };
}

async function practise<T>({ account, chainId }: LaneState<T>, to: Address, data: Hex): Promise<void> {
  const nothing = { gas: 0n, maxFeePerGas: 0n, maxPriorityFeePerGas: 0n };
  const signed = await account.signTransaction({ type: 'eip1559', chainId, to, data, nonce: NO_NONCE, ...nothing });
  keccak256(signed);
}

async function send<T>(lane: LaneState<T>, shipment: Shipment<T>, head: Head): Promise<Hash> {
  const early = lane.prepared?.head === head.hash ? lane.prepared.terms : undefined;
  lane.prepared = undefined;
  const now = await (early?.catch(() => termsAt(lane, head)) ?? termsAt(lane, head));
  for (let offers = 1; ; offers++) {
    try {
      return await offer(lane, shipment, offers === 1 ? now : await lane.prices(head), head);
    } catch (error) {
      const refusal = refusalOf(error);
      const asksMore = refusal?.kind === 'tip' || refusal?.kind === 'price';
      if (asksMore && offers < OFFERS) continue;
      // What the node refused is the news, not that it could not be asked again.
      await resynchronise(lane).catch(() => {});
      throw error;
    }
  }
}

/** One transaction at these prices. @throws as {@link send}, having learnt what the refusal says */
async function offer<T>(lane: LaneState<T>, shipment: Shipment<T>, now: GasPrice, head: Head): Promise<Hash> {
  const { limit: gas, ...kept } = shipment;
  const reserved = reservedBy(lane);
  const fees = feesFor(lane.purse, now, shipment, reserved);
  const flight: InFlight<T> = {
    ...kept,
    fees,
    nonce: lane.nextNonce,
    hashes: [],
    signed: '0x',
    sentAt: head.number,
    unexplained: 0,
    cost: gas * fees.maxFeePerGas,
  };
  try {
    const hash = await submit(lane, flight, { to: flight.to, data: flight.data, gas });
    lane.nextNonce = flight.nonce + 1;
    lane.flights.push(flight);
    return hash;
  } catch (error) {
    const refusal = refusalOf(error);
    const offered = { gas, cost: flight.cost, tip: fees.maxPriorityFeePerGas, reserved };
    if (refusal) learn(lane.purse, refusal, offered, { baseFee: now.baseFee, block: head.number });
    throw error;
  }
}

/** Of a flight whose nonce is not used, or not any more. */
const NOT_USED = { unexplained: 0, usedSince: undefined, unresolved: false } as const;

async function onHead<T>(lane: LaneState<T>, head: Head): Promise<Ended<T>[]> {
  const { flights } = lane;
  const { number } = head;
  forgetGuess(lane.purse, number);
  lane.mined = lane.mined.filter(({ block }) => number - block <= REMEMBERED);
  if (flights.length + lane.forgotten.length === 0) return lane.ended.splice(0);
  const used = await countNonces(lane, 'latest');
  await lookForForgotten(lane, used, number);
  for (const flight of [...flights]) {
    if (flight.nonce >= used) {
      Object.assign(flight, NOT_USED);
      if (number - flight.sentAt >= lane.bumpAfterBlocks) await bump(lane, flight, head);
      continue;
    }
    const end = await endOf(lane, flight, number);
    if (!end) continue;
    flights.splice(flights.indexOf(flight), 1);
    lane.ended.push(end);
    // The truth may come later still: it is looked for, from now on.
    if (end.state === 'replaced') lane.forgotten.push(Object.assign(flight, { sentAt: number }));
  }
  return lane.ended.splice(0);
}

async function unwind<T>(lane: LaneState<T>, ancestor: bigint, head: bigint): Promise<void> {
  for (const { flight } of lane.mined.filter(({ block }) => block > ancestor)) {
    lane.ended = lane.ended.filter(({ about }) => about !== flight.about);
    const { about, nonce, hashes, cancelling } = flight;
    lane.flights.push(Object.assign(flight, { sentAt: head, ...NOT_USED }));
    lane.onEvent({ kind: 'unwound', about, nonce, hash: hashes.at(-1)!, cancelling });
  }
  lane.mined = lane.mined.filter(({ block }) => block <= ancestor);
  // A node may have dropped what it had pending as well.
  await takeUp(lane);
  lane.nextNonce = await nonceBehindAll(lane);
}

async function termsAt<T>(lane: LaneState<T>, head: Head): Promise<GasPrice> {
  const [now] = await Promise.all([lane.prices(head), waitingIn(lane).length === 0 && resynchronise(lane)]);
  return now;
}

/**
 * After a refusal: the nonce may be used, or promised to a transaction of somebody else with this key. Nodes say so in many words,
 * so the count is asked again whatever they said.
 */
async function resynchronise<T>(lane: LaneState<T>): Promise<void> {
  const pending = await countNonces(lane, 'pending');
  const expected = lane.nextNonce;
  if (pending > expected) lane.onEvent({ kind: 'foreign', about: undefined, nonce: pending, expected });
  lane.nextNonce = waitingIn(lane).length === 0 ? pending : Math.max(expected, pending);
}

/** The first signatures take ten times as long as those after them: tables are made, code is compiled. A message moves nothing. */
async function warmUp(account: LocalAccount): Promise<void> {
  for (let n = 0; n < WARM_UP; n++) await account.signMessage({ message: `plimsoll ${n}` });
}
