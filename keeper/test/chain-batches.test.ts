import { afterEach, describe, expect, test } from 'vitest';
import { type Endpoint, openEndpoint } from '../src/chain/endpoint.ts';
import { type Asked, type ChainNode, startChainNode } from './support/chain-node.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

/** A node that gives each block as its number alone. */
async function open(): Promise<{ node: ChainNode; endpoint: Endpoint }> {
  const node = await startChainNode();
  after.push(node.stop);
  node.answer = ({ method, params: [number] }) =>
    method === 'eth_getBlockByNumber' ? { result: { number } } : undefined;
  return { node, endpoint: openEndpoint(node.url) };
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => `0x${(index + 1).toString(16)}`);
const askBlocks = (endpoint: Endpoint, count: number) =>
  Promise.all(numbers(count).map((number) => endpoint.request({ method: 'eth_getBlockByNumber', params: [number] })));
const blocks = (count: number) => numbers(count).map((number) => ({ number }));
/** Lengths of the lists that came, and how many requests came alone. */
const came = (node: ChainNode) => ({
  lists: node.batches.splice(0),
  asked: node.asked.splice(0).length,
});

const text = (body: object) => ({ text: JSON.stringify(body) });
const oneError = (code: number, message: string, id: unknown = null) => ({
  jsonrpc: '2.0',
  id,
  error: { code, message },
});
type Refusal = (asked: Asked[]) => { status?: number; text: string };

const refusals: Record<string, Refusal> = {
  'one error with status 500, as dRPC': () => ({
    status: 500,
    ...text({ error: { code: 31, message: 'Batch of more than 3 requests are not allowed on free tier' } }),
  }),
  'one error': () => text(oneError(-32_600, 'Invalid request')),
  'one error in a list, as geth': () => text([oneError(-32_600, 'batch too large')]),
  'the same error for each': (asked) => text(asked.map(({ id }) => oneError(-32_005, 'batch limit exceeded', id))),
  'too many requests in a batch, with 429': () => ({
    status: 429,
    ...text(oneError(-32_005, 'too many requests in a batch')),
  }),
  'a part of the answers': (asked) =>
    text(asked.slice(1).map(({ id, params: [number] }) => ({ id, result: { number } }))),
  'answers to nothing': (asked) => text(asked.map(({ params: [number] }) => ({ id: null, result: { number } }))),
  'a web page': () => ({ text: '<html>Bad Request</html>' }),
  'a web page with 400': () => ({ status: 400, text: '<html>Bad Request</html>' }),
  nothing: () => ({ text: '' }),
};

describe('blocks asked for together', () => {
  test('go in one list, and one alone goes as it is', async () => {
    const { node, endpoint } = await open();
    expect(endpoint.batch()).toBe(undefined);
    expect(await askBlocks(endpoint, 1)).toEqual(blocks(1));
    expect(came(node)).toEqual({ lists: [], asked: 1 });
    expect(await askBlocks(endpoint, 12)).toEqual(blocks(12));
    expect(came(node)).toEqual({ lists: [12], asked: 12 });
    expect(endpoint.batch()).toBe(100);
  });

  test('fail or are answered each by itself', async () => {
    const { node, endpoint } = await open();
    node.answer = ({ params: [number] }) =>
      number === '0x2' ? { error: { code: -32_000, message: 'pruned history' } } : { result: { number } };
    const asked = numbers(3).map((number) => endpoint.request({ method: 'eth_getBlockByNumber', params: [number] }));
    const answers = await Promise.allSettled(asked);
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.details))).toEqual([
      { number: '0x1' },
      'pruned history',
      { number: '0x3' },
    ]);
    expect(came(node).lists).toEqual([3]);
  });

  describe.each(Object.keys(refusals))('are asked for in smaller lists where a long one is answered with %s', (how) => {
    test('down to what is taken, which is remembered', async () => {
      const { node, endpoint } = await open();
      node.batch = (asked) => (asked.length > 3 ? refusals[how]!(asked) : undefined);
      expect(await askBlocks(endpoint, 16)).toEqual(blocks(16));
      expect(came(node).lists.slice(0, 4)).toEqual([16, 8, 4, 2]);
      expect(endpoint.batch()).toBe(2);
      expect(await askBlocks(endpoint, 5)).toEqual(blocks(5));
      expect(came(node)).toEqual({ lists: [2, 2], asked: 5 });
    });

    test('down to single requests where no list is taken', async () => {
      const { node, endpoint } = await open();
      node.batch = refusals[how]!;
      expect(await askBlocks(endpoint, 4)).toEqual(blocks(4));
      expect(endpoint.batch()).toBe(1);
      came(node);
      expect(await askBlocks(endpoint, 4)).toEqual(blocks(4));
      expect(came(node)).toEqual({ lists: [], asked: 4 });
    });
  });

  test('fail together where it is asked too often, and teach nothing', async () => {
    const { node, endpoint } = await open();
    node.status = 429;
    const answers = await Promise.allSettled(
      numbers(3).map((number) => endpoint.request({ method: 'eth_getBlockByNumber', params: [number] })),
    );
    expect(answers.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    node.status = undefined;
    expect(await askBlocks(endpoint, 3)).toEqual(blocks(3));
    expect(came(node).lists).toEqual([3]);
  });

  test('teach nothing where single requests fail as well', async () => {
    const { node, endpoint } = await open();
    node.status = 503;
    const asked = numbers(3).map((number) => endpoint.request({ method: 'eth_getBlockByNumber', params: [number] }));
    const failed = await Promise.allSettled(asked);
    expect(failed.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
    node.status = undefined;
    expect(await askBlocks(endpoint, 3)).toEqual(blocks(3));
    expect(came(node).lists).toEqual([3]);
  });
});
