import { afterEach, describe, expect, test } from 'vitest';
import { type Endpoint, openEndpoint } from '../src/chain/endpoint.ts';
import { cutIntoTexts } from '../src/chain/wire.ts';
import { random } from './book/random.ts';
import { block, type ChainNode, startChainNode } from './support/chain-node.ts';
import { until } from './support/log-lines.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

/** A node, and an endpoint that has found out what it takes. */
async function open(frames: ChainNode['frames']): Promise<{ node: ChainNode; endpoint: Endpoint }> {
  const node = await startChainNode();
  node.frames = frames;
  const endpoint = openEndpoint(node.wsUrl);
  after.push(node.stop, endpoint.close);
  await endpoint.request({ method: 'eth_chainId' });
  await until(() => node.asked.length === (frames === 'refused' ? 1 : 3));
  await endpoint.request({ method: 'eth_chainId' });
  node.asked.length = 0;
  node.received.length = 0;
  return { node, endpoint };
}

const storage = (slot: number) => ({ method: 'eth_getStorageAt', params: ['0x1', slot, 'latest'] });
/** Answers each request for storage with its slot. */
function givesSlots(node: ChainNode): void {
  node.answer = ({ method, params }) => (method === 'eth_getStorageAt' ? { result: params[1] } : undefined);
}
const askAll = (endpoint: Endpoint, slots: readonly number[]) =>
  Promise.all(slots.map((slot) => endpoint.request(storage(slot))));
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('what is asked of a WebSocket in one turn of the event loop', () => {
  test('goes in one frame, also where some of it is asked a few promises later', async () => {
    const { node, endpoint } = await open('taken');
    givesSlots(node);
    const later = (async () => {
      for (let turn = 0; turn < 20; turn++) await undefined;
      return endpoint.request(storage(7));
    })();
    expect(await askAll(endpoint, [1, 2])).toEqual([1, 2]);
    expect(await later).toBe(7);
    expect(node.received.map((frame) => [frame].flat().length)).toEqual([3]);
  });

  test('alone goes as it is', async () => {
    const { node, endpoint } = await open('taken');
    givesSlots(node);
    expect(await endpoint.request(storage(1))).toBe(1);
    expect(node.received).toMatchObject([storage(1)]);
  });

  test('goes in frames of twenty', async () => {
    const { node, endpoint } = await open('taken');
    givesSlots(node);
    expect(await askAll(endpoint, upTo(45))).toEqual(upTo(45));
    expect(node.received.map((frame) => [frame].flat().length)).toEqual([20, 20, 5]);
  });

  test('has a transaction and a search for logs go by themselves', async () => {
    const { node, endpoint } = await open('taken');
    node.answer = ({ method }) => ({ result: method });
    const [send, search] = [
      { method: 'eth_sendRawTransaction', params: ['0x'] },
      { method: 'eth_getLogs', params: [{ fromBlock: '0x1', toBlock: '0x2' }] },
    ];
    const blockLogs = { method: 'eth_getLogs', params: [{ blockHash: block(1).hash }] };
    await Promise.all([send, search, blockLogs, storage(1)].map((body) => endpoint.request(body)));
    const frames = node.received.map((frame) => [frame].flat().map(({ method }) => method));
    expect(frames).toEqual([['eth_sendRawTransaction'], ['eth_getLogs'], ['eth_getLogs', 'eth_getStorageAt']]);
  });

  test('goes in frames of no more than 200,000 characters, or one request', async () => {
    const { node, endpoint } = await open('taken');
    node.answer = ({ params }) => ({ result: params[0] });
    const sizes = [90_000, 90_000, 90_000, 250_000, 10, 10];
    const asked = sizes.map((size, index) => ({ method: 'eth_call', params: [index, 'x'.repeat(size)] }));
    expect(await Promise.all(asked.map((body) => endpoint.request(body)))).toEqual([0, 1, 2, 3, 4, 5]);
    expect(node.received.map((frame) => [frame].flat().length)).toEqual([2, 1, 1, 2]);
  });

  test('fails or is answered each by itself', async () => {
    const { node, endpoint } = await open('taken');
    node.answer = ({ params }) =>
      params[1] === 2 ? { error: { code: -32_000, message: 'no such slot' } } : { result: params[1] };
    const answers = await Promise.allSettled([1, 2, 3].map((slot) => endpoint.request(storage(slot))));
    expect(answers.map((answer) => (answer.status === 'fulfilled' ? answer.value : answer.reason.details))).toEqual([
      1,
      'no such slot',
      3,
    ]);
  });

  test('goes one by one until the node has shown that it takes frames, and after it refused one', async () => {
    const { node, endpoint } = await open('refused');
    givesSlots(node);
    expect(await askAll(endpoint, upTo(3))).toEqual(upTo(3));
    expect(node.received.map((frame) => Array.isArray(frame))).toEqual([false, false, false]);
  });

  test('is asked again in halves, and then one by one, where frames are refused', async () => {
    const { node, endpoint } = await open('taken');
    givesSlots(node);
    node.frames = 'refused';
    expect(await askAll(endpoint, upTo(4))).toEqual(upTo(4));
    const sizes = () => node.received.map((frame) => [frame].flat().length);
    expect(sizes()).toEqual([4, 2, 2, 1, 1, 1, 1]);
    node.received.length = 0;
    expect(await askAll(endpoint, upTo(2))).toEqual(upTo(2));
    expect(sizes()).toEqual([1, 1]);
    expect(endpoint.batch()).toBe(1);
  });

  test.each([
    ['are cut short', 'cut short'],
    ['of more than three are refused', 3],
  ] as const)('is asked again in halves where frames %s, also over the next socket', async (_, how) => {
    const { node, endpoint } = await open('taken');
    givesSlots(node);
    node.frames = how;
    expect(await askAll(endpoint, upTo(4))).toEqual(upTo(4));
    const sizes = () => node.received.map((frame) => [frame].flat().length);
    expect(sizes()).toEqual(how === 'cut short' ? [4, 2] : [4, 2, 2]);
    endpoint.close();
    node.received.length = 0;
    expect(await askAll(endpoint, upTo(4))).toEqual(upTo(4));
    expect(sizes()).toEqual([2, 2]);
    expect(endpoint.batch()).toBe(2);
  });

  test('goes one by one over a gateway that hangs up on whoever sends a frame', async () => {
    const node = await startChainNode();
    node.frames = 'fatal';
    const endpoint = openEndpoint(node.wsUrl);
    after.push(node.stop, endpoint.close);
    givesSlots(node);
    for (let tries = 0; endpoint.batch() !== 1 && tries < 5; tries++)
      await endpoint.request(storage(1)).catch(() => {});
    node.received.length = 0;
    expect(await askAll(endpoint, upTo(3))).toEqual(upTo(3));
    expect(node.received.map((frame) => Array.isArray(frame))).toEqual([false, false, false]);
  });

  test('fails together when the socket is closed', async () => {
    const { node, endpoint } = await open('taken');
    node.silent = true;
    const answers = [1, 2].map((slot) =>
      expect(endpoint.request(storage(slot))).rejects.toThrow('the socket was closed'),
    );
    await until(() => node.received.length === 1);
    node.drop();
    await Promise.all(answers);
  });
});

