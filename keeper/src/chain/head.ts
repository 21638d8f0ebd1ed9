import type { Hash, Hex } from 'viem';

/** A new canonical block. */
export interface Head {
  number: bigint;
  hash: Hash;
  parentHash: Hash;
  /** Seconds. */
  timestamp: bigint;
  /** Most gas of the block. */
  gasLimit: bigint;
  /** wei per gas; undefined on chains without EIP-1559. */
  baseFeePerGas: bigint | undefined;
  /** 2048 bits; all of them set where the node gives none, so that it rules nothing out. */
  logsBloom: Hex;
}

/** Taken for the gas limit of a block whose node gives none. */
const USUAL_GAS_LIMIT = 30_000_000n;
const FULL_BLOOM: Hex = `0x${'ff'.repeat(256)}`;

/**
 * The head in a block or header as JSON-RPC gives it.
 *
 * @throws when it is not one
 */
export function headOf(block: unknown): Head {
  const { number, hash, parentHash, timestamp, gasLimit, baseFeePerGas, logsBloom } = (block ?? {}) as Record<
    string,
    Hex
  >;
  if (!number || !hash || !parentHash || !timestamp) {
    throw new Error(`the newest block was answered with ${JSON.stringify(block)?.slice(0, 100)}`);
  }
  return {
    number: BigInt(number),
    hash,
    parentHash,
    timestamp: BigInt(timestamp),
    gasLimit: gasLimit ? BigInt(gasLimit) : USUAL_GAS_LIMIT,
    baseFeePerGas: baseFeePerGas ? BigInt(baseFeePerGas) : undefined,
    logsBloom: logsBloom?.length === 514 ? logsBloom : FULL_BLOOM,
  };
}
