import {
  createPublicClient,
  createTestClient,
  custom,
  http,
  type PublicClient,
  parseAbiItem,
  RpcRequestError,
} from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, startAnvil } from '../../test-fork/lab/node.ts';
import { birthBlock } from '../src/chain/birth.ts';
import { connect } from '../src/chain/client.ts';
import { type Head, heads } from '../src/chain/heads.ts';
import { getLogsInRanges } from '../src/chain/logs.ts';
import { createLogger } from '../src/telemetry/log.ts';
import { closedPort } from './support/cli.ts';

const TRANSFER = parseAbiItem('event Transfer(address indexed from, address indexed to, uint256 value)');
const ADDRESS = '0x00000000000000000000000000000000000000A1';
const silentLog = await createLogger({ format: 'json', level: 'silent' });

let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil();
});
afterAll(() => anvil?.stop());

type Filter = { fromBlock: string; toBlock: string };

/** A node with one log in each block that answers, or refuses, as `answer` says. */
function logNode(refuse: (from: number, to: number, call: number) => string | undefined) {
  const asked: [from: number, to: number][] = [];
  const request = async ({ params }: { params: [Filter] }) => {
    const [from, to] = [Number(params[0].fromBlock), Number(params[0].toBlock)];
    asked.push([from, to]);
    const message = refuse(from, to, asked.length);
    if (message) throw new RpcRequestError({ body: {}, error: { code: -32005, message }, url: 'http://node' });
    return Array.from({ length: to - from + 1 }, (_, offset) => ({
      address: ADDRESS,
      topics: [],
      data: '0x',
      blockNumber: `0x${(from + offset).toString(16)}`,
      logIndex: '0x0',
    }));
  };
  return { client: createPublicClient({ transport: custom({ request }) }), asked };
}

async function collect(client: PublicClient, range: number, toBlock = 99n, signal?: AbortSignal) {
  const blocks: bigint[] = [];
  const progress: [bigint, number][] = [];
  const query = { address: ADDRESS, events: [TRANSFER], fromBlock: 0n, toBlock, range } as const;
  const onProgress = ({ block, logs }: { block: bigint; logs: number }) => progress.push([block, logs]);
  for await (const { logs } of getLogsInRanges(client, { ...query, onProgress, ...(signal ? { signal } : {}) })) {
    blocks.push(...logs.map(({ blockNumber }) => blockNumber));
  }
  return { blocks, progress };
}

const everyBlock = Array.from({ length: 100 }, (_, block) => BigInt(block));

describe('log ranges', () => {
  test('cover each block once, in order, and tell how far they are', async () => {
    const { client, asked } = logNode(() => undefined);
    const { blocks, progress } = await collect(client, 40);
    expect(blocks).toEqual(everyBlock);
    expect(asked).toEqual([
      [0, 39],
      [40, 79],
      [80, 99],
    ]);
    expect(progress).toEqual([
      [39n, 40],
      [79n, 80],
      [99n, 100],
    ]);
  });

  test.each([
    'query returned more than 10000 results',
    'block range is too wide',
    'Log response size exceeded.',
    'exceed maximum block range: 5000',
    'eth_getLogs is limited to a 1000 block range',
    'query timeout exceeded',
    'Request Entity Too Large: 413',
  ])('are halved on "%s" and grow again', async (message) => {
    const { client, asked } = logNode((from, to) => (from < 20 && to - from >= 12 ? message : undefined));
    expect((await collect(client, 40)).blocks).toEqual(everyBlock);
    expect(asked).toEqual([
      [0, 39],
      [0, 19],
      [0, 9],
      [10, 29],
      [10, 19],
      [20, 39],
      [40, 79],
      [80, 99],
    ]);
  });

  test('are asked for again after another error, at the same length', async () => {
    const { client, asked } = logNode((_, __, call) => (call === 1 ? '429 Too Many Requests' : undefined));
    expect((await collect(client, 100)).blocks).toEqual(everyBlock);
    expect(asked).toEqual([
      [0, 99],
      [0, 99],
    ]);
  });

  test('end with the error when one block is too many', async () => {
    const { client, asked } = logNode(() => 'too many results');
    await expect(collect(client, 4)).rejects.toThrow('too many results');
    expect(asked).toEqual([
      [0, 3],
      [0, 1],
      [0, 0],
    ]);
  });

  test('end when aborted', async () => {
    const { client, asked } = logNode(() => undefined);
    await expect(collect(client, 4, 99n, AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
    expect(asked).toEqual([]);
  });
});

describe('the block a contract was born in', () => {
  test('is found', async () => {
    const chain = createTestClient({ mode: 'anvil', transport: http(anvil.url) });
    const client = createPublicClient({ transport: http(anvil.url) });
    // setCode changes the state of the newest block.
    await chain.mine({ blocks: 37 });
    await chain.setCode({ address: ADDRESS, bytecode: '0x00' });
    await chain.mine({ blocks: 20 });
    expect(await birthBlock(client, ADDRESS)).toEqual({ block: 37n });
    expect(await birthBlock(client, '0x00000000000000000000000000000000000000b2')).toEqual({
      reason: 'there is no code at 0x00000000000000000000000000000000000000b2',
    });
  });

  test('is not guessed where the endpoint has no old state', async () => {
    const request = async ({ params }: { params: [string, string] }) => {
      if (Number(params[1]) >= 900) return '0x00';
      throw new RpcRequestError({ body: {}, error: { code: 3, message: 'missing trie node' }, url: 'http://node' });
    };
    const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }) });
    const birth = await birthBlock(client, ADDRESS, 1_000n);
    expect(birth.block).toBeUndefined();
    expect(birth.reason).toContain('the endpoint has no old state: ');
    expect(birth.reason).toContain('missing trie node');
  });
});

