import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Chain } from '../src/chain/client.ts';
import { getLogsInRanges, type LogProgress, type LogQuery, type LogRange } from '../src/chain/logs.ts';
import { type Answer, block, type ChainNode, startChainNode } from './support/chain-node.ts';
import { ADDRESS, error, logAt, openChain, TOPIC, TRANSFER } from './support/transfer-logs.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

type Asked = { from: number; to: number; size: number; call: number };

/** A node with one log in each block of 10,000 that gives them, or what `refuse` says. */
async function logNode(refuse: (asked: Asked, node: ChainNode) => Answer | undefined = () => undefined) {
  const node = await startChainNode(block(10_000));
  after.push(node.stop);
  const asked: [from: number, to: number][] = [];
  node.answer = ({ method, params }) => {
    if (method !== 'eth_getLogs') return undefined;
    const { fromBlock, toBlock } = params[0] as { fromBlock: string; toBlock: string };
    const [from, to] = [Number(fromBlock), Number(toBlock)];
    asked.push([from, to]);
    const refused = refuse({ from, to, size: to - from + 1, call: asked.length }, node);
    return refused ?? { result: Array.from({ length: to - from + 1 }, (_, offset) => logAt(from + offset)) };
  };
  const chain = await openChain([node], after);
  return { node, chain, asked, sizes: () => asked.map(([from, to]) => to - from + 1) };
}

/** Reads a search to its end and checks that each block came once, in order. */
async function search(
  chain: Pick<Chain, 'client'>,
  options: Partial<LogQuery> & { range: number },
): Promise<LogRange[]> {
  const query = { address: ADDRESS, events: [TRANSFER], fromBlock: 0n, toBlock: 99n, ...options } as const;
  const ranges: LogRange[] = [];
  for await (const range of getLogsInRanges(chain.client, query)) ranges.push(range);
  let next = query.fromBlock;
  for (const { fromBlock, toBlock, logs } of ranges) {
    expect(fromBlock).toBe(next);
    expect(logs.map(({ blockNumber }) => blockNumber)).toEqual(
      Array.from({ length: Number(toBlock - fromBlock) + 1 }, (_, offset) => fromBlock + BigInt(offset)),
    );
    next = toBlock + 1n;
  }
  expect(next).toBe(query.toBlock + 1n);
  return ranges;
}

