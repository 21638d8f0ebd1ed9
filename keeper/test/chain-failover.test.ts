import { createServer, type Server } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { type Chain, connect } from '../src/chain/client.ts';
import { followHeads } from '../src/triggers/heads.ts';
import { block, type ChainNode, startChainNode } from './support/chain-node.ts';
import { readableLog, until } from './support/log-lines.ts';

const HASH = `0x${'ab'.repeat(32)}` as const;
const ADDRESS = '0x00000000000000000000000000000000000000a1';
const error = (code: number, message: string, data?: unknown) => ({ error: { code, message, data } });

const nodes: ChainNode[] = [];
const chains: Chain[] = [];
const stops: AbortController[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0)) stop.abort();
  for (const chain of chains.splice(0)) chain.endpoints.close();
  for (const node of nodes.splice(0)) await node.stop();
});

async function start(count: number): Promise<ChainNode[]> {
  for (let n = 0; n < count; n++) nodes.push(await startChainNode());
  return nodes.slice(-count);
}

async function open(rpc: string[]) {
  const readable = await readableLog();
  const chain = await connect({ rpc, chain: undefined }, readable.log);
  chains.push(chain);
  return { chain, newHeads: followHeads(chain.endpoints, 20, readable.log), ...readable };
}

/** Follows the heads in the background, as the keeper does. */
function follow(newHeads: ReturnType<typeof followHeads>): string[] {
  const stop = new AbortController();
  stops.push(stop);
  const seen: string[] = [];
  void (async () => {
    for await (const head of newHeads(stop.signal)) seen.push(head.hash);
  })();
  return seen;
}

/** The nodes as they are asked now, the best first. */
function inOrder(chain: Chain, these: ChainNode[]): [ChainNode, ChainNode] {
  const order = chain.endpoints.ranked().map(({ endpoint }) => these.find(({ url }) => url === endpoint.shown)!);
  return order as [ChainNode, ChainNode];
}

const states = (chain: Chain) => chain.endpoints.health().map(({ state }) => state);
const balance = (chain: Chain) => chain.client.request({ method: 'eth_getBalance', params: [ADDRESS, 'latest'] });
const holds = (node: ChainNode, wei: string) => {
  node.answer = ({ method }) => (method === 'eth_getBalance' ? { result: wei } : undefined);
};

