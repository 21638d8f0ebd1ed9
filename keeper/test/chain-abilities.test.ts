import { createTestClient, type Hex, publicActions } from 'viem';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeTransport, startAnvil } from '../../test-fork/lab/node.ts';
import { findOut } from '../src/chain/abilities.ts';
import { getBlockLogs } from '../src/chain/block-logs.ts';
import { type Chain, connect } from '../src/chain/client.ts';
import { type Answer, type Asked, type Block, block, type ChainNode, startChainNode } from './support/chain-node.ts';
import { readableLog } from './support/log-lines.ts';
import { ADDRESS, logAt, openChain, TOPIC } from './support/transfer-logs.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

const NEWEST = 100;
const SOME_BLOOM: Hex = `0x${'1'.repeat(512)}`;
/** A block a second, each with one log. */
const blockAt = (number: number): Block => ({
  ...block(number),
  timestamp: `0x${(1_000 + number).toString(16)}`,
  logsBloom: SOME_BLOOM,
  gasUsed: '0x1',
});
const numberIn = (hash: string) => Number.parseInt(hash.slice(34), 16);
const word = (value: number): Hex => `0x${value.toString(16).padStart(64, '0')}`;
const fails = (message: string, code = -32_000): Answer => ({ error: { code, message } });

/** What a sound node answers. A call gives the time of its block. */
function sound({ method, params }: Asked): Answer | undefined {
  const [first, second] = params as [unknown, unknown];
  if (method === 'eth_getBlockByNumber' && String(first).startsWith('0x')) return { result: blockAt(Number(first)) };
  if (method === 'eth_getBlockByHash') return { result: blockAt(numberIn(first as string)) };
  if (method === 'eth_simulateV1') return { result: [{ calls: [] }] };
  if (method === 'eth_call') return { result: word(1_000 + heightOf(second)) };
  if (method !== 'eth_getLogs') return undefined;
  const { blockHash, fromBlock } = first as { blockHash?: string; fromBlock?: string };
  return { result: [logAt(blockHash ? numberIn(blockHash) : Number(fromBlock ?? NEWEST))] };
}

function heightOf(at: unknown): number {
  if (typeof at !== 'string') return numberIn((at as { blockHash: string }).blockHash);
  return at.startsWith('0x') ? Number(at) : NEWEST;
}

const hashOf = ({ params }: Asked): string | undefined =>
  params.map((each) => (each as { blockHash?: string } | undefined)?.blockHash).find(Boolean);
/** What a node that takes no notice of a block's hash answers. */
const ignoring = (method: string) => (asked: Asked) => {
  if (asked.method !== method || !hashOf(asked)) return undefined;
  const { blockHash, ...rest } = asked.params.at(-1) as { blockHash: string };
  return sound({ ...asked, params: method === 'eth_call' ? [asked.params[0], 'latest'] : [rest] });
};
const refusing = (method: string, words: string) => (asked: Asked) =>
  asked.method === method && hashOf(asked) ? fails(words, -32_602) : undefined;

/** How a node fails, and what is found to be lacking. */
const faults: [name: string, lacks: string, answer: (asked: Asked) => Answer | undefined][] = [
  ['refuses state by hash', 'state by hash', refusing('eth_call', 'invalid argument 1: hex string without 0x prefix')],
  ['takes no notice of the hash in a call', 'state by hash', ignoring('eth_call')],
  ['refuses logs by hash', 'logs by hash', refusing('eth_getLogs', 'json: unknown field "blockHash"')],
  ['takes no notice of the hash in a search', 'logs by hash', ignoring('eth_getLogs')],
  [
    'finds no logs by hash',
    'logs by hash',
    (asked) => (asked.method === 'eth_getLogs' && hashOf(asked) ? { result: [] } : undefined),
  ],
  [
    'has no pending state',
    'pending',
    ({ params }) => (params.includes('pending') ? fails('pending state is not served') : undefined),
  ],
  [
    'takes pending for a block that it does not have',
    'pending',
    ({ params }) => (params.includes('pending') ? fails('header not found') : undefined),
  ],
  [
    'does not know eth_simulateV1',
    'eth_simulateV1',
    ({ method }) => (method === 'eth_simulateV1' ? fails('no such method', -32_601) : undefined),
  ],
  [
    'has eth_simulateV1 switched off',
    'eth_simulateV1',
    ({ method }) => (method === 'eth_simulateV1' ? fails('disabled by your plan', 77) : undefined),
  ],
];
const ALL = ['eth_simulateV1', 'logs by hash', 'pending', 'state by hash'];

async function open(
  ...answers: ((asked: Asked) => Answer | undefined)[]
): Promise<{ chain: Chain; nodes: ChainNode[] }> {
  const nodes = await Promise.all(answers.map(() => startChainNode(blockAt(NEWEST))));
  nodes.forEach((node, index) => {
    node.answer = (asked) => answers[index]!(asked) ?? sound(asked);
  });
  after.push(...nodes.map(({ stop }) => stop));
  return { chain: await openChain(nodes, after), nodes };
}

const abilitiesOf = (chain: Chain, place = 0) => chain.endpoints.health()[place]!.abilities;

