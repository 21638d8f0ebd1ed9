import { ContractFunctionZeroDataError, HttpRequestError, RpcRequestError } from 'viem';
import { afterEach, describe, expect, test } from 'vitest';
import { MULTICALL3 } from '../src/chain/aggregate.ts';
import type { Chain } from '../src/chain/client.ts';
import { type Fault, faultOf, isOfContract } from '../src/chain/errors.ts';
import { type Answer, type Asked, block, type ChainNode, startChainNode } from './support/chain-node.ts';
import { openChain } from './support/transfer-logs.ts';

const ADDRESS = '0x00000000000000000000000000000000000000a1';
const HASH = `0x${'ab'.repeat(32)}` as const;
const RECEIPT = { transactionHash: HASH, hash: HASH, blockNumber: '0x1' };
const fails = (message: string, code = -32_000, data?: unknown): Answer => ({ error: { code, message, data } });

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

/** Endpoints in the order they are asked in, the first being in use. */
async function open(count: number): Promise<{ chain: Chain; nodes: ChainNode[] }> {
  const nodes = await Promise.all(Array.from({ length: count }, () => startChainNode()));
  after.push(...nodes.map(({ stop }) => stop));
  const chain = await openChain(nodes, after);
  const order = chain.endpoints.ranked().map(({ endpoint }) => nodes.find(({ url }) => url === endpoint.shown)!);
  return { chain, nodes: order };
}

/** Answers one method, and leaves the others as they are. */
const says = (node: ChainNode, method: string, answer: (asked: Asked) => Answer | undefined) => {
  node.answer = (asked) => (asked.method === method ? answer(asked) : undefined);
};
const errorsOf = (chain: Chain, node: ChainNode) =>
  chain.endpoints.health().find(({ endpoint }) => endpoint === node.url)!.errors;
const call = (chain: Chain) => chain.client.request({ method: 'eth_call', params: [{ to: ADDRESS }, 'latest'] });

describe('whose word an error is', () => {
  const said: [words: string, code: number, data: unknown, fault: Fault][] = [
    ['execution reverted', -32_000, undefined, 'answer'],
    ['execution reverted: rate limit exceeded', 3, '0x08c379a0', 'answer'],
    ['execution reverted: too many requests', -32_000, undefined, 'answer'],
    ['VM execution error.', -32_015, 'Reverted 0x08c379a0', 'answer'],
    ['something else', -32_603, '0x08c379a0', 'answer'],
    ['EVM error OutOfGas', -32_003, undefined, 'answer'],
    ['invalid opcode: INVALID', -32_000, undefined, 'answer'],
    ['insufficient funds for gas * price + value', -32_000, undefined, 'answer'],
    ['nonce too low: next nonce 5, tx nonce 4', -32_000, undefined, 'answer'],
    ['replacement transaction underpriced', -32_000, undefined, 'answer'],
    ['already known', -32_000, undefined, 'answer'],
    ['tx fee (1.78 ether) exceeds the configured cap (1.00 ether)', -32_000, undefined, 'answer'],
    ['transaction gas price below minimum: gas tip cap 1, minimum needed 25000000000', -32_000, undefined, 'answer'],
    ['max fee per gas less than block base fee', -32_000, undefined, 'answer'],
    ['transaction indexing is in progress', -32_000, undefined, 'odd'],
    ['json: unknown field "blockHash"', -32_602, undefined, 'odd'],
    ['invalid argument 1: hex string without 0x prefix', -32_602, undefined, 'odd'],
    ['Batch of more than 3 requests are not allowed', 31, undefined, 'odd'],
    ['pending block is not available', -32_000, undefined, 'odd'],
    ['flux capacitor misaligned', -39_999, undefined, 'odd'],
    ['upstream is warming up', 0, undefined, 'odd'],
    ['Internal error', -32_603, undefined, 'node'],
    ['header not found', -32_000, undefined, 'unknown block'],
    ['header for hash not found', -32_000, undefined, 'unknown block'],
    ['upstream does not have the requested block yet', -32_014, undefined, 'unknown block'],
    ['missing trie node 00', -32_000, undefined, 'no state'],
  ];
  test('the code may be a text', () => {
    const error = { code: '3' as unknown as number, message: 'it fails' };
    expect(faultOf(new RpcRequestError({ body: { method: 'eth_call' }, error, url: 'http://node' }))).toBe('answer');
  });

  test.each(said)('%s', (message, code, data, fault) => {
    const body = { method: 'eth_call' };
    expect(faultOf(new RpcRequestError({ body, error: { code, message, data }, url: 'http://node' }))).toBe(fault);
  });
});

