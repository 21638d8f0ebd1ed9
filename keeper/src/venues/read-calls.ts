import type { Abi, Address, Hash, PublicClient } from 'viem';

/** One view call. */
export type ReadCall = { address: Address; abi: Abi; functionName: string; args?: readonly unknown[] };

/** Calldata per `eth_call` (bytes): some thousand reads of one or two storage slots, well below what nodes let a call burn. */
const BATCH = 40_000;
/** Without Multicall3 its code goes along, and the answers come back as if they were code: at most 24,576 bytes. */
const DEPLOYLESS_BATCH = 1_024;

/**
 * Makes view calls at one block, in as few `eth_call`s as fit; `undefined` where one reverts or answers something else.
 *
 * @param block - read by hash; the latest block when left out
 * @throws the node's error when it fails
 */
export async function readCalls<T>(
  client: PublicClient,
  calls: readonly ReadCall[],
  block?: { hash: Hash },
): Promise<(T | undefined)[]> {
  if (calls.length === 0) return [];
  const deployless = !client.chain?.contracts?.multicall3;
  const answers = await client.multicall({
    contracts: calls as readonly ReadCall[],
    allowFailure: true,
    deployless,
    batchSize: deployless ? DEPLOYLESS_BATCH : BATCH,
    ...(block ? { blockHash: block.hash } : {}),
  });
  const errors = answers.flatMap(({ error }) => error ?? []);
  // When the node itself fails, viem gives its one error as the answer to every call of a batch; a call's own is its alone.
  const shared = errors.find((error, index) => error === errors[index - 1]);
  if (shared) throw shared;
  return answers.map(({ result }) => result as T | undefined);
}
