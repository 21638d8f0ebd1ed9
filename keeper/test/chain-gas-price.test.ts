import { createPublicClient, custom, type Hash, type Hex, numberToHex, type PublicClient } from 'viem';
import { describe, expect, test } from 'vitest';
import { gasPriceNow, openGasPrices } from '../src/chain/gas-price.ts';
import { block } from './support/chain-node.ts';

/** A node by what it answers to each method; it fails on others, and on what is answered with an error. */
function nodeWith(answers: Record<string, unknown>) {
  const asked: string[] = [];
  const request = async ({ method, params }: { method: string; params: unknown }) => {
    asked.push(`${method} ${JSON.stringify(params)}`);
    const given = answers[method];
    const answer = typeof given === 'function' ? given(params) : given;
    if (answer instanceof Error || answer === undefined) throw answer ?? new Error(`no method ${method}`);
    return answer;
  };
  const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) }) as PublicClient;
  return { client, asked };
}

const GWEI = 10n ** 9n;
const history = (...fees: bigint[]) => ({ oldestBlock: '0x1', baseFeePerGas: fees.map((fee) => numberToHex(fee)) });
const pending = (baseFee: Hex | undefined) => ({ ...block(101), baseFeePerGas: baseFee });
const priority = { eth_maxPriorityFeePerGas: '0x3' };

describe('fees of the next block', () => {
  test('are the end of the fee history, and no block is asked for', async () => {
    const { client, asked } = nodeWith({ ...priority, eth_feeHistory: history(7n * GWEI, 8n * GWEI) });
    expect(await gasPriceNow(client)).toEqual({ baseFee: 8n * GWEI, priority: 3n });
    expect(asked).toEqual(['eth_feeHistory ["0x1","latest",[]]', 'eth_maxPriorityFeePerGas undefined']);
  });

  test.each([
    ['there is no history', new Error('the method eth_feeHistory does not exist')],
    ['it ends with the newest block', history(7n)],
    ['it is empty', { oldestBlock: '0x1' }],
  ])('are those of the pending block where %s', async (_, eth_feeHistory) => {
    const { client } = nodeWith({ ...priority, eth_feeHistory, eth_getBlockByNumber: pending('0x9') });
    expect(await gasPriceNow(client)).toEqual({ baseFee: 9n, priority: 3n });
  });

  test.each([
    ['has none', null],
    ['refuses to show it', undefined],
  ])('follow from the newest block of a node without a history whose pending block it %s', async (_, shown) => {
    const newest = { ...block(100), baseFeePerGas: numberToHex(8n * GWEI), gasUsed: '0x64', gasLimit: '0x64' };
    const { client } = nodeWith({
      ...priority,
      eth_getBlockByNumber: ([tag]: [string]) => (tag === 'latest' ? newest : shown),
    });
    expect(await gasPriceNow(client)).toEqual({ baseFee: 9n * GWEI, priority: 3n });
  });

  test('have no base fee on a chain without', async () => {
    const { client } = nodeWith({ ...priority, eth_getBlockByNumber: pending(undefined) });
    expect(await gasPriceNow(client)).toMatchObject({ baseFee: 0n });
  });

  test('are asked once a head, and again after a failure', async () => {
    const answers: Record<string, unknown> = { ...priority, eth_feeHistory: history(1n, 2n) };
    const { client, asked } = nodeWith(answers);
    const prices = openGasPrices(client);
    const [one, other]: [Hash, Hash] = [block(1).hash, block(2).hash];
    await Promise.all([prices({ hash: one }), prices({ hash: one })]);
    expect(asked).toHaveLength(2);
    answers.eth_feeHistory = undefined;
    await expect(prices({ hash: other })).rejects.toThrow('eth_getBlockByNumber');
    answers.eth_feeHistory = history(1n, 5n);
    expect(await prices({ hash: other })).toMatchObject({ baseFee: 5n });
  });
});
