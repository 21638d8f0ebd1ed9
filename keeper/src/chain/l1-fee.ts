import {
  type Abi,
  type Address,
  type Hex,
  type PublicClient,
  parseAbi,
  serializeTransaction,
  size,
  sliceHex,
  zeroAddress,
} from 'viem';
import { chainPreset, showChain } from '../config/chains.ts';
import { whyNoAnswer } from './no-answer.ts';

export const oracleAbi = parseAbi([
  'function getL1Fee(bytes) view returns (uint256)',
  'function getOperatorFee(uint256 gas) view returns (uint256)',
  'function tokenRatio() view returns (uint256)',
]);
export const nodeInterfaceAbi = parseAbi([
  // Payable in its own interface; a call of it is a read all the same.
  'function gasEstimateL1Component(address to, bool creation, bytes data) view returns (uint64 gas, uint256 baseFee, uint256 l1BaseFee)',
]);
/** Answered by the node: nothing is deployed there. */
export const NODE_INTERFACE = '0x00000000000000000000000000000000000000C8';

/**
 * What a rollup takes of a transaction beside the price of its gas and of its calldata, the OP stack's operator fee: wei for a
 * million units of gas, and wei for the transaction.
 */
export type Surcharge = { perMillionGas: bigint; each: bigint };

/** What a transaction is charged: wei for its calldata; how much of its gas, as nodes estimate it, that is already; and a surcharge. */
export type L1Charge = { fee: bigint; gas: bigint; surcharge?: Surcharge };

/** What a rollup charges for the calldata it publishes on the layer below; nothing on other chains. */
export type L1Fee = {
  /** Whether nodes count it as gas of the transaction, which its limit has to cover. */
  isGas: boolean;
  /**
   * For a transaction with this calldata.
   *
   * @throws an error that {@link isNoL1Fee} knows when the chain does not tell; the node's own when it fails
   */
  of(data: Hex): Promise<L1Charge>;
  /** Wei a byte of calldata costs about, rounded up, and the surcharge; throws as `of` does. */
  rates(): Promise<{ perByte: bigint; surcharge: Surcharge }>;
};

/** On chains that take nothing of the kind. */
export const NO_SURCHARGE: Surcharge = { perMillionGas: 0n, each: 0n };

/**
 * Wei that a transaction of so much gas pays beside the price of that gas; rounded up.
 *
 * @param gas - that it uses; what it does not use of its limit is given back with its surcharge
 * @example
 * chargedFor({ fee: 700n, gas: 0n, surcharge: { perMillionGas: 5n, each: 2n } }, 1_000_001n); // 708n: 700 + 5.000005 + 2
 */
export function chargedFor({ fee, surcharge = NO_SURCHARGE }: Omit<L1Charge, 'gas'>, gas: bigint): bigint {
  return fee + (gas * surcharge.perMillionGas + MILLION - 1n) / MILLION + surcharge.each;
}

const MILLION = 1_000_000n;

/**
 * Wei that a mined transaction paid: its gas, and what its chain charged beside it where the receipt says so. The OP stack and Scroll
 * write the fee for calldata into it; Arbitrum's is in the gas. An operator's fee is in no receipt as an amount, and is not counted.
 *
 * @example
 * paidFor({ gasUsed: 21_000n, effectiveGasPrice: 2n, l1Fee: '0x64' }); // 42_100n
 */
export function paidFor(receipt: { gasUsed: bigint; effectiveGasPrice: bigint }): bigint {
  const { l1Fee } = receipt as { l1Fee?: unknown };
  const isAmount = typeof l1Fee === 'bigint' || (typeof l1Fee === 'string' && /^0x[0-9a-f]+$/i.test(l1Fee));
  return receipt.gasUsed * receipt.effectiveGasPrice + (isAmount ? BigInt(l1Fee) : 0n);
}