describe('an endpoint that', () => {
  test('is sound can do it all', async () => {
    const { chain } = await open(() => undefined);
    expect(await findOut(chain.endpoints, chain.endpoints.members[0]!)).toBe(true);
    expect(abilitiesOf(chain)).toEqual({ has: ALL, lacks: [], batch: 100, logRange: undefined });
  });

  test.each(faults)('%s lacks just that: %s', async (_, lacks, answer) => {
    const { chain } = await open(answer);
    await findOut(chain.endpoints, chain.endpoints.members[0]!);
    expect(abilitiesOf(chain)).toMatchObject({ has: ALL.filter((each) => each !== lacks), lacks: [lacks] });
    expect(chain.endpoints.health()[0]).toMatchObject({ state: 'good', errors: 0 });
  });

  test('has learned it is found out at the next look', async () => {
    const { chain, nodes } = await open(faults[0]![2]);
    const [member] = chain.endpoints.members;
    await findOut(chain.endpoints, member!);
    nodes[0]!.answer = sound;
    await findOut(chain.endpoints, member!);
    expect(abilitiesOf(chain)).toMatchObject({ has: ALL, lacks: [] });
  });

  test('does not answer is not found to lack anything', async () => {
    const { chain, nodes } = await open(() => undefined);
    nodes[0]!.status = 503;
    expect(await findOut(chain.endpoints, chain.endpoints.members[0]!)).toBe(false);
    expect(abilitiesOf(chain)).toMatchObject({ has: [], lacks: [] });
  });

  test('is an anvil can do it all', async () => {
    const anvil = await startAnvil();
    after.push(() => anvil.stop());
    const node = createTestClient({ mode: 'anvil', transport: nodeTransport(anvil.url) }).extend(publicActions);
    await node.mine({ blocks: 12, interval: 2 });
    const chain = await connect({ rpc: [anvil.url], chain: undefined }, (await readableLog()).log);
    after.push(() => chain.endpoints.close());
    await findOut(chain.endpoints, chain.endpoints.members[0]!);
    expect(abilitiesOf(chain).lacks).toEqual([]);
    expect(abilitiesOf(chain).has).toEqual(expect.arrayContaining(['eth_simulateV1', 'pending', 'state by hash']));
  });
});

/** Requests that need something, and what they are answered with. */
const asks: Record<string, { body: (number: number) => { method: string; params: unknown[] }; result: unknown }> = {
  'state by hash': {
    body: (number) => ({ method: 'eth_call', params: [{}, { blockHash: block(number).hash }] }),
    result: word(1_095),
  },
  pending: { body: () => ({ method: 'eth_call', params: [{}, 'pending'] }), result: word(1_000 + NEWEST) },
};
const needing = faults.filter(([, lacks]) => lacks in asks);

describe('what needs it', () => {
  const ask = (chain: Chain, lacks: string) => chain.client.request(asks[lacks]!.body(95) as never);

  test.each(needing)(
    'is asked in another way of an endpoint that %s, looked at before: %s',
    async (_, lacks, answer) => {
      const { chain } = await open(answer);
      await findOut(chain.endpoints, chain.endpoints.members[0]!);
      expect(await ask(chain, lacks)).toBe(asks[lacks]!.result);
    },
  );

  test.each(needing.filter(([name]) => !name.includes('no notice')))(
    'is asked in another way, which is remembered, of an endpoint that %s: %s',
    async (_, lacks, answer) => {
      const { chain } = await open(answer);
      expect(await ask(chain, lacks)).toBe(asks[lacks]!.result);
      expect(abilitiesOf(chain).lacks).toEqual([lacks]);
      expect(chain.endpoints.health()[0]!.errors).toBe(0);
    },
  );

  test.each(needing)('is asked of another where the first %s: %s', async (_, lacks, answer) => {
    const { chain, nodes } = await open(answer, () => undefined);
    await findOut(chain.endpoints, chain.endpoints.members[0]!);
    const { method } = asks[lacks]!.body(95);
    const before = nodes.map((node) => node.count(method));
    expect(await ask(chain, lacks)).toBe(asks[lacks]!.result);
    expect(nodes.map((node, index) => node.count(method) - before[index]!)).toEqual([0, 1]);
  });

  test('is not read at another block of the same number', async () => {
    const { chain } = await open(faults[0]![2]);
    await findOut(chain.endpoints, chain.endpoints.members[0]!);
    const body = { method: 'eth_call', params: [{}, { blockHash: block(95, 1).hash }] };
    const read = expect(chain.client.request(body as never)).rejects.toThrow(`block ${block(95, 1).hash} not found`);
    const { hash, parentHash } = block(101);
    const rest = { timestamp: 1n, gasLimit: 1n, baseFeePerGas: 1n, logsBloom: SOME_BLOOM };
    // A newer head ends the waiting for a block.
    chain.endpoints.note(chain.endpoints.members[0]!, { number: 101n, hash, parentHash, ...rest }, true);
    await read;
  });
});

describe('the logs of a block', () => {
  const head = { hash: block(95).hash, logsBloom: SOME_BLOOM };
  const filter = { addresses: [ADDRESS], topics: [TOPIC] } as const;
  const lacking = faults.filter(([, lacks]) => lacks === 'logs by hash');

  test.each(lacking)('are found by its number at an endpoint that %s', async (_, lacks, answer) => {
    const { chain } = await open(answer);
    await findOut(chain.endpoints, chain.endpoints.members[0]!);
    expect((await getBlockLogs(chain, head, filter)).map(({ blockHash }) => blockHash)).toEqual([head.hash]);
    expect(abilitiesOf(chain).lacks).toEqual([lacks]);
  });

  test.each(lacking.slice(0, 2))('are found without a look before at an endpoint that %s', async (_, lacks, answer) => {
    const { chain } = await open(answer);
    expect((await getBlockLogs(chain, head, filter)).map(({ blockHash }) => blockHash)).toEqual([head.hash]);
    expect(abilitiesOf(chain).lacks).toEqual([lacks]);
  });

  test.each(lacking.slice(0, 2))('are found at another where the first %s', async (_, __, answer) => {
    const { chain, nodes } = await open(answer, () => undefined);
    expect((await getBlockLogs(chain, head, filter)).map(({ blockHash }) => blockHash)).toEqual([head.hash]);
    expect(nodes[1]!.count('eth_getLogs')).toBe(1);
  });
});
