import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createTestClient, publicActions } from 'viem';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeTransport, startAnvil } from '../../../test-fork/lab/node.ts';
import { connect } from '../../src/chain/client.ts';
import type { Head } from '../../src/chain/head.ts';
import { followHeads } from '../../src/triggers/heads.ts';
import { type Block, block, type ChainNode, startChainNode } from '../support/chain-node.ts';
import { readableLog, until } from '../support/log-lines.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

async function start(count: number): Promise<ChainNode[]> {
  const nodes = await Promise.all(Array.from({ length: count }, () => startChainNode()));
  after.push(...nodes.map(({ stop }) => stop));
  return nodes;
}

async function open(rpc: string[], pollingInterval = 10) {
  const readable = await readableLog();
  const chain = await connect({ rpc, chain: undefined }, readable.log);
  after.push(() => chain.endpoints.close());
  return { chain, newHeads: followHeads(chain.endpoints, pollingInterval, readable.log), ...readable };
}

/** Collects the heads, each with the chain it is of: `100a`, `100b`. */
function follow(newHeads: ReturnType<typeof followHeads>, busy: (head: Head) => unknown = () => {}) {
  const stop = new AbortController();
  const seen: string[] = [];
  const heads: Head[] = [];
  const ended = (async () => {
    for await (const head of newHeads(stop.signal)) {
      heads.push(head);
      seen.push(`${head.number}${'abc'[Number(head.hash[2])]}`);
      await busy(head);
    }
  })();
  after.push(() => stop.abort());
  return { seen, heads, ended, stop };
}

/** Lets everyone be asked a few times more. */
async function looks(nodes: ChainNode[], times = 5): Promise<void> {
  const before = nodes.map((node) => node.count('eth_getBlockByNumber'));
  await until(() => nodes.every((node, index) => node.count('eth_getBlockByNumber') >= before[index]! + times));
}

describe('heads of one endpoint', () => {
  test('come once each, another block of the same height too', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.url]);
    const { seen } = follow(newHeads);
    const steps: [Block, string][] = [
      [block(100), '100a'],
      [block(105), '105a'],
      [block(105, 1), '105b'],
      [block(106, 1), '106b'],
    ];
    for (const [head, shown] of steps) {
      node.setHead(head);
      await until(() => seen.at(-1) === shown);
      await looks([node], 2);
    }
    expect(seen).toEqual(['100a', '105a', '105b', '106b']);
  });

  test('are the newest only for a reader that was busy', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { chain, newHeads } = await open([node.url]);
    const { seen } = follow(newHeads, async ({ number }) => {
      if (number !== 100n) return;
      for (let next = 101; next <= 105; next++) {
        node.setHead(block(next));
        await until(() => chain.endpoints.health()[0]!.head === BigInt(next));
      }
    });
    await until(() => seen.length === 2);
    expect(seen).toEqual(['100a', '105a']);
  });

  test('pass over an answer from a slower node behind the same gateway, but follow a chain that became shorter', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.url]);
    const { seen } = follow(newHeads);
    await until(() => seen.length === 1);
    let slow = 1;
    node.answer = ({ method }) => (method === 'eth_getBlockByNumber' && slow-- > 0 ? { result: block(98) } : undefined);
    await looks([node]);
    expect(seen).toEqual(['100a']);
    node.setHead(block(98, 1));
    await until(() => seen.length === 2);
    expect(seen).toEqual(['100a', '98b']);
  });

  test('go on after errors, which are logged', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads, said } = await open([node.url]);
    const { seen } = follow(newHeads);
    await until(() => seen.length === 1);
    node.status = 500;
    await until(() => said('could not read the newest head; trying again').length > 0);
    node.setHead(block(101));
    node.status = undefined;
    await until(() => seen.length === 2);
    expect(seen).toEqual(['100a', '101a']);
  });

  test('go on after the endpoint was gone', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads, said } = await open([node.url]);
    const { seen } = follow(newHeads);
    await until(() => seen.length === 1);
    await node.stop();
    await until(() => said('endpoint is set aside').length === 1);
    node.setHead(block(101));
    await node.start();
    await until(() => seen.length === 2);
    expect(said('endpoint is back')).toHaveLength(1);
  });

  test('carry what a plan needs, and a full bloom where the node has none', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.url]);
    const { heads } = follow(newHeads);
    await until(() => heads.length === 1);
    node.setHead({ ...block(101), logsBloom: undefined, baseFeePerGas: undefined });
    await until(() => heads.length === 2);
    const { hash, parentHash } = block(100);
    const same = { number: 100n, hash, parentHash, timestamp: 100n, gasLimit: 30_000_000n, baseFeePerGas: 7n };
    expect(heads[0]).toEqual({ ...same, logsBloom: `0x${'00'.repeat(256)}` });
    expect(heads[1]).toMatchObject({ baseFeePerGas: undefined, logsBloom: `0x${'ff'.repeat(256)}` });
  });

  test('end at once when aborted, though the node is silent', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.url]);
    const { seen, ended, stop } = follow(newHeads);
    await until(() => seen.length === 1);
    node.silent = true;
    stop.abort();
    await ended;
    expect(seen).toEqual(['100a']);
    expect((await newHeads(stop.signal).next()).done).toBe(true);
  });

  test('are the same for a second reader', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.url]);
    const [first, second] = [follow(newHeads), follow(newHeads)];
    await until(() => first.seen.length === 1 && second.seen.length === 1);
    first.stop.abort();
    node.setHead(block(101));
    await until(() => second.seen.length === 2);
    expect([first.seen, second.seen]).toEqual([['100a'], ['100a', '101a']]);
  });
});