/**
 * By the oracle of the OP stack and Scroll, by Arbitrum's NodeInterface, or nothing. The OP stack's adds the signature itself;
 * Scroll's wants it, and since Galileo the transaction compressed: as it is, it is an upper bound. Arbitrum's adds a tenth.
 *
 * @param source - where the chain tells; as its preset says when left out
 * @example
 * const { fee } = await openL1Fee(client, 10).of(planData(offer.plan));
 */
export function openL1Fee(client: PublicClient, chainId: number, source = chainPreset(chainId)?.l1Fee): L1Fee {
  const ask = asking(client, chainId);
  const of = async (data: Hex): Promise<L1Charge> => {
    if (!source || source === 'estimate') return { fee: 0n, gas: 0n };
    if (source === 'arbitrum') {
      const args = [zeroAddress, false, data];
      const [gas, baseFee] = await ask<[bigint, bigint]>(
        NODE_INTERFACE,
        nodeInterfaceAbi,
        'gasEstimateL1Component',
        args,
      );
      return { fee: gas * baseFee, gas };
    }
    const { oracle, signed } = source;
    const [fee, ratio, surcharge] = await Promise.all([
      ask<bigint>(oracle, oracleAbi, 'getL1Fee', [published(chainId, data, signed)]),
      source.inRatio ? ask<bigint>(oracle, oracleAbi, 'tokenRatio', []) : 1n,
      // Scroll has nothing of the kind.
      signed ? NO_SURCHARGE : surchargeOf(client, oracle),
    ]);
    return { fee: fee * ratio, gas: 0n, surcharge };
  };
  return {
    isGas: source === 'arbitrum' || source === 'estimate',
    of,
    async rates() {
      const [short, long] = await Promise.all([of(SAMPLE.short), of(SAMPLE.long)]);
      const bytes = BigInt(size(SAMPLE.long) - size(SAMPLE.short));
      const perByte = long.fee > short.fee ? (long.fee - short.fee + bytes - 1n) / bytes : 0n;
      return { perByte, surcharge: long.surcharge ?? NO_SURCHARGE };
    },
  };
}

/** Reads a contract of the chain, and says of which chain it was where there is no answer. */
const asking =
  (client: PublicClient, chainId: number) =>
  async <T>(address: Address, abi: Abi, functionName: string, args: readonly unknown[]): Promise<T> => {
    try {
      return (await client.readContract({ address, abi, functionName, args })) as T;
    } catch (error) {
      const why = whyNoAnswer(error);
      if (!why) throw error;
      const message = `what chain ${showChain(chainId)} charges for calldata is not known: ${functionName} of ${address} ${why}`;
      throw Object.assign(new Error(message), { name: NO_L1_FEE });
    }
  };

/**
 * The fee is linear in gas, by a factor that has changed with the chain's versions: it is asked for nothing and for a million. Oracles
 * before Isthmus do not have the question, and there is no fee then.
 */
async function surchargeOf(client: PublicClient, address: Address): Promise<Surcharge> {
  const feeOf = (gas: bigint) =>
    client.readContract({ address, abi: oracleAbi, functionName: 'getOperatorFee', args: [gas] });
  try {
    const [each, million] = await Promise.all([feeOf(0n), feeOf(MILLION)]);
    return { perMillionGas: million - each, each };
  } catch (error) {
    if (!whyNoAnswer(error)) throw error;
    return NO_SURCHARGE;
  }
}

const NO_L1_FEE = 'NoL1FeeError';

/** Whether an error says that the chain does not tell what calldata costs: it is another chain, or has changed. */
export const isNoL1Fee = (error: unknown): error is Error => (error as Error | undefined)?.name === NO_L1_FEE;

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

/** A transaction with this calldata, as long as it gets. */
const published = (chainId: number, data: Hex, signed: boolean): Hex =>
  serializeTransaction({ ...FILLER, chainId, data }, signed ? SIGNATURE : undefined);
