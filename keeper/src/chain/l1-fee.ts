import {
  type Abi,
  type Address,
  BaseError,
  ContractFunctionZeroDataError,
  type Hex,
  type PublicClient,
  parseAbi,
  serializeTransaction,
  size,
  sliceHex,
  zeroAddress,
} from 'viem';
import { chainPreset, showChain } from '../config/chains.ts';
import { describeError } from '../log/describe-error.ts';
import { faultOf } from './errors.ts';

const oracleAbi = parseAbi(['function getL1Fee(bytes) view returns (uint256)']);
const nodeInterfaceAbi = parseAbi([
  // Payable in its own interface; a call of it is a read all the same.
  'function gasEstimateL1Component(address to, bool creation, bytes data) view returns (uint64 gas, uint256 baseFee, uint256 l1BaseFee)',
]);
/** Answered by the node: nothing is deployed there. */
const NODE_INTERFACE = '0x00000000000000000000000000000000000000C8';

/** What a rollup charges for the calldata it publishes on the layer below; nothing on other chains. */
export type L1Fee = {
  /** Whether nodes count it as gas of the transaction, which its limit has to cover. */
  isGas: boolean;
  /**
   * Wei for a transaction with this calldata; and how much of its gas as nodes estimate it stands for that already.
   *
   * @throws an error that {@link isNoL1Fee} knows when the chain does not tell; the node's own when it fails
   */
  of(data: Hex): Promise<{ fee: bigint; gas: bigint }>;
  /** Wei a byte of calldata costs about, rounded up; throws as `of` does. */
  perByte(): Promise<bigint>;
};

/**
 * As the chain's preset says: by the oracle of the OP stack and Scroll, by Arbitrum's NodeInterface, or nothing. The OP
 * stack's adds the signature itself; Scroll's wants it, and since Galileo the transaction compressed: as it is, it is an upper
 * bound. Arbitrum's adds a tenth.
 */
export function openL1Fee(client: PublicClient, chainId: number): L1Fee {
  const source = chainPreset(chainId)?.l1Fee;

  async function ask<T>(address: Address, abi: Abi, functionName: string, args: readonly unknown[]): Promise<T> {
    try {
      return (await client.readContract({ address, abi, functionName, args })) as T;
    } catch (error) {
      const why = whyNoAnswer(error);
      if (!why) throw error;
      const message = `what chain ${showChain(chainId)} charges for calldata is not known: ${functionName} of ${address} ${why}`;
      throw Object.assign(new Error(message), { name: NO_L1_FEE });
    }
  }

  async function of(data: Hex): Promise<{ fee: bigint; gas: bigint }> {
    if (!source) return { fee: 0n, gas: 0n };
    if (source === 'arbitrum') {
      const args = [zeroAddress, false, data];
      const asked = ask<[bigint, bigint, bigint]>(NODE_INTERFACE, nodeInterfaceAbi, 'gasEstimateL1Component', args);
      const [gas, baseFee] = await asked;
      return { fee: gas * baseFee, gas };
    }
    const published = serializeTransaction({ ...FILLER, chainId, data }, source.signed ? SIGNATURE : undefined);
    return { fee: await ask<bigint>(source.oracle, oracleAbi, 'getL1Fee', [published]), gas: 0n };
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

const NO_L1_FEE = 'NoL1FeeError';

/** Whether an error says that the chain does not tell what calldata costs: it is another chain, or has changed. */
export const isNoL1Fee = (error: unknown): error is Error => (error as Error | undefined)?.name === NO_L1_FEE;

/** `undefined` where it is the node that failed. */
function whyNoAnswer(error: unknown): string | undefined {
  if (!(error instanceof BaseError)) return undefined;
  if (error.walk((cause) => cause instanceof ContractFunctionZeroDataError)) return 'answers nothing; is it there?';
  if (error.walk((cause) => (cause as Error).name.startsWith('AbiDecoding'))) return 'answers something else';
  return faultOf(error) === 'answer' ? `fails (${describeError(error)})` : undefined;
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

/** What surrounds the calldata, as long as it gets: nonces of three bytes, fees of five. */
const FILLER = {
  type: 'eip1559',
  to: sliceHex(SAMPLE.long, 100, 120),
  nonce: Number(sliceHex(SAMPLE.long, 120, 123)),
  gas: BigInt(sliceHex(SAMPLE.long, 123, 126)),
  maxFeePerGas: BigInt(sliceHex(SAMPLE.long, 131, 136)),
  maxPriorityFeePerGas: BigInt(sliceHex(SAMPLE.long, 126, 131)),
} as const;
const SIGNATURE = { r: sliceHex(SAMPLE.long, 200, 232), s: sliceHex(SAMPLE.long, 232, 264), yParity: 1 } as const;
