import { type Abi, type AbiFunction, type Address, type Hex, type PublicClient, toFunctionSelector } from 'viem';
import { decodeAggregate, encodeAggregate } from '../../chain/aggregate.ts';
import type { BlockRef } from '../protocol.ts';

/** One view call. */
export type Call = { address: Address; abi: Abi; functionName: string; args?: readonly unknown[] };
export type Answer = { status: 'success'; result: unknown } | { status: 'failure'; error: Error };

/**
 * Calldata per `eth_call` (bytes) where Multicall3's own code has to go along: the answers then come back as if they were
 * a contract's code, so no more than 24,576 bytes of them (EIP-170). 28 reserves fit.
 */
const DEPLOYLESS_BATCH = 1_024;

/**
 * Makes all calls at one block: in one `eth_call`, or a few on a chain that is not known to have Multicall3.
 * @param block read by hash; the latest block when left out
 * @throws when the node fails; a call that reverts is an answer
 */
export async function readTogether(client: PublicClient, calls: readonly Call[], block?: BlockRef): Promise<Answer[]> {
  if (calls.length === 0) return [];
  const deployless = !client.chain?.contracts?.multicall3;
  const answers = (await client.multicall({
    contracts: calls,
    allowFailure: true,
    batchSize: deployless ? DEPLOYLESS_BATCH : 0,
    deployless,
    ...(block ? { blockHash: block.hash } : {}),
  })) as Answer[];
  // When the node itself fails, viem gives its one error as the answer to every call; a call's own error is its alone.
  const errors = answers.flatMap((answer) => (answer.status === 'failure' ? [answer.error] : []));
  const shared = errors.find((error, index) => error === errors[index - 1]);
  if (shared) throw shared;
  return answers;
}

/** The result of a call that cannot fail unless the node does. */
export function must<T>(answer: Answer | undefined): T {
  if (answer?.status === 'success') return answer.result as T;
  throw answer?.error ?? new Error('a multicall gave fewer answers than it was asked');
}

/** The result of a call that may fail, or `fallback`. */
export const orElse = <T>(answer: Answer | undefined, fallback: T): T =>
  answer?.status === 'success' ? (answer.result as T) : fallback;

/** A call of a function that takes one address and gives one word. */
export type WordCall = { address: Address; abi: Abi; functionName: string; args: readonly [Address] };

const WORD_DIGITS = 64;
const selectors = new Map<string, Hex>();

function selectorOf({ abi, functionName }: WordCall): Hex {
  let selector = selectors.get(functionName);
  if (!selector) {
    selector = toFunctionSelector(abi.find((item) => (item as AbiFunction).name === functionName) as AbiFunction);
    selectors.set(functionName, selector);
  }
  return selector;
}

/**
 * Makes all calls at one block, in one `eth_call` where Multicall3 is known.
 * @throws when the node fails, or one of the calls does
 */
export async function readWords(client: PublicClient, calls: readonly WordCall[], block: BlockRef): Promise<bigint[]> {
  if (calls.length === 0) return [];
  const multicall3 = client.chain?.contracts?.multicall3 as { address: Address } | undefined;
  if (!multicall3) {
    const answers = await readTogether(client, calls, block);
    // What has 48 bits or less comes as a number.
    return answers.map((answer) => BigInt(must<bigint | number>(answer)));
  }
  const raw = calls.map((call) => ({
    to: call.address,
    data: `${selectorOf(call)}${call.args[0].slice(2).padStart(WORD_DIGITS, '0')}` as Hex,
  }));
  const { data } = await client.call({ to: multicall3.address, data: encodeAggregate(raw), blockHash: block.hash });
  return decodeAggregate(data ?? '0x').map(({ success, data }, index) => {
    if (success && data.length >= 2 + WORD_DIGITS) return BigInt(data.slice(0, 2 + WORD_DIGITS));
    const { functionName, address, args } = calls[index]!;
    throw new Error(`${functionName}(${args[0]}) of ${address} was answered with ${success ? data : `revert ${data}`}`);
  });
}
