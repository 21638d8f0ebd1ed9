import { type Address, type Hash, type Hex, keccak256, TransactionNotFoundError } from 'viem';
import type { InFlight, LaneState } from './lane-state.ts';

/**
 * Whether a node knows one of these transactions, mined or not.
 *
 * @throws when a node fails
 * @example
 * if (await isKnown(lane, flight.hashes)) return; // sent, or mined
 */
export async function isKnown<T>({ client }: LaneState<T>, hashes: readonly Hash[]): Promise<boolean> {
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

/**
 * Signs a version of a flight with its nonce and fees, lets it be saved, and sends it.
 *
 * @param body - of the transaction; `gas` is its limit
 * @throws the node's error when no node has it; the flight then has no hash of it
 * @example
 * const hash = await submit(lane, flight, { to: flight.to, data: flight.data, gas: limit });
 */
export async function submit<T>(
  lane: LaneState<T>,
  flight: InFlight<T>,
  body: { to: Address; data: Hex; gas: bigint },
): Promise<Hash> {
  const { nonce, fees } = flight;
  const { client, account, chainId } = lane;
  const signed = await account.signTransaction({ type: 'eip1559', chainId, ...body, nonce, ...fees });
  const hash = keccak256(signed);
  flight.signed = signed;
  flight.cost = body.gas * fees.maxFeePerGas;
  flight.hashes.push(hash);
  lane.save(flight);
  try {
    await client.sendRawTransaction({ serializedTransaction: signed });
  } catch (error) {
    // A node that has it already has said what matters.
    if (!(await isKnown(lane, [hash]))) {
      flight.hashes.pop();
      throw error;
    }
  }
  return hash;
}
