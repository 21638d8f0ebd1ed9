import type { Hash, Hex } from 'viem';
import type { RpcBody } from './endpoint.ts';
import { faultOf, oddAnswer } from './errors.ts';

/**
 * What a request needs of an endpoint that not all of them have, and that can be done without:
 *
 * - `pending`: state behind what waits to be mined
 * - `logs by hash`: the logs of a block named by its hash (EIP-234)
 * - `state by hash`: state at a block named by its hash (EIP-1898)
 */
export type Need = 'pending' | 'logs by hash' | 'state by hash';

/** Where the block stands among the parameters of a method that reads state. */
const BLOCK_PLACE: ReadonlyMap<string, number> = new Map([
  ['eth_call', 1],
  ['eth_estimateGas', 1],
  ['eth_getBalance', 1],
  ['eth_getCode', 1],
  ['eth_getTransactionCount', 1],
  ['eth_simulateV1', 1],
  ['eth_getStorageAt', 2],
]);

type NamedBlock = { blockHash: Hash };

/**
 * What a request needs that an endpoint may lack; `undefined` where every endpoint can do it.
 *
 * @example
 * needOf({ method: 'eth_getTransactionCount', params: ['0x…', 'pending'] }); // 'pending'
 */
export function needOf({ method, params }: RpcBody): Need | undefined {
  const given = (params ?? []) as unknown[];
  if (method === 'eth_getLogs') return (given[0] as Partial<NamedBlock>).blockHash ? 'logs by hash' : undefined;
  const block = given[BLOCK_PLACE.get(method) ?? Number.NaN];
  if (block === 'pending') return 'pending';
  return (block as Partial<NamedBlock> | undefined)?.blockHash ? 'state by hash' : undefined;
}

/**
 * The block that a request names by its hash.
 *
 * @example
 * hashOf({ method: 'eth_getLogs', params: [{ blockHash: head.hash }] }); // head.hash
 */
export function hashOf({ method, params }: RpcBody): Hash {
  return ((params as unknown[])[BLOCK_PLACE.get(method) ?? 0] as NamedBlock).blockHash;
}

/** Asks one endpoint. @throws what came instead of an answer */
type Ask = (body: RpcBody) => Promise<unknown>;

/**
 * The same answer from an endpoint that lacks what the request needs. On what waits to be mined it says nothing, so the newest
 * block has to do. A block is asked for by its number, and whether it was that very block is checked.
 *
 * @param numberOf - the number of a block that has been heard of, as JSON-RPC writes it
 * @throws an error with the code of an unknown block where the endpoint has another block at that height
 * @example
 * await detour((asked) => endpoints.ask(member, asked), body, 'pending', () => undefined);
 */
export async function detour(
  ask: Ask,
  body: RpcBody,
  need: Need,
  numberOf: (hash: Hash) => Hex | undefined,
): Promise<unknown> {
  const place = BLOCK_PLACE.get(body.method) ?? 0;
  const params = [...(body.params as unknown[])];
  if (need === 'pending') {
    params[place] = 'latest';
    return ask({ method: body.method, params });
  }
  const { blockHash, ...rest } = params[place] as NamedBlock;
  const number = numberOf(blockHash) ?? (await numberAt(ask, blockHash));
  params[place] = need === 'logs by hash' ? { ...rest, fromBlock: number, toBlock: number } : number;
  try {
    const result = await ask({ method: body.method, params });
    if (need === 'logs by hash') checkLogs(result, blockHash, 'it');
    // Logs name their block. No logs may be those of a block that was not there yet.
    if (need !== 'logs by hash' || (result as unknown[]).length === 0) await checkBlock(ask, number, blockHash);
    return result;
  } catch (error) {
    // A call may revert in another block than the one that was meant.
    if (faultOf(error) === 'answer') await checkBlock(ask, number, blockHash);
    throw error;
  }
}

/**
 * Makes sure that logs are of the block that was asked for: an endpoint that does not know the filter's `blockHash` gives those of
 * the newest block.
 *
 * @param who - the endpoint, as it may be shown
 * @throws when one is not
 * @example
 * checkLogs(logs, head.hash, member.endpoint.shown);
 */
export function checkLogs(logs: unknown, blockHash: Hash, who: string): void {
  const stray = (logs as NamedBlock[]).find((log) => log.blockHash !== blockHash);
  if (!stray) return;
  throw oddAnswer(`asked for the logs of block ${blockHash}, ${who} gave some of ${stray.blockHash}`);
}

async function numberAt(ask: Ask, hash: Hash): Promise<Hex> {
  const block = (await ask({ method: 'eth_getBlockByHash', params: [hash, false] })) as { number: Hex } | null;
  if (!block) throw unknownBlock(hash);
  return block.number;
}

async function checkBlock(ask: Ask, number: Hex, hash: Hash): Promise<void> {
  const block = (await ask({ method: 'eth_getBlockByNumber', params: [number, false] })) as { hash: Hash } | null;
  if (block?.hash !== hash) throw unknownBlock(hash);
}

const unknownBlock = (hash: Hash): Error => Object.assign(new Error(`block ${hash} not found`), { code: -32_001 });