describe('a search for logs', () => {
  test('covers each block once, in order, and tells how far it is', async () => {
    const { chain, asked } = await logNode();
    const told: LogProgress[] = [];
    const ranges = await search(chain, { range: 40, onProgress: (progress) => told.push(progress) });
    expect(ranges.map(({ fromBlock, toBlock }) => [fromBlock, toBlock])).toEqual([
      [0n, 39n],
      [40n, 79n],
      [80n, 99n],
    ]);
    expect(asked.toSorted(([a], [b]) => a - b)).toEqual([
      [0, 39],
      [40, 79],
      [80, 99],
    ]);
    expect(told.map(({ block, toBlock, blocks, logs }) => [block, toBlock, blocks, logs])).toEqual([
      [39n, 99n, 40, 40],
      [79n, 99n, 80, 80],
      [99n, 99n, 100, 100],
    ]);
    expect(told[0]!.rate).toBeGreaterThan(0);
    expect(told[0]!.eta).toBeCloseTo(60 / told[0]!.rate);
    expect(told[2]!.eta).toBe(0);
  });

  test('gives logs as the node has them, numbers read', async () => {
    const { chain } = await logNode();
    const [range] = await search(chain, { range: 10, fromBlock: 7n, toBlock: 7n });
    expect(range!.logs).toEqual([
      {
        address: ADDRESS,
        topics: [TOPIC],
        data: '0x',
        blockNumber: 7n,
        blockHash: block(7).hash,
        transactionHash: `0x${'11'.repeat(32)}`,
        logIndex: 0,
      },
    ]);
  });

  test('of no blocks asks nothing', async () => {
    const { chain, asked } = await logNode();
    expect(await search(chain, { range: 10, fromBlock: 5n, toBlock: 4n })).toEqual([]);
    expect(asked).toEqual([]);
  });

  test('can be taken up where a reader stopped', async () => {
    const { chain } = await logNode();
    const query = { address: ADDRESS, events: [TRANSFER], fromBlock: 0n, toBlock: 99n, range: 10 } as const;
    for await (const { toBlock } of getLogsInRanges(chain.client, query)) if (toBlock === 29n) break;
    expect((await search(chain, { range: 10, fromBlock: 30n }))[0]!.fromBlock).toBe(30n);
  });

  test('asks for several ranges at a time, but not ahead of a reader without end', async () => {
    const { chain, asked } = await logNode();
    const query = { address: ADDRESS, events: [TRANSFER], fromBlock: 0n, toBlock: 9_999n, range: 1 } as const;
    const ranges = getLogsInRanges(chain.client, query);
    await ranges.next();
    for (let before = 0; before < 5 || before !== asked.length; ) {
      before = asked.length;
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
    expect(asked.length).toBeGreaterThan(4);
    expect(asked.length).toBeLessThanOrEqual(65);
    await ranges.return();
  });

  test('halves a range that is refused, and asks for longer ones again', async () => {
    const refuse = ({ from, size }: Asked) => (from < 500 && size > 12 ? error('block range is too wide') : undefined);
    const { chain, sizes } = await logNode(refuse);
    await search(chain, { range: 40, toBlock: 4_999n });
    expect(Math.max(...sizes())).toBe(40);
    expect(sizes()).toEqual(expect.arrayContaining([40, 20, 10]));
    // Where it is allowed, the range is back at its longest for most of the way.
    expect(sizes().filter((size) => size === 40).length).toBeGreaterThan(80);
  });

  test('goes past a length that was refused only after many have gone well', async () => {
    const { chain, asked, sizes } = await logNode(({ size }) =>
      size > 30 ? error('query returned more than 10000 results') : undefined,
    );
    await search(chain, { range: 40, toBlock: 1_999n });
    const refused = sizes().filter((size) => size > 30).length;
    expect(asked.length - refused).toBeGreaterThanOrEqual(100);
    expect(refused).toBeGreaterThan(4);
    expect(refused).toBeLessThan(4 * 8);
  });

  test('takes the range that the node proposes', async () => {
    const { chain, sizes } = await logNode(({ from, size }) => {
      const to = `0x${(from + 24).toString(16)}`;
      const range = `[0x${from.toString(16)}, ${to}]`;
      return size > 25
        ? error(`query returned more than 10000 results. Try with this block range ${range}.`)
        : undefined;
    });
    await search(chain, { range: 100, toBlock: 399n });
    expect(sizes().filter((size) => size > 25)).toEqual([100, 100, 100, 100]);
    expect(new Set(sizes())).toEqual(new Set([100, 25]));
  });

  test('takes the number of blocks that the node names, and keeps to it', async () => {
    const { chain, sizes } = await logNode(({ size }) =>
      size > 25 ? error('eth_getLogs is limited to a 25 block range', -32_614) : undefined,
    );
    await search(chain, { range: 100, toBlock: 1_999n });
    expect(sizes().filter((size) => size > 25)).toEqual([100, 100, 100, 100]);
    expect(new Set(sizes())).toEqual(new Set([100, 25]));
  });

  test('shortens a range for which the answer is too large for the gateway', async () => {
    const { chain, node, sizes } = await logNode();
    node.status = ({ params }) => {
      const { fromBlock, toBlock } = (params[0] ?? {}) as { fromBlock?: string; toBlock?: string };
      return Number(toBlock) - Number(fromBlock) >= 12 ? 413 : undefined;
    };
    await search(chain, { range: 40 });
    expect(Math.max(...sizes())).toBe(10);
    expect(chain.endpoints.health()[0]).toMatchObject({ state: 'good', errors: 0 });
  });

  test('says in one line which block alone is too much, and what to do', async () => {
    const { chain, asked } = await logNode(({ from, to }) =>
      from <= 5 && to >= 5 ? error('Log response size exceeded.') : undefined,
    );
    const found = search(chain, { range: 8, toBlock: 7n });
    await expect(found).rejects.toThrow(
      /^the logs of block 5 alone are refused as too many: use another --rpc endpoint/,
    );
    expect(asked).toContainEqual([5, 5]);
  });

  test('asks another endpoint for a block that one refuses', async () => {
    const refusing = await logNode(({ size }) => (size >= 1 ? error('Log response size exceeded.') : undefined));
    const { node } = await logNode(({ size }) => (size > 1 ? error('Log response size exceeded.') : undefined));
    const chain = await openChain([refusing.node, node], after);
    await search(chain, { range: 4, toBlock: 3n });
  });

  test('tries again after a failure', async () => {
    const { chain, asked } = await logNode(({ call }) => (call === 1 ? error('Internal error', -32_603) : undefined));
    await search(chain, { range: 100 });
    expect(asked).toEqual([
      [0, 99],
      [0, 99],
    ]);
  });

  test('outlives the only endpoint, and does not ask for less because it was gone', async () => {
    const { chain, node, sizes } = await logNode();
    const query = { address: ADDRESS, events: [TRANSFER], fromBlock: 0n, toBlock: 4_999n, range: 10 } as const;
    let blocks = 0;
    for await (const { fromBlock, logs } of getLogsInRanges(chain.client, query)) {
      blocks += logs.length;
      if (fromBlock !== 0n) continue;
      await node.stop();
      expect(await chain.client.getChainId().catch(({ shortMessage }) => shortMessage)).toMatch(/^no --rpc endpoint/);
      setTimeout(node.start, 500);
    }
    expect(blocks).toBe(5_000);
    expect(new Set(sizes())).toEqual(new Set([10]));
  });

  test('asks more and more at a time, half as much when asked too often, and never for less', async () => {
    const opens: number[] = [];
    // By then it asks for 16 at a time, the most.
    const refused = 200;
    const { chain, node, sizes } = await logNode(({ call }, one) => {
      opens.push(one.open);
      return call === refused ? error('Your app has exceeded its compute units per second capacity', 429) : undefined;
    });
    node.delay = 50;
    await search(chain, { range: 10, toBlock: 2_999n });
    expect(new Set(sizes())).toEqual(new Set([10]));
    expect(sizes()).toHaveLength(301);
    expect(Math.max(...opens.slice(0, 4))).toBeLessThanOrEqual(4);
    const before = Math.max(...opens.slice(0, refused));
    expect(before).toBeGreaterThan(8);
    expect(before).toBeLessThanOrEqual(16);
    // All that was on its way is answered before the next is asked for.
    const resumed = opens.indexOf(1, refused);
    expect(resumed).toBeGreaterThan(0);
    // Half of 16, and one more for the round that still was on its way and went well.
    expect(Math.max(...opens.slice(resumed, resumed + 11))).toBeLessThanOrEqual(16 / 2 + 1);
    expect(Math.max(...opens)).toBeLessThanOrEqual(16);
  });

  test('goes on after a pause that is over between two looks at the clock', async () => {
    const { chain, node } = await logNode();
    // A clock that is now and then a pause ahead: one look finds the pause on, the next finds it over.
    const random = randomFrom(1);
    const real = Date.now;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => real() + (random() < 0.5 ? 0 : 300));
    after.push(() => clock.mockRestore());
    let refused = 0;
    node.status = () => (refused++ % 4 === 0 && refused < 40 ? 429 : undefined);
    await search(chain, { range: 10, toBlock: 499n });
    expect(refused).toBeGreaterThan(50);
  });

  test('waits as long as Retry-After says', async () => {
    const { chain, node, asked } = await logNode();
    let began = 0;
    node.status = () => {
      if (began > 0) return undefined;
      began = performance.now();
      return 429;
    };
    node.headers = { 'Retry-After': '1' };
    await search(chain, { range: 100 });
    expect(asked).toEqual([[0, 99]]);
    expect(performance.now() - began).toBeGreaterThanOrEqual(990);
  });

  test('does not take an endpoint that has not got so far for one without logs', async () => {
    const { node, chain, asked } = await logNode();
    node.head = block(9_990);
    await chain.endpoints.look(chain.endpoints.members[0]!);
    await chain.endpoints.look(chain.endpoints.members[0]!);
    await chain.endpoints.look(chain.endpoints.members[0]!);
    const found = search(chain, { range: 10, fromBlock: 9_985n, toBlock: 9_994n });
    setTimeout(() => node.setHead(block(9_994)), 300);
    await found;
    expect(asked).toEqual([[9_985, 9_994]]);
  });

  test('ends when aborted, before and while it asks', async () => {
    const { chain, node, asked } = await logNode();
    const aborted = AbortSignal.abort(new Error('stop'));
    await expect(search(chain, { range: 4, signal: aborted })).rejects.toThrow('stop');
    expect(asked).toEqual([]);
    const stop = new AbortController();
    node.silent = true;
    setTimeout(() => stop.abort(new Error('stop now')), 50);
    await expect(search(chain, { range: 4, signal: stop.signal })).rejects.toThrow('stop now');
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])('is whole and in order whatever fails: seed %i', async (seed) => {
    const random = randomFrom(seed);
    const limit = 5 + Math.floor(random() * 60);
    const { chain, node } = await logNode(({ from, size, call }) => {
      const dice = random();
      if (size > limit) {
        const to = (from + limit - 1).toString(16);
        if (dice < 0.3) return error(`Try with this block range [0x${from.toString(16)}, 0x${to}].`);
        return error(
          dice < 0.6 ? `eth_getLogs is limited to a ${limit} range` : 'query returned more than 10000 results',
        );
      }
      if (call > 400 || dice > 0.1) return undefined;
      if (dice < 0.04) return error('Too many requests', 429);
      return dice < 0.08 ? error('query timeout exceeded') : error('Internal error', -32_603);
    });
    expect(node.head.number).toBe('0x2710');
    await search(chain, {
      range: 20 + Math.floor(random() * 200),
      toBlock: BigInt(500 + Math.floor(random() * 1_500)),
    });
  });
});

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