describe('a request', () => {
  const failures: Record<string, (node: ChainNode) => unknown> = {
    'does not listen': (node) => node.stop(),
    'answers 502': (node) => Object.assign(node, { status: 502 }),
    'answers 429': (node) => Object.assign(node, { status: 429 }),
    'refuses the key': (node) => Object.assign(node, { status: 401 }),
    'fails inside': (node) => Object.assign(node, { answer: () => error(-32_603, 'Internal error') }),
    'lacks the method': (node) => Object.assign(node, { answer: () => error(-32_601, 'no such method') }),
    'has not the block': (node) => Object.assign(node, { answer: () => error(-32_000, 'header not found') }),
    'has no state': (node) => Object.assign(node, { answer: () => error(-32_000, 'missing trie node 00') }),
  };

  test.each(Object.keys(failures))('goes to the next where an endpoint %s', async (name) => {
    const both = await start(2);
    const { chain } = await open(both.map(({ url }) => url));
    const [first, second] = inOrder(chain, both);
    holds(first, '0x1');
    holds(second, '0x2');
    expect(await balance(chain)).toBe('0x1');
    await failures[name]!(first);
    expect(await balance(chain)).toBe('0x2');
  });

  test('that the chain itself refuses is not asked of another', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    const { chain } = await open([first.url, second.url]);
    for (const node of [first, second]) {
      node.answer = ({ method }) => (method === 'eth_call' ? error(3, 'execution reverted', '0x08c379a0') : undefined);
    }
    await expect(chain.client.call({ to: ADDRESS })).rejects.toThrow('execution reverted');
    expect(first.count('eth_call') + second.count('eth_call')).toBe(1);
    expect(chain.endpoints.health().map(({ errors }) => errors)).toEqual([0, 0]);
  });

  test('for a block that only one endpoint has gets it there, and null where none has it', async () => {
    const both = await start(2);
    const { chain } = await open(both.map(({ url }) => url));
    const [first, second] = inOrder(chain, both);
    const byHash = () => chain.client.request({ method: 'eth_getBlockByHash', params: [HASH, false] });
    first.answer = ({ method }) => (method === 'eth_getBlockByHash' ? { result: null } : undefined);
    second.answer = ({ method }) => (method === 'eth_getBlockByHash' ? { result: block(7) } : undefined);
    expect(await byHash()).toEqual(block(7));
    second.answer = first.answer;
    expect(await byHash()).toBe(null);
  });

  test('for state at a block that comes a moment later is answered then', async () => {
    const [node] = (await start(1)) as [ChainNode];
    const { chain } = await open([node.url]);
    let asked = 0;
    node.answer = ({ method }) => {
      if (method !== 'eth_getBalance') return undefined;
      asked += 1;
      return asked < 3 ? error(-32_000, 'header not found') : { result: '0x5' };
    };
    expect(await balance(chain)).toBe('0x5');
    expect(chain.endpoints.health()[0]).toMatchObject({ state: 'good', errors: 0 });
  });

  test('to send a transaction that the endpoint took before it fell silent is not an error at the next', async () => {
    const both = await start(2);
    const { chain } = await open(both.map(({ url }) => url));
    const [first, second] = inOrder(chain, both);
    first.status = 504;
    second.answer = ({ method }) => (method === 'eth_sendRawTransaction' ? error(-32_000, 'already known') : undefined);
    const hash = await chain.client.request({ method: 'eth_sendRawTransaction', params: ['0x01'] });
    expect(hash).toBe('0x5fe7f977e71dba2ea1a68e21057beebb9be2ac30c6410aa38d4f3fbe41dcffd2');
    // Sent once, to one that has it already, it is.
    first.status = undefined;
    first.answer = second.answer;
    const again = chain.client.request({ method: 'eth_sendRawTransaction', params: ['0x01'] });
    await expect(again).rejects.toThrow('already known');
  });

  test('with no endpoint left fails with one line that says what is wrong with each, and works when one is back', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    const { chain } = await open([`${first.url}/secret-key-of-mine`, second.url]);
    await first.stop();
    await second.stop();
    const failure = await balance(chain).then(
      () => undefined,
      (reason: Error & { shortMessage: string }) => reason.shortMessage,
    );
    expect(failure).toMatch(
      new RegExp(
        `^no --rpc endpoint can be used: ${first.url}/… \\(.*ECONNREFUSED.*\\), ${second.url} \\(.*ECONNREFUSED.*\\)$`,
      ),
    );
    expect(failure).not.toContain('secret');
    expect(states(chain)).toEqual(['set aside', 'set aside']);
    holds(second, '0x9');
    await second.start();
    await until(() => states(chain)[1] === 'good');
    expect(await balance(chain)).toBe('0x9');
  });
});

