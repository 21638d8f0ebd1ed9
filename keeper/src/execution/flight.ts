import type { Address, Hash, Hex, TransactionReceipt } from 'viem';
import type { Fees } from './fees.ts';

/** What the lane is asked to send. */
export type Shipment<T> = {
  to: Address;
  data: Hex;
  /** What it earns as rehearsed, wei. */
  value: bigint;
  /** Gas as rehearsed. */
  gas: bigint;
  /** Gas limit of the transaction; of all its versions. */
  limit: bigint;
  /** Most wei that may be spent on gas: what the plan earns above the least profit. */
  budget: bigint;
  /** Handed back with the end. */
  about: T;
};

/** A transaction on its way. All its versions share the nonce; one of them at most is mined. */
export type Flight<T> = Omit<Shipment<T>, 'limit'> & {
  nonce: number;
  fees: Fees;
  hashes: Hash[];
  /** Its newest version, signed. */
  signed: Hex;
  /** The head its newest version was sent at. */
  sentAt: bigint;
  /** Why it is being taken back. `budget` is then what that may cost. */
  cancelling?: string;
  /** Its nonce is used, and nobody has its receipt yet: what became of it is not known. It holds nothing any more. */
  unresolved?: boolean;
};

/** What became of a transaction. */
export type Ended<T> =
  | { state: 'mined'; about: T; receipt: TransactionReceipt }
  /** Taken back with an empty transaction of the same nonce, which `receipt` is of. */
  | { state: 'cancelled'; about: T; reason: string; receipt: TransactionReceipt }
  /** The nonce was used by a transaction that is not ours, as far as every endpoint knows. */
  | { state: 'replaced'; about: T }
  /** It was signed before a crash or taken off the chain, no node knows it, and it is not worth sending: its nonce is free. */
  | { state: 'expired'; about: T; reason: string };

/** What the lane did that nobody asked for, for the log. */
export type LaneEvent<T> =
  | { kind: 'bumped'; about: T; nonce: number; hash: Hash; maxFeePerGas: bigint }
  | { kind: 'cancelling'; about: T; nonce: number; hash: Hash; reason: string }
  | { kind: 'stuck'; about: T; nonce: number; reason: string }
  /** Its nonce is used, and no node has its receipt: what became of it is told when that is known. */
  | { kind: 'not known yet'; about: T; nonce: number; hash: Hash }
  /** The block it was mined in is no longer on the chain: it is watched again. */
  | { kind: 'unwound'; about: T; nonce: number; hash: Hash; cancelling: string | undefined }
  /** Nonces were used that this lane did not use: another program sends with the same key. */
  | { kind: 'foreign'; about: undefined; nonce: number; expected: number };
