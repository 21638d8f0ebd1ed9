import {
  BaseError,
  type Hash,
  InsufficientFundsError,
  type LocalAccount,
  type PublicClient,
  parseTransaction,
} from 'viem';
import type { GasPrice, GasPrices } from '../chain/gas-price.ts';
import type { Ended, Flight, LaneEvent } from './flight.ts';
import type { Purse } from './purse.ts';

/** Blocks for which what was mined is remembered, in case they are unwound. */
export const REMEMBERED = 128n;

/** What a lane works with, and whom it tells. */
export type LaneOptions<T> = {
  client: PublicClient;
  prices: GasPrices;
  account: LocalAccount;
  chainId: number;
  /**
   * A transaction that waited this many blocks is sent again with a higher fee while its budget allows and its calldata still
   * works; else it is cancelled.
   */
  bumpAfterBlocks: bigint;
  /** What a transaction may cost. */
  purse: Purse;
  /** Every endpoint that may be used now, each alone; none where there is only one. */
  each: () => readonly PublicClient[];
  onEvent: (event: LaneEvent<T>) => void;
  /** Called before each version goes out, its hash being the last: whoever keeps it can tell after a crash what became of it. */
  save: (flight: Flight<T>) => void;
};

/** A flight as the lane watches it. */
export type InFlight<T> = Flight<T> & {
  /** Heads at which its nonce was used and no receipt was to be had. */
  unexplained: number;
  /** When that was seen first, milliseconds of a clock that only runs forward. */
  usedSince?: number | undefined;
  /** What it may cost as it was signed last: gas limit times max fee, wei. */
  cost: bigint;
  /** Why it is left as it is, so that it is told once. */
  told?: string | undefined;
};

/** All that a lane knows. The functions of its files read and change it. */
export type LaneState<T> = LaneOptions<T> & {
  /** On their way, by rising nonce. */
  flights: InFlight<T>[];
  /** Ends that nobody has been told of yet. They are kept here, so that none is lost when a node fails half way through a head. */
  ended: Ended<T>[];
  /** Mined in one of the last blocks, which may yet be unwound. */
  mined: { flight: InFlight<T>; block: bigint }[];
  /** Given up because no node had them or their receipt. A node may have been late, so the lane goes on looking for them. */
  forgotten: InFlight<T>[];
  nextNonce: number;
  /** Asked for ahead, for the next transaction of a head; `counted`: the nonce as well. */
  prepared: { head: Hash; counted: boolean; terms: Promise<GasPrice> } | undefined;
};

/**
 * A flight as the lane watches it, from the beginning.
 *
 * @example
 * lane.flights.push(watched(flight));
 */
export const watched = <T>(flight: Flight<T>): InFlight<T> => ({
  ...flight,
  unexplained: 0,
  cost: limitOf(flight) * flight.fees.maxFeePerGas,
});

/**
 * The gas limit that a flight was signed with.
 *
 * @example
 * limitOf(flight); // 1_350_000n
 */
export const limitOf = ({ signed }: Pick<Flight<unknown>, 'signed'>): bigint =>
  parseTransaction(signed as `0x02${string}`).gas!;

/**
 * What still waits for its nonce to be used: the others are only looked for.
 *
 * @example
 * if (waitingIn(lane).length === 0) await resynchronise(lane);
 */
export const waitingIn = <T>({ flights }: LaneState<T>): InFlight<T>[] =>
  flights.filter(({ unresolved }) => !unresolved);

/**
 * What all that is on its way may cost, wei. One whose nonce is used has cost what it has.
 *
 * @param except - one that is not counted
 * @example
 * reservedBy(lane); // 350_000_000_000_000_000n
 */
export const reservedBy = <T>(lane: LaneState<T>, except?: InFlight<T>): bigint =>
  waitingIn(lane).reduce((sum, flight) => (flight === except ? sum : sum + flight.cost), 0n);

/**
 * How many nonces the account has used, in mined transactions alone or with those that wait.
 *
 * @example
 * await countNonces(lane, 'latest'); // 17: nonces 0 to 16 are used
 */
export const countNonces = <T>({ client, account }: LaneState<T>, blockTag: 'pending' | 'latest'): Promise<number> =>
  client.getTransactionCount({ address: account.address, blockTag });

/**
 * The nonce behind all that waits in the node and all that this lane knows of.
 *
 * @example
 * lane.nextNonce = await nonceBehindAll(lane);
 */
export async function nonceBehindAll<T>(lane: LaneState<T>): Promise<number> {
  return Math.max(await countNonces(lane, 'pending'), ...lane.flights.map(({ nonce }) => nonce + 1));
}

/**
 * Why a node refused, in a few words.
 *
 * @example
 * lane.onEvent({ kind: 'stuck', about, nonce, reason: shortMessage(error) });
 */
export function shortMessage(error: unknown): string {
  if (error instanceof BaseError) {
    if (error.walk((cause) => cause instanceof InsufficientFundsError)) return 'the operator has too little for gas';
    return error.shortMessage;
  }
  return error instanceof Error ? error.message : String(error);
}