test('what a contract answers is told from what an endpoint does', () => {
  const rpc = (code: number, message: string) =>
    new RpcRequestError({ body: { method: 'eth_call' }, error: { code, message }, url: 'http://node' });
  expect(isOfContract(new ContractFunctionZeroDataError({ functionName: 'treasury' }))).toBe(true);
  expect(isOfContract(rpc(3, 'execution reverted'))).toBe(true);
  expect(isOfContract(rpc(-32_603, 'Internal error'))).toBe(false);
  expect(isOfContract(new HttpRequestError({ body: {}, status: 502, url: 'http://node' }))).toBe(false);
});

test('an endpoint that is away as the keeper starts is waited for', async () => {
  const { chain, nodes } = await open(1);
  const [node] = nodes as [ChainNode];
  chain.endpoints.patience = 60_000;
  let refused = 0;
  node.status = () => (refused++ < 8 ? 503 : undefined);
  says(node, 'eth_call', () => ({ result: '0x01' }));
  expect(await call(chain)).toBe('0x01');
  expect(refused).toBeGreaterThan(8);
});

test('state so old that no endpoint is that late is not waited for, as the keeper starts', async () => {
  const { chain, nodes } = await open(1);
  const [node] = nodes as [ChainNode];
  chain.endpoints.patience = 60_000;
  says(node, 'eth_getCode', () => fails('header not found'));
  // The newest block is 100.
  const code = (at: string) => chain.client.request({ method: 'eth_getCode', params: [ADDRESS, at as '0x5'] });
  await expect(code('0x5')).rejects.toThrow('header not found');
  expect(node.count('eth_getCode')).toBeLessThan(5);
  says(node, 'eth_getCode', () => (node.count('eth_getCode') < 12 ? fails('header not found') : { result: '0x01' }));
  expect(await code('0x60')).toBe('0x01');
});

describe('words that nobody knows', () => {
  test('go to the next endpoint, and count against the one that is contradicted', async () => {
    const { chain, nodes } = await open(2);
    const [first, second] = nodes as [ChainNode, ChainNode];
    says(first, 'eth_call', () => fails('flux capacitor misaligned', -39_999));
    says(second, 'eth_call', () => ({ result: '0x02' }));
    expect(await call(chain)).toBe('0x02');
    expect([errorsOf(chain, first), errorsOf(chain, second)]).toEqual([1, 0]);
  });

  test('count against nobody, and are the answer, where two say them', async () => {
    const { chain, nodes } = await open(2);
    for (const node of nodes) says(node, 'eth_call', () => fails('flux capacitor misaligned', -39_999));
    await expect(call(chain)).rejects.toThrow('flux capacitor misaligned');
    expect(nodes.map((node) => [node.count('eth_call'), errorsOf(chain, node)])).toEqual([
      [1, 0],
      [1, 0],
    ]);
  });

  test('of the only endpoint are asked again', async () => {
    const { chain, nodes } = await open(1);
    const [node] = nodes as [ChainNode];
    says(node, 'eth_call', () => (node.count('eth_call') < 2 ? fails('warming up', 12) : { result: '0x01' }));
    expect(await call(chain)).toBe('0x01');
    says(node, 'eth_call', () => fails('warming up', 12));
    await expect(call(chain)).rejects.toThrow('warming up');
  });

  test('are asked again for longer while the keeper starts', async () => {
    const { chain, nodes } = await open(1);
    const [node] = nodes as [ChainNode];
    chain.endpoints.patience = 60_000;
    says(node, 'eth_call', () => (node.count('eth_call') < 5 ? fails('warming up', 12) : { result: '0x01' }));
    expect(await call(chain)).toBe('0x01');
  });

  test('against a transaction are another endpoint to be asked, those of every pool are not', async () => {
    const { chain, nodes } = await open(2);
    const [first, second] = nodes as [ChainNode, ChainNode];
    const send = () => chain.client.request({ method: 'eth_sendRawTransaction', params: ['0x01'] });
    says(first, 'eth_sendRawTransaction', () => fails('sending is switched off here'));
    says(second, 'eth_sendRawTransaction', () => ({ result: HASH }));
    expect(await send()).toBe(HASH);
    says(first, 'eth_sendRawTransaction', () => fails('nonce too low'));
    await expect(send()).rejects.toThrow('nonce too low');
    expect(second.count('eth_sendRawTransaction')).toBe(1);
  });
});

