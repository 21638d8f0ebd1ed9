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
/** Of blocks with transactions in them, but for those that tell of no tips. */
const history = (fees: readonly bigint[], tips: readonly (readonly [bigint, bigint] | undefined)[] = []) => ({
  oldestBlock: '0x1',
  baseFeePerGas: fees.map((fee) => numberToHex(fee)),
  gasUsedRatio: fees.slice(1).map((_, block) => (tips[block] ? 0.5 : 0)),
  reward: fees.slice(1).map((_, block) => (tips[block] ?? [0n, 0n]).map((tip) => numberToHex(tip))),
});
const pending = (baseFee: Hex | undefined) => ({ ...block(101), baseFeePerGas: baseFee });
const priority = { eth_maxPriorityFeePerGas: '0x3' };

describe('fees of the next block', () => {
  test('are the end of the fee history, and no block is asked for', async () => {
    const { client, asked } = nodeWith({ ...priority, eth_feeHistory: history([7n * GWEI, 8n * GWEI]) });
    expect(await gasPriceNow(client)).toEqual({ baseFee: 8n * GWEI, priority: 3n });
    expect(asked).toEqual(['eth_feeHistory ["0x14","latest",[50,75]]', 'eth_maxPriorityFeePerGas undefined']);
  });

  test.each([
    ['there is no history', new Error('the method eth_feeHistory does not exist')],
    ['it ends with the newest block', { ...history([7n]), gasUsedRatio: [0.5] }],
    ['it is empty', { oldestBlock: '0x1' }],
  ])('are those of the pending block where %s', async (_, eth_feeHistory) => {
    const { client } = nodeWith({ ...priority, eth_feeHistory, eth_getBlockByNumber: pending('0x9') });
    expect(await gasPriceNow(client)).toEqual({ baseFee: 9n, priority: 3n });
  });

  test.each([
    ['null', null],
    ['refused', new Error('pending block is not available')],
  ])('follow from the newest block where the pending one is %s', async (_, ofPending) => {
    const newest = { ...block(100), baseFeePerGas: '0x51', gasUsed: '0x20', gasLimit: '0x20' };
    const { client } = nodeWith({
      ...priority,
      eth_getBlockByNumber: ([tag]: [string]) => (tag === 'pending' ? ofPending : newest),
    });
    // A full block: an eighth more, rounded down.
    expect(await gasPriceNow(client)).toEqual({ baseFee: 91n, priority: 3n });
  });

  test('have no base fee on a chain without', async () => {
    const { client } = nodeWith({ ...priority, eth_getBlockByNumber: pending(undefined) });
    expect(await gasPriceNow(client)).toMatchObject({ baseFee: 0n });
  });

  test('are asked once a head, and again after a failure', async () => {
    const answers: Record<string, unknown> = { ...priority, eth_feeHistory: history([1n, 2n]) };
    const { client, asked } = nodeWith(answers);
    const prices = openGasPrices(client);
    const [one, other]: [Hash, Hash] = [block(1).hash, block(2).hash];
    await Promise.all([prices({ hash: one }), prices({ hash: one })]);
    expect(asked).toHaveLength(2);
    answers.eth_feeHistory = undefined;
    answers.eth_maxPriorityFeePerGas = undefined;
    await expect(prices({ hash: other })).rejects.toThrow();
    answers.eth_maxPriorityFeePerGas = '0x3';
    answers.eth_feeHistory = history([1n, 5n]);
    expect(await prices({ hash: other })).toMatchObject({ baseFee: 5n });
  });
});

describe('a tip that a node advises', () => {
  const fees = [30n, 30n, 30n, 30n, 31n].map((fee) => fee * GWEI);
  const paid = [[1n * GWEI, 4n * GWEI], [2n * GWEI, 3n * GWEI], undefined, [3n * GWEI, 90n * GWEI]] as const;
  const advising = (gwei: bigint, eth_feeHistory: unknown) =>
    nodeWith({
      eth_maxPriorityFeePerGas: numberToHex(gwei * GWEI),
      eth_feeHistory,
      eth_getBlockByNumber: pending('0x9'),
    });
  const tipOf = async (gwei: bigint, said: unknown) => (await gasPriceNow(advising(gwei, said).client)).priority;

  test('is believed up to twice what the upper quarter of the median block paid', async () => {
    const said = history(fees, paid);
    expect(await tipOf(7n, said)).toBe(7n * GWEI);
    expect(await tipOf(5_000n, said)).toBe(8n * GWEI);
  });

  test.each([
    ['two blocks with transactions are too few to tell', history(fees, paid.slice(0, 3)), 31n],
    ['the blocks were empty', history(fees), 31n],
    ['the base fee is lower than a usual tip', history([GWEI, GWEI]), 2n],
    ['the node tells of no tips', { ...history(fees), reward: null }, 31n],
  ])('is the base fee, or 2 gwei, at most where %s', async (_, said, gwei) => {
    expect(await tipOf(5_000n, said)).toBe(gwei * GWEI);
    expect(await tipOf(1n, said)).toBe(GWEI);
  });

  test('is what half of the median block paid where none is advised', async () => {
    const { client } = nodeWith({ eth_feeHistory: history(fees, paid), eth_getBlockByNumber: pending('0x9') });
    expect(await gasPriceNow(client)).toEqual({ baseFee: 31n * GWEI, priority: 2n * GWEI });
  });

  test('is the lowest of several endpoints, at the first head too', async () => {
    const [first, second] = [advising(7n, history(fees, paid)), advising(1n, history(fees, paid))];
    const silent = nodeWith({});
    const each = [first.client, second.client, silent.client];
    const prices = openGasPrices(first.client, () => each);
    expect(await prices({ hash: block(1).hash })).toEqual({ baseFee: 31n * GWEI, priority: GWEI });
    // One that may not be used any more has no say.
    each.splice(1, 1);
    expect(await prices({ hash: block(2).hash })).toMatchObject({ priority: 7n * GWEI });
  });
});