test('a socket that sends what is no JSON is closed, and the next request opens another', async () => {
  const { node, endpoint } = await open('taken');
  givesSlots(node);
  node.silent = true;
  const lost = expect(endpoint.request(storage(1))).rejects.toThrow('what is no JSON: <html>');
  await until(() => node.received.length === 1);
  for (const socket of node.sockets) socket.send('<html>');
  await lost;
  node.silent = false;
  expect(await endpoint.request(storage(2))).toBe(2);
});

describe('a stream of JSON', () => {
  const texts = [
    '{"id":1,"result":"0x"}',
    '[{"id":2,"result":{"logs":[]}},{"id":3}]',
    '{"error":{"message":"a \\"quoted\\" } and a \\\\"}}',
    '{"ä":"]…{"}',
  ];

  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'is cut into its texts however it comes: seed %i',
    (seed) => {
      const dice = random(seed);
      const bytes = Buffer.from(texts.join(seed % 2 === 0 ? '\n' : ''));
      const found: string[] = [];
      const take = cutIntoTexts((text) => found.push(text.trim()));
      for (let at = 0; at < bytes.length; ) {
        const size = 1 + dice.below(seed < 5 ? 2 : 30);
        take(bytes.subarray(at, at + size));
        at += size;
      }
      expect(found).toEqual(texts);
    },
  );
});
