import {
  type Address,
  BaseError,
  type Hash,
  type Hex,
  InsufficientFundsError,
  keccak256,
  type LocalAccount,
  type PublicClient,
  parseTransaction,
  TransactionNotFoundError,
  type TransactionReceipt,
  TransactionReceiptNotFoundError,
} from 'viem';
import { type GasPrice, type GasPrices, gasPriceNow } from '../chain/gas-price.ts';
import type { Head } from '../chain/head.ts';
import { type Fees, firstFees, raisedFees } from './fees.ts';

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
  /** Handed back with the outcome. */
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
  /** Why it is being taken back. */
  cancelling?: string;
};

type InFlight<T> = Flight<T> & {
  /** Heads at which its nonce was used and no receipt was to be had. */
  unexplained: number;
};

/** What became of a transaction. */
export type Settled<T> =
  | { state: 'mined'; about: T; receipt: TransactionReceipt }
  /** Taken back with an empty transaction of the same nonce, which `receipt` is of. */
  | { state: 'cancelled'; about: T; reason: string; receipt: TransactionReceipt }
  /** The nonce was used by a transaction that is not ours. */
  | { state: 'replaced'; about: T }
  /** Signed before a crash or taken off the chain, known to no node, and no longer worth sending: its nonce is free. */
  | { state: 'expired'; about: T; reason: string };

/** What the lane did that nobody asked for, for the log. */
export type LaneEvent<T> =
  | { kind: 'bumped'; about: T; nonce: number; hash: Hash; maxFeePerGas: bigint }
  | { kind: 'cancelling'; about: T; nonce: number; hash: Hash; reason: string }
  | { kind: 'stuck'; about: T; nonce: number; reason: string }
  /** The block it was mined in is no longer on the chain: it is watched again. */
  | { kind: 'unwound'; about: T; nonce: number; hash: Hash; cancelling: string | undefined }
  /** Nonces were used that this lane did not use: another program sends with the same key. */
  | { kind: 'foreign'; about: undefined; nonce: number; expected: number };

/** One nonce lane: everything one key sends, in order, each transaction watched until its nonce is used. */
export type Lane<T> = {
  inFlight(): readonly Flight<T>[];
  /** Asks what the next transaction of this head needs, while its plan is still being rehearsed. */
  prepare(head: Head): void;
  /** Signs and sends. @throws one error when no endpoint took it; the nonce is then free again. */
  send(shipment: Shipment<T>, head: Head): Promise<Hash>;
  /** Looks after everything in flight; call it at every head. */
  onHead(head: bigint): Promise<Settled<T>[]>;
  /** The blocks above `ancestor` are no longer on the chain: what was mined in them is in flight again, or not worth it. */
  unwind(ancestor: bigint, head: bigint): Promise<void>;
};

/** Gas of a transfer, all that cancelling costs. */
const CANCEL_GAS = 21_000n;
/** Signatures before the first that counts. */
const WARM_UP = 16;
/** Heads to wait for the receipt of a nonce that is used. */
const PATIENCE = 3;
/** Blocks for which what was mined is remembered, in case they are unwound. */
export const REMEMBERED = 128n;
/** The gas limit that a flight was signed with. */
const limitOf = ({ signed }: { signed: Hex }): bigint => parseTransaction(signed as `0x02${string}`).gas!;

/**
 * @param options.bumpAfterBlocks - a transaction that waited this long is sent again with a higher fee while its budget
 * allows and its calldata still works; else it is cancelled
 * @param options.maxGasPrice - wei per gas, the most ever offered
 */
