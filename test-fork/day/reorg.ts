import { type Address, type Hash, type Hex, isAddressEqual, numberToHex } from 'viem';
import type { Lab } from '../lab/anvil.ts';
import type { Random } from '../lab/random.ts';

/** What a reorg took away. */
export type Reorg = {
  depth: number;
  /** Transactions of the operator that were in the blocks, and those of them that the new blocks hold too. */
  ours: number;
  kept: readonly Hash[];
};

/** A transaction of `anvil_reorg`: what to send or the signed bytes, and the place of its block among the new ones. */
type Placed = [Record<string, Hex | Address | null> | Hex, number];

/**
 * Replaces the newest blocks by as many. The new ones are empty or hold some of the old transactions, in their order; of the
 * operator's the first few, since the nonces of the others would not fit. What is not in them is gone: no node knows it.
 */
export async function reorg(lab: Lab, operator: Address, depth: number, rng: Random): Promise<Reorg> {
  const { client } = lab;
  const tip = await client.getBlockNumber({ cacheTime: 0 });
  const numbers = Array.from({ length: depth }, (_, index) => tip - BigInt(depth - 1 - index));
  const blocks = await Promise.all(
    numbers.map((blockNumber) => client.getBlock({ blockNumber, includeTransactions: true })),
  );
  const ours = blocks.flatMap(({ transactions }) => transactions.filter(({ from }) => isAddressEqual(from, operator)));
  const refill = rng.next() < 0.5;
  const keep = refill ? Math.floor(rng.next() * (ours.length + 1)) : 0;
  const stay = new Set(ours.slice(0, keep).map(({ hash }) => hash));
  const placed: Placed[] = [];
  for (const [place, { transactions }] of blocks.entries()) {
    for (const { from, to, input, value, gas, hash } of transactions) {
      if (stay.has(hash)) placed.push([await rawOf(lab, hash), place]);
      if (isAddressEqual(from, operator) || !refill || rng.next() < 0.5) continue;
      placed.push([{ from, to, input, value: numberToHex(value), gas: numberToHex(gas) }, place]);
    }
  }
  const before = blocks.at(-1)!.hash;
  await client.request({ method: 'anvil_reorg', params: [depth, placed] } as never);
  const after = await client.getBlock();
  if (after.number !== tip) throw new Error(`a reorg of ${depth} blocks ended at ${after.number}, not at ${tip}`);
  return after.hash === before ? { depth: 0, ours: 0, kept: [] } : { depth, ours: ours.length, kept: [...stay] };
}

const rawOf = ({ client }: Lab, hash: Hash): Promise<Hex> =>
  client.request({ method: 'eth_getRawTransactionByHash', params: [hash] } as never);