describe('an answer that is none', () => {
  const none: [method: string, params: unknown[], answer: unknown, right: unknown][] = [
    ['eth_call', [{ to: ADDRESS }, 'latest'], null, '0x01'],
    ['eth_call', [{ to: MULTICALL3 }, 'latest'], '0x', '0x01'],
    ['eth_getBalance', [ADDRESS, 'latest'], null, '0x01'],
    ['eth_getTransactionCount', [ADDRESS, 'latest'], {}, '0x1'],
    ['eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x2' }], null, []],
    ['eth_getLogs', [{ fromBlock: '0x1', toBlock: '0x2' }], 'busy', []],
    ['eth_getBlockByNumber', ['latest', false], null, block(100)],
    ['eth_getBlockByNumber', ['0x5', false], block(6), block(5)],
    ['eth_getTransactionReceipt', [HASH], { transactionHash: block(1).hash }, RECEIPT],
  ];
  test.each(none)('to %s %j is %j', async (method, params, answer, right) => {
    const { chain, nodes } = await open(2);
    const [first, second] = nodes as [ChainNode, ChainNode];
    says(first, method, () => ({ result: answer }));
    says(second, method, () => ({ result: right }));
    expect(await chain.client.request({ method, params } as never)).toEqual(right);
    expect(errorsOf(chain, first)).toBe(1);
  });
});

describe('a transaction or receipt that', () => {
  const methods = ['eth_getTransactionByHash', 'eth_getTransactionReceipt'] as const;
  const ask = (chain: Chain, method: (typeof methods)[number]) => chain.client.request({ method, params: [HASH] });

  test.each(methods)('the only endpoint has an error for is not known yet: %s', async (method) => {
    const { chain, nodes } = await open(1);
    says(nodes[0]!, method, () => fails('transaction indexing is in progress'));
    expect(await ask(chain, method)).toBe(null);
  });

  test.each(methods)('one endpoint does not know is asked of the other: %s', async (method) => {
    const { chain, nodes } = await open(2);
    says(nodes[1]!, method, () => ({ result: RECEIPT }));
    for (const answer of [fails('transaction indexing is in progress'), { result: null }]) {
      says(nodes[0]!, method, () => answer);
      expect(await ask(chain, method)).toEqual(RECEIPT);
    }
    says(nodes[1]!, method, () => ({ result: null }));
    expect(await ask(chain, method)).toBe(null);
  });

  test('has no block yet is no receipt', async () => {
    const { chain, nodes } = await open(1);
    says(nodes[0]!, methods[1], () => ({ result: { ...RECEIPT, blockNumber: null } }));
    expect(await ask(chain, methods[1])).toBe(null);
  });

  test.each(methods)('no endpoint can be asked for is not taken for unknown: %s', async (method) => {
    const { chain, nodes } = await open(1);
    nodes[0]!.status = 502;
    await expect(ask(chain, method)).rejects.toThrow();
  });
});

describe('state that is later than its head', () => {
  const stateAt = (chain: Chain) =>
    chain.client.request({ method: 'eth_call', params: [{ to: ADDRESS }, { blockHash: block(100).hash }] as never });

  test.each(['header not found', 'header for hash not found', 'the replica is catching up', 'missing trie node 00'])(
    'is asked for again until it is there, however often: %s',
    async (words) => {
      const { chain, nodes } = await open(1);
      const [node] = nodes as [ChainNode];
      says(node, 'eth_call', () => (node.count('eth_call') < 9 ? fails(words) : { result: '0x01' }));
      expect(await stateAt(chain)).toBe('0x01');
      expect(errorsOf(chain, node)).toBe(0);
    },
  );

  test('is given up when there is a newer head', async () => {
    const { chain, nodes } = await open(1);
    const [node] = nodes as [ChainNode];
    says(node, 'eth_call', () => {
      // It comes while the state of the one before is waited for.
      if (node.count('eth_call') === 4) chain.endpoints.note(chain.endpoints.members[0]!, headAt(101), true);
      return fails('header not found');
    });
    await expect(stateAt(chain)).rejects.toThrow('header not found');
    expect(node.count('eth_call')).toBe(4);
  });
});

const headAt = (number: number) => {
  const { hash, parentHash } = block(number);
  const rest = { timestamp: 1n, gasLimit: 1n, baseFeePerGas: 1n, logsBloom: '0x' } as const;
  return { number: BigInt(number), hash, parentHash, ...rest };
};
