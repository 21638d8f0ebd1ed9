import { type Hex, type PublicClient, parseAbi, size, zeroAddress } from 'viem';
import { chainPreset } from '../config/chains.ts';

const oracleAbi = parseAbi(['function getL1Fee(bytes) view returns (uint256)']);
const nodeInterfaceAbi = parseAbi([
  'function gasEstimateL1Component(address to, bool creation, bytes data) view returns (uint64 gas, uint256 baseFee, uint256 l1BaseFee)',
]);
const NODE_INTERFACE = '0x00000000000000000000000000000000000000C8';

/** Signature, nonce, fees and address of a transaction, bytes: the oracles want to be told of all that is published. */
const ENVELOPE = 120;

/** What a rollup charges for the calldata it publishes on the layer below; nothing on other chains. */
export type L1Fee = {
  /** Whether nodes count it as gas of the transaction, which its limit has to cover. */
  isGas: boolean;
  /** Wei for a transaction with this calldata; and how much of its gas as nodes estimate it stands for that already. */
  of(data: Hex): Promise<{ fee: bigint; gas: bigint }>;
  /** Wei a byte of calldata costs about, rounded up. */
  perByte(): Promise<bigint>;
};

/** As the chain's preset says: by the oracle of the OP stack and Scroll, by Arbitrum's NodeInterface, or nothing. */
export function openL1Fee(client: PublicClient, chainId: number): L1Fee {
  const source = chainPreset(chainId)?.l1Fee;

  async function of(data: Hex): Promise<{ fee: bigint; gas: bigint }> {
    if (!source) return { fee: 0n, gas: 0n };
    if (source === 'arbitrum') {
      const args = [zeroAddress, false, data] as const;
      const [gas, baseFee] = await client.readContract({
        address: NODE_INTERFACE,
        abi: nodeInterfaceAbi,
        functionName: 'gasEstimateL1Component',
        args,
      });
      return { fee: gas * baseFee, gas };
    }
    const published: Hex = `${data}${'ff'.repeat(ENVELOPE)}`;
    const args = [published] as const;
    const fee = await client.readContract({ address: source.oracle, abi: oracleAbi, functionName: 'getL1Fee', args });
    return { fee, gas: 0n };
  }

  return {
    isGas: source === 'arbitrum',
    of,
    async perByte() {
      if (!source) return 0n;
      const [short, long] = await Promise.all([of(SAMPLE.short), of(SAMPLE.long)]);
      const bytes = BigInt(size(SAMPLE.long) - size(SAMPLE.short));
      return long.fee > short.fee ? (long.fee - short.fee + bytes - 1n) / bytes : 0n;
    },
  };
}

/** Bytes that do not compress, as addresses and amounts do not: a generator of Lehmer's. */
const noise = (length: number): Hex => {
  let [bytes, seed] = ['', 48_271];
  for (let at = 0; at < length; at++) {
    seed = (seed * 48_271) % 2_147_483_647;
    bytes += (seed & 0xff).toString(16).padStart(2, '0');
  }
  return `0x${bytes}`;
};
const SAMPLE = { short: noise(400), long: noise(1_424) };
