import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/chain/client.ts';
import { followHeads } from '../../src/triggers/heads.ts';
import { type Answer, type Asked, type Block, block, type ChainNode, startChainNode } from '../support/chain-node.ts';
import { readableLog, until } from '../support/log-lines.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

const WRONG = 9;
/** The head as a node tells of it that reckons hashes of its own: parents are right. */
const untrue = (head: Block): Block => ({ ...head, hash: block(Number(head.number), WRONG).hash });
/** Knows blocks by their hash and by their number, up to its head. */
const chainOf =
  (node: ChainNode) =>
  (asked: Asked): Answer | undefined => {
    const [named] = asked.params as [string];
    const newest = Number(node.head.number);
    if (asked.method === 'eth_getBlockByNumber' && named.startsWith('0x')) {
      return { result: Number(named) <= newest ? block(Number(named)) : null };
    }
    if (asked.method !== 'eth_getBlockByHash') return undefined;
    const number = Number.parseInt(named.slice(34), 16);
    return { result: number <= newest && block(number).hash === named ? block(number) : null };
  };

async function start(): Promise<ChainNode> {
  const node = await startChainNode();
  node.answer = chainOf(node);
  after.push(node.stop);
  return node;
}

async function open(rpc: string[]) {
  const readable = await readableLog();
  const chain = await connect({ rpc, chain: undefined }, readable.log);
  after.push(() => chain.endpoints.close());
  const stop = new AbortController();
  after.push(() => stop.abort());
  const seen: string[] = [];
  void (async () => {
    for await (const head of followHeads(chain.endpoints, 10, readable.log)(stop.signal)) seen.push(head.hash);
  })();
  return { chain, seen, ...readable };
}

const POLLED = 'the endpoint tells of blocks that it does not have and is polled';
const hashes = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => block(from + index).hash);

/** Lets a node make blocks, each when the one before was seen. */
async function go(node: ChainNode, seen: readonly string[], from: number, to: number): Promise<void> {
  for (let number = from; number <= to; number++) {
    node.setHead(block(number));
    await until(() => seen.includes(block(number).hash));
  }
}

describe('heads that are pushed with hashes of no block', () => {
  test.each([
    ['a wrong one', untrue],
    ['none', ({ hash: _, ...head }: Block) => head as Block],
  ])('are not taken: the node is polled, and status says why: %s', async (_, told) => {
    const node = await start();
    node.told = told;
    const { chain, seen, said } = await open([node.wsUrl]);
    await until(() => node.subscriptions === 1);
    await go(node, seen, 101, 104);
    expect(seen).toEqual(hashes(100, 104));
    expect(said(POLLED)).toHaveLength(1);
    expect(node.subscriptions).toBe(1);
    expect(chain.endpoints.health()[0]).toMatchObject({
      state: 'good',
      abilities: { lacks: ['true hashes of new heads'] },
    });
  });

  test('beside a sound endpoint cost no head', async () => {
    const [liar, sound] = [await start(), await start()];
    liar.told = untrue;
    const { seen, said } = await open([liar.wsUrl, sound.wsUrl]);
    await until(() => liar.subscriptions === 1 && sound.subscriptions === 1);
    for (let number = 101; number <= 104; number++) {
      liar.setHead(block(number));
      await until(() => number > 101 || said(POLLED).length === 1);
      sound.setHead(block(number));
      await until(() => seen.includes(block(number).hash));
    }
    expect(seen).toEqual(hashes(100, 104));
  });

  test('after true ones cost one head', async () => {
    const node = await start();
    const { seen, said } = await open([node.wsUrl]);
    await until(() => node.subscriptions === 1);
    await go(node, seen, 101, 103);
    node.told = untrue;
    node.setHead(block(104));
    await until(() => seen.includes(block(104, WRONG).hash));
    await go(node, seen, 105, 107);
    expect(seen).toEqual([...hashes(100, 103), block(104, WRONG).hash, ...hashes(105, 107)]);
    expect(said(POLLED)).toHaveLength(1);
  });
});

describe('heads that are pushed with true hashes', () => {
  test('are looked up once, and then known by the one before', async () => {
    const node = await start();
    const { chain, seen } = await open([node.wsUrl]);
    await until(() => node.subscriptions === 1);
    await go(node, seen, 101, 110);
    expect(node.count('eth_getBlockByHash')).toBe(1);
    expect(chain.endpoints.health()[0]!.abilities.has).toEqual(['true hashes of new heads']);
  });

  test('are taken though the node knows the block a moment later only', async () => {
    const node = await start();
    const { seen } = await open([node.wsUrl]);
    await until(() => node.subscriptions === 1);
    const knows = chainOf(node);
    node.answer = (asked) => {
      const late = asked.method.startsWith('eth_getBlockBy') && asked.params[0] !== 'latest';
      return late && node.count('eth_getBlockByHash') < 3 ? { result: null } : knows(asked);
    };
    await go(node, seen, 101, 103);
    expect(seen).toEqual(hashes(100, 103));
  });

  test('are taken of a node that cannot be asked for them', async () => {
    const node = await start();
    node.answer = () => undefined;
    const { seen } = await open([node.wsUrl]);
    await until(() => node.subscriptions === 1);
    await go(node, seen, 101, 103);
    expect(seen).toEqual(hashes(100, 103));
  });
});
