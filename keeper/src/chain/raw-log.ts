import type { Address, Hash, Hex } from 'viem';

/** A log as the node gave it, but for its numbers. */
export type RawLog = {
  address: Address;
  topics: [Hex, ...Hex[]] | [];
  data: Hex;
  blockNumber: bigint;
  blockHash: Hash;
  transactionHash: Hash;
  logIndex: number;
};

/** viem's `formatLog` costs more than all the rest of a long search. */
export function rawLogs(answer: unknown): RawLog[] {
  if (!Array.isArray(answer)) throw new Error(`eth_getLogs was answered with ${JSON.stringify(answer)?.slice(0, 100)}`);
  return answer.map(({ address, topics, data, blockNumber, blockHash, transactionHash, logIndex }) => ({
    address,
    topics,
    data,
    blockNumber: BigInt(blockNumber),
    blockHash,
    transactionHash,
    logIndex: Number(logIndex),
  }));
}