export async function openLane<T>(options: {
  client: PublicClient;
  prices: GasPrices;
  account: LocalAccount;
  chainId: number;
  bumpAfterBlocks: bigint;
  maxGasPrice: bigint | undefined;
  onEvent: (event: LaneEvent<T>) => void;
  /** Called before each version goes out, its hash being the last: whoever keeps it can tell after a crash what became of it. */
  save: (flight: Flight<T>) => void;
  /** What an earlier run had in flight when it ended. */
  resume: readonly Flight<T>[];
  /** What it had seen mined in one of the last blocks. */
  mined: readonly { flight: Flight<T>; block: bigint }[];
}): Promise<Lane<T>> {
  const { client, prices, account, chainId, bumpAfterBlocks, onEvent, save } = options;
  const limit = options.maxGasPrice ?? 2n ** 96n;
  const flights: InFlight<T>[] = [];
  const expired: Settled<T>[] = [];
  const mined: { flight: InFlight<T>; block: bigint }[] = [];
  /** Forgotten because no node had them. A node may have been late: they are looked for once their nonce is used. */
  const gone: InFlight<T>[] = [];
  const count = (blockTag: 'pending' | 'latest') => client.getTransactionCount({ address: account.address, blockTag });
  const nonceAfter = (pending: number) => Math.max(pending, ...flights.map(({ nonce }) => nonce + 1));
  for (const { flight, block } of options.mined) mined.push({ flight: { ...flight, unexplained: 0 }, block });
  flights.push(...options.resume.map((flight) => ({ ...flight, unexplained: 0 })));
  await takeUp();
  let nextNonce = nonceAfter(await count('pending'));
  await warmUp(account);

  /**
   * After a restart or a reorg: what is in flight is on the chain, known to a node, or to none. Then it is sent if it still
   * works behind those before it; the bytes are the same, so it cannot happen twice. If it does not, its nonce is free, and
   * what waits behind it is forgotten as well, to be planned anew; unless a node knows one of those, so that the nonce has to
   * be used.
   */
  async function takeUp(): Promise<void> {
    if (flights.length === 0) return;
    flights.sort((a, b) => a.nonce - b.nonce);
    const used = await count('latest');
    const known = await Promise.all(flights.map((flight) => flight.nonce < used || isKnown(flight)));
    const free = known.lastIndexOf(true) + 1;
    for (const [index, flight] of [...flights].entries()) {
      if (known[index]) continue;
      const reason = flight.cancelling ?? (await whyNotAgain(flight, flight.fees, 'pending'));
      if (!reason) {
        await client.sendRawTransaction({ serializedTransaction: flight.signed }).catch(() => {});
      } else if (index < free) {
        flight.sentAt = 0n; // the next head cancels it
      } else {
        for (const each of flights.splice(index)) {
          const why = each === flight ? reason : 'it waited behind one that is not sent';
          expired.push({ state: 'expired', about: each.about, reason: `no node has it: ${why}` });
          gone.push(each);
        }
        return;
      }
    }
  }

  async function isKnown({ hashes }: Flight<T>): Promise<boolean> {
    const found = await Promise.all(
      hashes.map((hash) =>
        client.getTransaction({ hash }).catch((error) => {
          if (error instanceof TransactionNotFoundError) return undefined;
          throw error;
        }),
      ),
    );
    return found.some((transaction) => transaction !== undefined);
  }

  /** Signs, lets it be saved, and sends. */
  async function submit(flight: InFlight<T>, transaction: { to: Address; data: Hex; gas: bigint }): Promise<Hash> {
    const { nonce, fees } = flight;
    const signed = await account.signTransaction({ type: 'eip1559', chainId, ...transaction, nonce, ...fees });
    const hash = keccak256(signed);
    flight.signed = signed;
    flight.hashes.push(hash);
    save(flight);
    try {
      await client.sendRawTransaction({ serializedTransaction: signed });
    } catch (error) {
      // A node that has it already has said what matters.
      if (!(await isKnown({ ...flight, hashes: [hash] }))) {
        flight.hashes.pop();
        throw error;
      }
    }
    return hash;
  }

  /**
   * After a refusal: the nonce may be used, or promised to a transaction of somebody else with this key. Nodes say so in many
   * words, so the count is asked again whatever they said.
   */
  async function resynchronise(): Promise<void> {
    const pending = await count('pending');
    if (pending > nextNonce) onEvent({ kind: 'foreign', about: undefined, nonce: pending, expected: nextNonce });
    nextNonce = flights.length === 0 ? pending : Math.max(nextNonce, pending);
  }

  /** Asked for ahead, for the next transaction of a head. */
  let prepared: { head: Hash; counted: boolean; terms: Promise<GasPrice> } | undefined;

  async function termsAt(head: Head): Promise<GasPrice> {
    const [now] = await Promise.all([prices(head), flights.length === 0 && resynchronise()]);
    return now;
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
    // On `latest`: on `pending` its own earlier version has already run.
    const reason = flight.cancelling ?? (await whyNotAgain(flight, fees, 'latest'));
    const { nonce, about } = flight;
    // A transfer of nothing to oneself: the cheapest way to use the nonce.
    const body = reason ? { to: account.address, data: '0x' as const, gas: CANCEL_GAS } : flight;
    const gas = reason ? CANCEL_GAS : limitOf(flight);
    const before = { ...flight };
    try {
      Object.assign(flight, { fees, sentAt: head }, reason ? { cancelling: reason } : {});
      const hash = await submit(flight, { to: body.to, data: body.data, gas });
      if (reason) onEvent({ kind: 'cancelling', about, nonce, hash, reason });
      else onEvent({ kind: 'bumped', about, nonce, hash, maxFeePerGas: fees.maxFeePerGas });
    } catch (error) {
      const { fees, signed, sentAt, cancelling } = before;
      Object.assign(flight, { fees, signed, sentAt, cancelling });
      // Most likely mined in the meantime: the next head tells. If not, it is tried again there.
      onEvent({ kind: 'stuck', about, nonce, reason: shortMessage(error) });
    }
  }

  /** Undefined when a higher fee is worth it. */
  async function whyNotAgain(flight: InFlight<T>, fees: Fees, on: 'latest' | 'pending'): Promise<string | undefined> {
    if (flight.gas * fees.maxFeePerGas > flight.budget) return 'a higher fee would cost more than the plan earns';
    try {
      const { to, data } = flight;
      await client.call({ account: account.address, to, data, gas: limitOf(flight), blockTag: on });
      return undefined;
    } catch (error) {
      return `it would revert now: ${shortMessage(error)}`;
    }
  }

  /** Undefined while the node has no receipt up to `head`, as one behind a load balancer may not. */
  async function settle(flight: InFlight<T>, head: bigint): Promise<Settled<T> | undefined> {
    const { about, hashes, cancelling } = flight;
    for (const hash of hashes.toReversed()) {
      const receipt = await client.getTransactionReceipt({ hash }).catch((error) => {
        if (error instanceof TransactionReceiptNotFoundError) return undefined;
        throw error;
      });
      if (!receipt) continue;
      // A block that is not taken yet is not unwound either when it goes: it is waited for.
      if (receipt.blockNumber > head) return undefined;
      mined.push({ flight, block: receipt.blockNumber });
      if (cancelling && receipt.to?.toLowerCase() === account.address.toLowerCase()) {
        return { state: 'cancelled', about, reason: cancelling, receipt };
      }
      return { state: 'mined', about, receipt };
    }
    flight.unexplained += 1;
    return flight.unexplained < PATIENCE ? undefined : { state: 'replaced', about };
  }

  return {
    inFlight: () => flights,

    prepare(head) {
      // With nothing in flight the nonce is asked for as well.
      const counted = flights.length === 0;
      if (prepared?.head === head.hash && prepared.counted >= counted) return;
      const terms = termsAt(head);
      terms.catch(() => {}); // who sends asks again
      prepared = { head: head.hash, counted, terms };
    },

    async send(shipment, head) {
      const early = prepared?.head === head.hash ? prepared.terms : undefined;
      prepared = undefined;
      const now = await (early?.catch(() => termsAt(head)) ?? termsAt(head));
      const affordable = shipment.budget / shipment.gas;
      const fees = firstFees(now, affordable < limit ? affordable : limit);
      const { limit: gas, ...kept } = shipment;
      const flight = {
        ...kept,
        nonce: nextNonce,
        fees,
        hashes: [],
        signed: '0x',
        sentAt: head.number,
        unexplained: 0,
      } as InFlight<T>;
      try {
        const hash = await submit(flight, { to: flight.to, data: flight.data, gas });
        nextNonce = flight.nonce + 1;
        flights.push(flight);
        return hash;
      } catch (error) {
        // What the node refused is the news, not that it could not be asked again.
        await resynchronise().catch(() => {});
        throw error;
      }
    },

    async onHead(head) {
      const settled = expired.splice(0);
      mined.splice(0, mined.length, ...mined.filter(({ block }) => head - block <= REMEMBERED));
      if (flights.length + gone.length === 0) return settled;
      const used = await count('latest');
      for (const flight of [...gone]) {
        const outcome = flight.nonce < used ? await settle(flight, head) : undefined;
        if (!outcome && head - flight.sentAt <= REMEMBERED) continue;
        gone.splice(gone.indexOf(flight), 1);
        if (outcome?.state === 'mined') settled.push(outcome);
      }
      for (const flight of [...flights]) {
        if (flight.nonce >= used) {
          flight.unexplained = 0;
          if (head - flight.sentAt >= bumpAfterBlocks) await again(flight, head);
          continue;
        }
        const outcome = await settle(flight, head);
        if (!outcome) continue;
        flights.splice(flights.indexOf(flight), 1);
        settled.push(outcome);
      }
      return settled;
    },

    async unwind(ancestor, head) {
      for (const { flight } of mined.filter(({ block }) => block > ancestor)) {
        const { about, nonce, hashes, cancelling } = flight;
        flights.push(Object.assign(flight, { sentAt: head, unexplained: 0 }));
        onEvent({ kind: 'unwound', about, nonce, hash: hashes.at(-1)!, cancelling });
      }
      mined.splice(0, mined.length, ...mined.filter(({ block }) => block <= ancestor));
      // A node may have dropped what it had pending as well.
      await takeUp();
      nextNonce = nonceAfter(await count('pending'));
    },
  };
}

/** The first signatures take ten times as long as those after them: tables are made, code is compiled. A message moves nothing. */
async function warmUp(account: LocalAccount): Promise<void> {
  for (let n = 0; n < WARM_UP; n++) await account.signMessage({ message: `plimsoll ${n}` });
}

function shortMessage(error: unknown): string {
  if (error instanceof BaseError) {
    if (error.walk((e) => e instanceof InsufficientFundsError)) return 'the operator has too little for gas';
    return error.shortMessage;
  }
  return error instanceof Error ? error.message : String(error);
}
