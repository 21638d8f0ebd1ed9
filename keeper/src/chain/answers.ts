import { isHex } from 'viem';
import { MULTICALL3 } from './aggregate.ts';
import type { RpcBody } from './endpoint.ts';
import { oddAnswer } from './errors.ts';

/** Methods whose answer may be `null`: there is no such thing, or not yet. */
const NULLABLE: ReadonlySet<string> = new Set([
  'eth_getBlockByNumber',
  'eth_getBlockByHash',
  'eth_getTransactionByHash',
  'eth_getTransactionReceipt',
]);
/** Methods that are answered with a number or with bytes. */
const IN_HEX: ReadonlySet<string> = new Set([
  'eth_call',
  'eth_chainId',
  'eth_estimateGas',
  'eth_blockNumber',
  'eth_gasPrice',
  'eth_getBalance',
  'eth_getCode',
  'eth_getStorageAt',
  'eth_getTransactionCount',
  'eth_maxPriorityFeePerGas',
  'eth_sendRawTransaction',
]);
/** Named in all of these ways by those who ask for what they cannot know the number of. */
const TAGS: readonly unknown[] = ['latest', 'pending', 'safe', 'finalized', 'earliest'];

/**
 * Makes sure that what an endpoint answered is an answer to what it was asked. Nothing, or something of another kind or about
 * something else, is what some gateways say while the node behind them is away: no word of the chain's.
 *
 * @throws when it is none
 * @example
 * checkAnswer({ method: 'eth_getBalance', params: ['0x…', 'latest'] }, null); // throws: eth_getBalance was answered with null
 */
export function checkAnswer(body: RpcBody, result: unknown): void {
  if (isFit(body, result)) return;
  throw oddAnswer(`${body.method} was answered with ${JSON.stringify(result)?.slice(0, 100) ?? 'nothing'}`);
}

function isFit({ method, params }: RpcBody, result: unknown): boolean {
  const [asked] = (params ?? []) as unknown[];
  // It is called only where its code is: nothing is the answer of who has no state of that block.
  if (method === 'eth_call' && (asked as { to?: unknown } | undefined)?.to === MULTICALL3)
    return isHex(result) && result !== '0x';
  if (result === null || result === undefined) {
    return result === null && NULLABLE.has(method) && asked !== 'latest';
  }
  if (IN_HEX.has(method)) return isHex(result);
  if (method === 'eth_getLogs') return Array.isArray(result) && result.every((log) => log !== null);
  if (method === 'eth_getBlockByNumber' && !TAGS.includes(asked)) {
    return sameText((result as { number?: unknown }).number, asked);
  }
  if (method === 'eth_getTransactionReceipt') {
    return sameText((result as { transactionHash?: unknown }).transactionHash, asked);
  }
  return true;
}

/** Some write their hexadecimal digits in capitals. */
const sameText = (one: unknown, other: unknown): boolean => String(one).toLowerCase() === String(other).toLowerCase();
