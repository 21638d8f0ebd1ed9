import {
  type Address,
  BaseError,
  type Hash,
  type Hex,
  InsufficientFundsError,
  type LocalAccount,
  type PublicClient,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem';
import { type Fees, firstFees, gasPriceNow, raisedFees } from './fees.ts';
import { rehearse } from './rehearse.ts';

/** What the lane is asked to send. */
export type Shipment<T> = {
  to: Address;
  data: Hex;
  /** Gas as rehearsed; the limit gets a margin. */
  gas: bigint;
  /** Most wei that may be spent on gas: what the plan earns above the least profit. */
  budget: bigint;
  /** Handed back with the outcome. */
  about: T;
};

/** A transaction on its way. All its versions share the nonce; one of them at most is mined. */
type InFlight<T> = Shipment<T> & {
  nonce: number;
  fees: Fees;
  hashes: Hash[];
  /** Its newest version, signed. */
  signed: Hex;
  sentAt: bigint;
  /** Why it is being taken back. */
  cancelling?: string;
  /** Heads at which its nonce was used and no receipt was to be had. */
  unexplained: number;
};

/** What became of a transaction. */
export type Settled<T> =
  | { state: 'mined'; about: T; receipt: TransactionReceipt }
  /** Taken back with an empty transaction of the same nonce, which `receipt` is of. */
  | { state: 'cancelled'; about: T; reason: string; receipt: TransactionReceipt }
  /** The nonce was used by a transaction that is not ours. */
  | { state: 'replaced'; about: T };

/** What the lane did that nobody asked for, for the log. */
export type LaneEvent<T> =
  | { kind: 'bumped'; about: T; nonce: number; hash: Hash; maxFeePerGas: bigint }
  | { kind: 'cancelling'; about: T; nonce: number; hash: Hash; reason: string }
  | { kind: 'stuck'; about: T; nonce: number; reason: string };

/** One nonce lane: everything one key sends, in order, each transaction watched until its nonce is used. */
export type Lane<T> = {
  inFlight(): readonly T[];
  /** Signs and sends. @throws one error when no endpoint took it; the nonce is then free again. */
  send(shipment: Shipment<T>, head: bigint): Promise<Hash>;
  /** Looks after everything in flight; call it at every head. */
  onHead(head: bigint): Promise<Settled<T>[]>;
};

/** Gas of a transfer, all that cancelling costs. */
const CANCEL_GAS = 21_000n;
/** Heads to wait for the receipt of a nonce that is used. */
const PATIENCE = 3;
/** Interest and rounding move the gas by a little; a limit that is too low wastes all of it. */
const withMargin = (gas: bigint) => gas + gas / 5n;

/**
 * @param options.bumpAfterBlocks - a transaction that waited this long is sent again with a higher fee while its budget
 * allows and its calldata still works; else it is cancelled
 * @param options.maxGasPrice - wei per gas, the most ever offered
 */
export async function openLane<T>(options: {
  client: PublicClient;
  account: LocalAccount;
  chainId: number;
  bumpAfterBlocks: bigint;
  maxGasPrice: bigint | undefined;
  onEvent: (event: LaneEvent<T>) => void;
}): Promise<Lane<T>> {
  const { client, account, chainId, bumpAfterBlocks, onEvent } = options;
  const limit = options.maxGasPrice ?? 2n ** 96n;
  const flights: InFlight<T>[] = [];
  let nextNonce = await client.getTransactionCount({ address: account.address, blockTag: 'pending' });

  async function submit(transaction: {
    to: Address;
    data: Hex;
    gas: bigint;
    nonce: number;
    fees: Fees;
  }): Promise<{ hash: Hash; signed: Hex }> {
    const { to, data, gas, nonce, fees } = transaction;
    const signed = await account.signTransaction({ type: 'eip1559', chainId, to, data, gas, nonce, ...fees });
    return { hash: await client.sendRawTransaction({ serializedTransaction: signed }), signed };
  }

  /**
   * After a refusal: the nonce may be used, or promised to a transaction of somebody else with this key. Nodes say so in many
   * words, so the count is asked again whatever they said.
   */
  async function resynchronise(): Promise<void> {
    const pending = await client.getTransactionCount({ address: account.address, blockTag: 'pending' });
    nextNonce = flights.length === 0 ? pending : Math.max(nextNonce, pending);
  }

  async function again(flight: InFlight<T>, head: bigint): Promise<void> {
    const now = await gasPriceNow(client);
    const fees = raisedFees(flight.fees, now);
    if (fees.maxFeePerGas > limit) {
      onEvent({ kind: 'stuck', about: flight.about, nonce: flight.nonce, reason: '--max-gas-price is reached' });
      flight.sentAt = head;
      // Nodes drop what does not pay the base fee; those that still have it say so, which is no news.
      await client.sendRawTransaction({ serializedTransaction: flight.signed }).catch(() => {});
      return;
    }
    const reason = flight.cancelling ?? (await whyNotAgain(flight, fees));
    const { nonce, about } = flight;
    // A transfer of nothing to oneself: the cheapest way to use the nonce.
    const body = reason ? { to: account.address, data: '0x' as const, gas: CANCEL_GAS } : flight;
    const gas = reason ? CANCEL_GAS : withMargin(flight.gas);
    try {
      const { hash, signed } = await submit({ to: body.to, data: body.data, gas, nonce, fees });
      flight.hashes.push(hash);
      if (reason) onEvent({ kind: 'cancelling', about, nonce, hash, reason });
      else onEvent({ kind: 'bumped', about, nonce, hash, maxFeePerGas: fees.maxFeePerGas });
      Object.assign(flight, { fees, signed, sentAt: head, cancelling: reason });
    } catch (error) {
      // Most likely mined in the meantime: the next head tells. If not, it is tried again there.
      onEvent({ kind: 'stuck', about, nonce, reason: shortMessage(error) });
    }
  }

  /** Undefined when a higher fee is worth it. */
  async function whyNotAgain(flight: InFlight<T>, fees: Fees): Promise<string | undefined> {
    if (flight.gas * fees.maxFeePerGas > flight.budget) return 'a higher fee would cost more than the plan earns';
    try {
      // On `latest`: on `pending` its own earlier version has already run.
      await rehearse(client, { from: account.address, to: flight.to, data: flight.data }, 'latest');
      return undefined;
    } catch (error) {
      return `it would revert now: ${shortMessage(error)}`;
    }
  }

  /** Undefined while the node has no receipt yet, as one behind a load balancer may not. */
  async function settle(flight: InFlight<T>): Promise<Settled<T> | undefined> {
    const { about, hashes, cancelling } = flight;
    for (const hash of hashes.toReversed()) {
      const receipt = await client.getTransactionReceipt({ hash }).catch((error) => {
        if (error instanceof TransactionReceiptNotFoundError) return undefined;
        throw error;
      });
      if (!receipt) continue;
      if (cancelling && receipt.to?.toLowerCase() === account.address.toLowerCase()) {
        return { state: 'cancelled', about, reason: cancelling, receipt };
      }
      return { state: 'mined', about, receipt };
    }
    flight.unexplained += 1;
    return flight.unexplained < PATIENCE ? undefined : { state: 'replaced', about };
  }

  return {
    inFlight: () => flights.map(({ about }) => about),

    async send(shipment, head) {
      const now = await gasPriceNow(client);
      const affordable = shipment.budget / shipment.gas;
      const fees = firstFees(now, affordable < limit ? affordable : limit);
      const nonce = nextNonce;
      try {
        const { hash, signed } = await submit({ ...shipment, gas: withMargin(shipment.gas), nonce, fees });
        nextNonce = nonce + 1;
        flights.push({ ...shipment, nonce, fees, hashes: [hash], signed, sentAt: head, unexplained: 0 });
        return hash;
      } catch (error) {
        // What the node refused is the news, not that it could not be asked again.
        await resynchronise().catch(() => {});
        throw error;
      }
    },

    async onHead(head) {
      if (flights.length === 0) return [];
      const used = await client.getTransactionCount({ address: account.address, blockTag: 'latest' });
      const settled: Settled<T>[] = [];
      for (const flight of [...flights]) {
        if (flight.nonce >= used) {
          if (head - flight.sentAt >= bumpAfterBlocks) await again(flight, head);
          continue;
        }
        const outcome = await settle(flight);
        if (!outcome) continue;
        flights.splice(flights.indexOf(flight), 1);
        settled.push(outcome);
      }
      return settled;
    },
  };
}

function shortMessage(error: unknown): string {
  if (error instanceof BaseError) {
    if (error.walk((e) => e instanceof InsufficientFundsError)) return 'the operator has too little for gas';
    return error.shortMessage;
  }
  return error instanceof Error ? error.message : String(error);
}