describe('heads', () => {
  const block = (number: number, fork = 0) => ({
    number: `0x${number.toString(16)}`,
    hash: `0x${String(fork).repeat(32)}${String(number).padStart(32, '0')}`,
    parentHash: `0x${'0'.repeat(64)}`,
    timestamp: '0x64',
    baseFeePerGas: '0x7',
    transactions: [],
  });

  /** The numbers of the heads that come of these answers, one a look. */
  async function seen(answers: (ReturnType<typeof block> | Error)[], busy?: (head: Head) => void): Promise<string[]> {
    const stop = new AbortController();
    let look = 0;
    const request = async () => {
      const answer = answers[look++];
      if (answer === undefined) stop.abort();
      if (answer instanceof Error) throw answer;
      return answer ?? answers.findLast((earlier) => !(earlier instanceof Error));
    };
    const client = createPublicClient({ transport: custom({ request }, { retryCount: 0 }), cacheTime: 0 });
    const found: string[] = [];
    for await (const head of heads(client, { pollingInterval: 1, signal: stop.signal, log: silentLog })) {
      found.push(`${head.number}${head.hash.slice(2, 3)}`);
      busy?.(head);
    }
    expect(look).toBeGreaterThan(answers.length);
    return found;
  }

  test('come once each, the newest only, and another block of the same height too', async () => {
    expect(await seen([block(1), block(1), block(5), block(5, 1), block(6)])).toEqual(['10', '50', '51', '60']);
  });

  test('go on after errors', async () => {
    expect(await seen([block(1), new Error('down'), new Error('down'), block(2)])).toEqual(['10', '20']);
  });

  test('a lagging endpoint is passed over, a chain that became shorter is not', async () => {
    expect(await seen([block(5), block(4), block(5), block(6)])).toEqual(['50', '60']);
    expect(await seen([block(5), block(3), block(3), block(3), block(4)])).toEqual(['50', '30', '40']);
  });

  test('carry what a plan needs', async () => {
    const all: Head[] = [];
    await seen([block(9)], (head) => all.push(head));
    const { hash, parentHash } = block(9);
    expect(all).toEqual([{ number: 9n, hash, parentHash, timestamp: 100n, baseFeePerGas: 7n }]);
  });
});

describe('the connection', () => {
  test('says which chain it is, and whether Multicall3 is there', async () => {
    const chain = await connect({ rpc: [anvil.url], chain: undefined }, silentLog);
    expect(chain).toMatchObject({ id: 31337, shown: '31337 (Anvil)', nativeSymbol: 'ETH', hasMulticall3: false });
    expect(chain.definition.contracts).toBeUndefined();
    const node = createTestClient({ mode: 'anvil', transport: http(anvil.url) });
    await node.setCode({ address: '0xcA11bde05977b3631167028862bE2a173976CA11', bytecode: '0x00' });
    const again = await connect({ rpc: [anvil.url], chain: 31337 }, silentLog);
    expect(again.hasMulticall3).toBe(true);
    expect(again.definition.contracts?.multicall3?.address).toBe('0xcA11bde05977b3631167028862bE2a173976CA11');
  });

  test('works over a socket', async () => {
    const chain = await connect({ rpc: [anvil.wsUrl], chain: undefined }, silentLog);
    expect(await chain.client.getChainId()).toBe(31337);
  });

  test('leaves an endpoint out that does not answer, with a warning', async () => {
    const said: string[] = [];
    const log = await createLogger(
      { format: 'json', level: 'info' },
      { write: (line) => said.push(JSON.parse(line).msg) },
    );
    const chain = await connect({ rpc: [`http://127.0.0.1:${await closedPort()}`, anvil.url], chain: undefined }, log);
    expect(await chain.client.getChainId()).toBe(31337);
    expect(said).toEqual(['endpoint does not answer and is left out']);
  });
});