describe('an endpoint', () => {
  test('that dies is set aside after failures, probed, and joins again; each is logged once', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    const { chain, said } = await open([first.url, second.url]);
    holds(second, '0x2');
    first.status = 503;
    for (let n = 0; n < 3; n++) await chain.endpoints.look(chain.endpoints.members[0]!).catch(() => {});
    expect(states(chain)).toEqual(['set aside', 'good']);
    const seen = first.asked.length;
    expect(await balance(chain)).toBe('0x2');
    expect(first.asked.length).toBe(seen);
    first.status = undefined;
    await until(() => states(chain)[0] === 'good');
    expect(said('endpoint is set aside').map(({ endpoint }) => endpoint)).toEqual([first.url]);
    expect(said('endpoint is back').map(({ endpoint }) => endpoint)).toEqual([first.url]);
    await second.stop();
    holds(first, '0x1');
    expect(await balance(chain)).toBe('0x1');
  });

  test('that is dead at the start joins when it answers', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    await first.stop();
    const { chain, said } = await open([first.url, second.url]);
    expect(states(chain)).toEqual(['set aside', 'good']);
    await first.start();
    await until(() => states(chain)[0] === 'good');
    expect(chain.endpoints.health()[0]!.head).toBe(100n);
    expect(said('endpoint is back')).toHaveLength(1);
    holds(first, '0x1');
    await second.stop();
    expect(await balance(chain)).toBe('0x1');
  });

  test('that comes up with another chain stays set aside until it has ours', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    await first.stop();
    first.chainId = 1;
    const { chain } = await open([first.url, second.url]);
    await first.start();
    const reason = () => chain.endpoints.health()[0]!.reason;
    await until(() => reason() === 'answers for chain 1 (Ethereum), not 31337 (Anvil)');
    holds(first, '0x1');
    holds(second, '0x2');
    expect(await balance(chain)).toBe('0x2');
    expect(first.count('eth_getBalance')).toBe(0);
    first.chainId = 31337;
    await until(() => states(chain)[0] === 'good');
  });

  test('of another chain at the start is an error', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    second.chainId = 1;
    await expect(open([first.url, second.url])).rejects.toThrow(
      `--rpc ${second.url} answers for chain 1 (Ethereum), but ${first.url} for 31337 (Anvil); change one`,
    );
  });

  test.each(['url', 'wsUrl'] as const)(
    'whose chain becomes another one is set aside until it has ours again: %s',
    async (kind) => {
      const [first, second] = (await start(2)) as [ChainNode, ChainNode];
      const { chain, newHeads } = await open([first[kind], second.url]);
      const seen = follow(newHeads);
      await until(() => seen.length === 1 && (kind === 'url' || first.subscriptions === 1));
      first.chainId = 1;
      first.setHead(block(20_000, 5));
      await until(() => states(chain)[0] === 'set aside');
      expect(chain.endpoints.health()[0]!.reason).toBe('answers for chain 1 (Ethereum), not 31337 (Anvil)');
      second.setHead(block(101));
      await until(() => seen.at(-1) === block(101).hash);
      first.chainId = 31337;
      first.setHead(block(102));
      await until(() => states(chain)[0] === 'good' && seen.at(-1) === block(102).hash);
      expect(seen).toEqual([block(100).hash, block(101).hash, block(102).hash]);
    },
  );

  test('20 blocks behind is not used until it has caught up', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    first.head = block(80);
    const { chain, newHeads, said } = await open([first.url, second.url]);
    expect(chain.endpoints.health()[0]).toMatchObject({
      state: 'behind',
      lag: 20,
      reason: '20 blocks behind',
      head: 80n,
    });
    const seen = follow(newHeads);
    holds(first, '0x1');
    holds(second, '0x2');
    for (let number = 81; number < 90; number++) {
      first.setHead(block(number));
      second.setHead(block(number + 20));
      await until(() => seen.at(-1) === block(number + 20).hash);
      expect(await balance(chain)).toBe('0x2');
    }
    expect(first.count('eth_getBalance')).toBe(0);
    expect(seen).not.toContain(block(89).hash);
    first.setHead(block(109));
    await until(() => states(chain)[0] === 'good');
    expect(said('endpoint is back').map(({ endpoint, was }) => [endpoint, was])).toHaveLength(1);
    await second.stop();
    expect(await balance(chain)).toBe('0x1');
  });

  test('whose newest block goes far back, alone, is not believed', async () => {
    const [first, second] = (await start(2)) as [ChainNode, ChainNode];
    const { chain, newHeads, said } = await open([first.url, second.url]);
    const seen = follow(newHeads);
    await until(() => seen.length === 1);
    first.setHead(block(3));
    await until(() => states(chain)[0] !== 'good');
    expect(said('endpoint is set aside')[0]).toMatchObject({
      endpoint: first.url,
      reason: 'its newest block went back from 100 to 3, alone',
    });
    second.setHead(block(101));
    await until(() => seen.at(-1) === block(101).hash);
    expect(seen).toEqual([block(100).hash, block(101).hash]);
  });

  test('says nothing of a key', async () => {
    const [first] = (await start(1)) as [ChainNode];
    const { chain } = await open([`${first.url}/v3/secret-key-of-mine`]);
    expect(chain.endpoints.health()[0]!.endpoint).toBe(`${first.url}/…`);
  });
});

describe('endpoints named twice', () => {
  test('are one', async () => {
    const [first] = (await start(1)) as [ChainNode];
    const { chain } = await open([first.url, first.url]);
    expect(chain.endpoints.health()).toHaveLength(1);
  });
});

test('a web page is no endpoint', async () => {
  const server: Server = createServer((_, response) => response.end('<html>hello</html>'));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const [node] = (await start(1)) as [ChainNode];
  const { chain } = await open([`http://127.0.0.1:${port}`, node.url]);
  expect(states(chain)).toEqual(['set aside', 'good']);
  server.close();
  server.closeAllConnections();
});
