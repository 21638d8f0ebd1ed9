import type { Abi, Address, PublicClient } from 'viem';
import type { BlockRef } from '../protocol.ts';

/** One view call. */
export type Call = { address: Address; abi: Abi; functionName: string; args?: readonly unknown[] };
export type Answer = { status: 'success'; result: unknown } | { status: 'failure'; error: Error };

/**
 * Makes all calls in one `eth_call` at one block, so that they cannot disagree. Chains without a known Multicall3 get its
 * code along with the call.
 * @param block read by hash; the latest block when left out
 * @throws when the node fails; a call that reverts is an answer
 */
export async function readTogether(client: PublicClient, calls: readonly Call[], block?: BlockRef): Promise<Answer[]> {
  if (calls.length === 0) return [];
  const answers = await client.multicall({
    contracts: calls,
    allowFailure: true,
    batchSize: 0,
    deployless: !client.chain?.contracts?.multicall3,
    ...(block ? { blockHash: block.hash } : {}),
  });
  const [first] = answers;
  // When the node itself fails, viem gives its one error as the answer to every call.
  if (first?.status === 'failure' && answers.every(({ error }) => error === first.error)) throw first.error;
  return answers as Answer[];
}

/** The result of a call that cannot fail unless the node does. */
export function must<T>(answer: Answer | undefined): T {
  if (answer?.status === 'success') return answer.result as T;
  throw answer?.error ?? new Error('a multicall gave fewer answers than it was asked');
}

/** The result of a call that may fail, or `fallback`. */
export const orElse = <T>(answer: Answer | undefined, fallback: T): T =>
  answer?.status === 'success' ? (answer.result as T) : fallback;