describe('heads over a WebSocket', () => {
  test('are pushed, not asked for', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.wsUrl]);
    const { seen } = follow(newHeads);
    // To connect, to begin, and once the subscription stands.
    await until(() => node.count('eth_getBlockByNumber') === 3);
    const asked = 3;
    for (let number = 101; number <= 110; number++) {
      node.setHead(block(number));
      await until(() => seen.at(-1) === `${number}a`);
    }
    expect(node.count('eth_getBlockByNumber')).toBe(asked);
    expect(node.sockets.size).toBe(1);
  });

  test('miss none that comes while the subscription is made', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.wsUrl]);
    node.answer = ({ method }) => {
      // Before its answer, when nobody is subscribed yet.
      if (method === 'eth_subscribe' && node.head.number === block(100).number) node.head = block(101);
      return undefined;
    };
    const { seen } = follow(newHeads);
    await until(() => seen.at(-1) === '101a');
    expect(node.subscriptions).toBe(1);
  });

  test('go on after the socket dropped, and are subscribed to again', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { chain, newHeads, said } = await open([node.wsUrl]);
    const { seen } = follow(newHeads);
    await until(() => node.subscriptions === 1);
    for (let drops = 1; drops <= 3; drops++) {
      node.drop();
      // A block that comes while nobody listens.
      node.setHead(block(100 + 2 * drops - 1));
      await until(() => node.subscriptions === 1 + drops);
      node.setHead(block(100 + 2 * drops));
      await until(() => seen.at(-1) === `${100 + 2 * drops}a`);
    }
    expect(said('the socket of an endpoint was closed; connecting again')).toHaveLength(3);
    expect(chain.endpoints.health()[0]).toMatchObject({ state: 'good', errors: 3 });
    expect(seen).toEqual(['100a', '101a', '102a', '103a', '104a', '105a', '106a']);
  });

  test('go on after the node was gone for a while', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { chain, newHeads, said } = await open([node.wsUrl]);
    const { seen } = follow(newHeads);
    await until(() => node.subscriptions === 1);
    await node.stop();
    await until(() => said('endpoint is set aside').length === 1);
    await node.start();
    await until(() => node.subscriptions === 2);
    node.setHead(block(101));
    await until(() => seen.at(-1) === '101a');
    expect(await chain.client.getChainId()).toBe(31337);
  });

  test('are found by asking when the subscription falls silent, which is then made anew', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads, said } = await open([node.wsUrl]);
    const { seen } = follow(newHeads);
    await until(() => node.subscriptions === 1);
    node.pushes = false;
    node.setHead(block(101));
    await until(() => seen.at(-1) === '101a');
    await until(() => node.subscriptions === 2);
    node.pushes = true;
    node.setHead(block(102));
    await until(() => seen.at(-1) === '102a');
    expect(said('a subscription is silent while blocks come; subscribing anew')).toHaveLength(1);
  });

  test('are asked for where there are no subscriptions', async () => {
    const [node] = (await start(1)) as [ChainNode];
    node.answer = ({ method }) =>
      method === 'eth_subscribe' ? { error: { code: -32_601, message: 'notifications not supported' } } : undefined;
    const { newHeads, said } = await open([node.wsUrl]);
    const { seen } = follow(newHeads);
    for (let number = 101; number <= 103; number++) {
      node.setHead(block(number));
      await until(() => seen.at(-1) === `${number}a`);
    }
    expect(said('the endpoint has no subscription to new heads and is polled')).toHaveLength(1);
  });

  test('follow a reorg that is told block by block', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.wsUrl]);
    const { seen } = follow(newHeads);
    await until(() => node.subscriptions === 1 && seen.length === 1);
    for (const [number, shown] of [
      [99, '99b'],
      [100, '100b'],
      [101, '101b'],
    ] as const) {
      node.setHead(block(number, 1, 99));
      await until(() => seen.at(-1) === shown);
    }
    expect(seen).toEqual(['100a', '99b', '100b', '101b']);
  });

  test('end when aborted, and the socket is closed', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { newHeads } = await open([node.wsUrl]);
    const { ended, stop } = follow(newHeads);
    await until(() => node.subscriptions === 1);
    stop.abort();
    await ended;
    await until(() => node.sockets.size === 0);
  });
});

