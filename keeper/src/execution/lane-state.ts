import { BaseError, type Hash, InsufficientFundsError, type LocalAccount, type PublicClient } from 'viem';
import type { GasPrice, GasPrices } from '../chain/gas-price.ts';
import type { Ended, Flight, LaneEvent } from './flight.ts';

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
  /** Wei per gas, the most ever offered. */
  maxGasPrice: bigint | undefined;
  onEvent: (event: LaneEvent<T>) => void;
  /** Called before each version goes out, its hash being the last: whoever keeps it can tell after a crash what became of it. */
  save: (flight: Flight<T>) => void;
};

/** A flight as the lane watches it. */
export type InFlight<T> = Flight<T> & {
  /** Heads at which its nonce was used and no receipt was to be had. */
  unexplained: number;
};

/** All that a lane knows. The functions of its files read and change it. */
export type LaneState<T> = Omit<LaneOptions<T>, 'maxGasPrice'> & {
  /** Wei per gas. */
  maxGasPrice: bigint;
  /** On their way, by rising nonce. */
  flights: InFlight<T>[];
  /** Ends that nobody has been told of yet. They are kept here, so that none is lost when a node fails half way through a head. */
  ended: Ended<T>[];
  /** Mined in one of the last blocks, which may yet be unwound. */
  mined: { flight: InFlight<T>; block: bigint }[];
  /** Given up because no node had them. A node may have been late, so the lane looks for them once their nonce is used. */
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
export const watched = <T>(flight: Flight<T>): InFlight<T> => ({ ...flight, unexplained: 0 });

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
