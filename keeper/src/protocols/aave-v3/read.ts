import type { Abi, Address, PublicClient } from 'viem';
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