describe('heads of several endpoints', () => {
  test('come from whoever has them first, never twice, never back', async () => {
    const [http, socket] = (await start(2)) as [ChainNode, ChainNode];
    const { newHeads } = await open([http.url, socket.wsUrl]);
    const { seen } = follow(newHeads);
    await until(() => socket.subscriptions === 1);
    const order = [];
    for (let number = 101; number <= 112; number++) {
      const [first, second] = number % 2 ? [http, socket] : [socket, http];
      first.setHead(block(number));
      await until(() => seen.at(-1) === `${number}a`);
      second.setHead(block(number));
      order.push(`${number}a`);
    }
    expect(seen).toEqual(['100a', ...order]);
  });

  test('do not follow one that takes back what another still has', async () => {
    const nodes = (await start(2)) as [ChainNode, ChainNode];
    const { newHeads } = await open(nodes.map(({ url }) => url));
    const { seen } = follow(newHeads);
    await looks(nodes);
    nodes[0].setHead(block(100, 1));
    await looks(nodes);
    nodes[0].setHead(block(99));
    await looks(nodes);
    expect(seen).toEqual(['100a']);
    // The other agrees: a reorg.
    nodes[1].setHead(block(99, 1));
    await until(() => seen.length === 2);
    expect(seen[1]).toMatch(/^99/);
  });

  test('follow the majority to a shorter chain, and leave alone who stays', async () => {
    const nodes = (await start(3)) as [ChainNode, ChainNode, ChainNode];
    const { chain, newHeads } = await open(nodes.map(({ url }) => url));
    const { seen } = follow(newHeads);
    for (const node of nodes) node.setHead(block(105));
    await looks(nodes);
    nodes[0].setHead(block(98, 1, 90));
    await looks(nodes);
    expect(seen.at(-1)).toBe('105a');
    nodes[1].setHead(block(98, 1, 90));
    await until(() => seen.at(-1) === '98b');
    await looks(nodes);
    await until(() =>
      chain.endpoints.health().every(({ state }, index) => state === (index === 2 ? 'behind' : 'good')),
    );
    expect(chain.endpoints.health()[2]!.reason).toBe('on a chain that the others have left');
    nodes[2].setHead(block(99, 1, 90));
    await until(() => seen.at(-1) === '99b');
    await until(() => chain.endpoints.health()[2]!.state === 'good');
  });

  test('go on without the one that gave them all', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    const { newHeads } = await open([first.wsUrl, second.url]);
    const { seen } = follow(newHeads);
    await until(() => first.subscriptions === 1);
    first.setHead(block(102));
    await until(() => seen.at(-1) === '102a');
    await first.stop();
    await looks([second]);
    expect(seen.at(-1)).toBe('102a');
    second.setHead(block(103));
    await until(() => seen.at(-1) === '103a');
  });
});

describe('heads of an anvil', () => {
  test.each(['http', 'ws', 'ipc'] as const)('come over %s as it mines', async (kind) => {
    const folder = await mkdtemp(join(tmpdir(), 'plimsoll-ipc-'));
    after.push(() => rm(folder, { recursive: true, force: true }));
    const path = join(folder, 'anvil.ipc');
    const anvil = await startAnvil({ ipc: path });
    after.push(() => anvil.stop());
    const { chain, newHeads } = await open([{ http: anvil.url, ws: anvil.wsUrl, ipc: path }[kind]]);
    const { heads, ended, stop } = follow(newHeads);
    const node = createTestClient({ mode: 'anvil', transport: nodeTransport(anvil.url) }).extend(publicActions);
    for (let number = 1n; number <= 5n; number++) {
      await until(() => heads.at(-1)?.number === number - 1n);
      await node.mine({ blocks: 1 });
    }
    await until(() => heads.at(-1)?.number === 5n);
    const newest = await node.getBlock();
    expect(heads.at(-1)).toEqual({
      number: newest.number,
      hash: newest.hash,
      parentHash: newest.parentHash,
      timestamp: newest.timestamp,
      gasLimit: newest.gasLimit,
      baseFeePerGas: newest.baseFeePerGas,
      logsBloom: newest.logsBloom,
    });
    expect(await chain.client.getBlockNumber({ cacheTime: 0 })).toBe(5n);
    stop.abort();
    await ended;
  });
});
