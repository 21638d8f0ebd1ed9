import { createPublicClient, createWalletClient, type Hex, keccak256 } from 'viem';
import { privateKeyToAccount } from 'viem/accounts';
import { afterEach, describe, expect, test } from 'vitest';
import { nodeTransport, startAnvil } from '../../test-fork/lab/node.ts';
import { getBlockLogs } from '../src/chain/block-logs.ts';
import { type Chain, connect } from '../src/chain/client.ts';
import { followHeads } from '../src/triggers/heads.ts';
import { block, type ChainNode, startChainNode } from './support/chain-node.ts';
import { readableLog } from './support/log-lines.ts';
import { ADDRESS, error, logAt, openChain, TOPIC } from './support/transfer-logs.ts';

const after: (() => unknown)[] = [];
afterEach(async () => {
  for (const undo of after.splice(0).reverse()) await undo();
});

/** A bloom with the bits of these values, as the yellow paper has it. */
function bloomOf(values: Hex[]): Hex {
  let bits = 0n;
  for (const value of values) {
    const hash = keccak256(value).slice(2);
    for (const at of [0, 4, 8]) bits |= 1n << (BigInt(`0x${hash.slice(at, at + 4)}`) & 2_047n);
  }
  return `0x${bits.toString(16).padStart(512, '0')}`;
}

describe('the logs of a block', () => {
  const head = { hash: block(100).hash, logsBloom: bloomOf([ADDRESS, TOPIC]) };
  const filter = { addresses: [ADDRESS], topics: [TOPIC] } as const;
  const gives = (node: ChainNode, logs: unknown[]) => {
    node.answer = ({ method }) => (method === 'eth_getLogs' ? { result: logs } : undefined);
  };

  async function startNodes(count: number): Promise<{ nodes: ChainNode[]; chain: Chain; ranked: ChainNode[] }> {
    const nodes = await Promise.all(Array.from({ length: count }, () => startChainNode()));
    after.push(...nodes.map(({ stop }) => stop));
    const chain = await openChain(nodes, after);
    const ranked = chain.endpoints.ranked().map(({ endpoint }) => nodes.find(({ url }) => url === endpoint.shown)!);
    return { nodes, chain, ranked };
  }
  const asked = (node: ChainNode) => node.count('eth_getLogs');

  test('are asked for once, by its hash, where there are some', async () => {
    const { chain, ranked } = await startNodes(2);
    for (const node of ranked) gives(node, [logAt(100), logAt(100, 1)]);
    const logs = await getBlockLogs(chain, head, filter);
    expect(logs.map(({ logIndex, blockNumber }) => [logIndex, blockNumber])).toEqual([
      [0, 100n],
      [1, 100n],
    ]);
    expect(ranked.map(asked)).toEqual([1, 0]);
    expect(ranked[0]!.asked.at(-1)!.params).toEqual([{ blockHash: head.hash, address: [ADDRESS], topics: [[TOPIC]] }]);
  });

  test('that one endpoint lacks are found at another, and the first is charged', async () => {
    const { chain, ranked, nodes } = await startNodes(2);
    gives(ranked[1]!, [logAt(100)]);
    expect(await getBlockLogs(chain, head, filter)).toHaveLength(1);
    expect(ranked.map(asked)).toEqual([1, 1]);
    const charged = nodes.indexOf(ranked[0]!);
    expect(chain.endpoints.health().map(({ errors }) => errors)).toEqual(
      [0, 1].map((_, index) => Number(index === charged)),
    );
  });

  test('are none when two say so', async () => {
    const { chain, ranked } = await startNodes(3);
    expect(await getBlockLogs(chain, head, filter)).toEqual([]);
    expect(ranked.map(asked)).toEqual([1, 1, 0]);
    expect(chain.endpoints.health().map(({ errors }) => errors)).toEqual([0, 0, 0]);
  });

  test('are asked for once more where there is one endpoint', async () => {
    const { chain, ranked } = await startNodes(1);
    ranked[0]!.answer = ({ method }) =>
      method === 'eth_getLogs' ? { result: asked(ranked[0]!) < 2 ? [] : [logAt(100)] } : undefined;
    expect(await getBlockLogs(chain, head, filter)).toHaveLength(1);
  });

  test.each([
    ['the address', [TOPIC]],
    ['the topic', [ADDRESS]],
  ] as [string, Hex[]][])('are none where the bloom lacks %s, on the word of one', async (_, values) => {
    const { chain, ranked } = await startNodes(2);
    expect(await getBlockLogs(chain, { ...head, logsBloom: bloomOf(values) }, filter)).toEqual([]);
    expect(ranked.map(asked)).toEqual([1, 0]);
  });

  test('are none where the bloom has the address of one who asks and the topic of another, on the word of one', async () => {
    const { chain, ranked } = await startNodes(2);
    const [other, event]: [Hex, Hex] = ['0x00000000000000000000000000000000000000b2', `0x${'07'.repeat(32)}`];
    const parts = [filter, { addresses: [other], topics: [event] }];
    const union = { addresses: [ADDRESS, other], topics: [TOPIC, event] } as const;
    const mixed = { ...head, logsBloom: bloomOf([ADDRESS, event]) };
    expect(await getBlockLogs(chain, mixed, union, parts)).toEqual([]);
    expect(ranked.map(asked)).toEqual([1, 0]);
    expect(await getBlockLogs(chain, head, union, parts)).toEqual([]);
    expect(ranked.map(asked)).toEqual([2, 1]);
  });

  test('are asked of another where the first does not know the block', async () => {
    const { chain, ranked } = await startNodes(2);
    ranked[0]!.answer = ({ method }) => (method === 'eth_getLogs' ? error('unknown block', -32_000) : undefined);
    gives(ranked[1]!, [logAt(100)]);
    expect(await getBlockLogs(chain, head, filter)).toHaveLength(1);
    ranked[1]!.answer = ranked[0]!.answer;
    // It is asked for until there is a newer head.
    const failed = expect(getBlockLogs(chain, head, filter)).rejects.toThrow('unknown block');
    for (const node of ranked) node.setHead(block(101));
    await chain.endpoints.look(chain.endpoints.members[0]!);
    await failed;
  });

  test('of another block are not taken for its own', async () => {
    const { chain, ranked } = await startNodes(1);
    gives(ranked[0]!, [logAt(99)]);
    await expect(getBlockLogs(chain, head, filter)).rejects.toThrow(`gave some of ${block(99).hash}`);
  });

  test('are found on an anvil, whose bloom says so', async () => {
    const anvil = await startAnvil();
    after.push(() => anvil.stop());
    const { log } = await readableLog();
    const chain = await connect({ rpc: [anvil.url], chain: undefined }, log);
    const account = privateKeyToAccount('0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80');
    const wallet = createWalletClient({ account, transport: nodeTransport(anvil.url) });
    const client = createPublicClient({ transport: nodeTransport(anvil.url) });
    // LOG1 with the topic, from a constructor.
    const hash = await wallet.sendTransaction({ chain: null, data: `0x7f${TOPIC.slice(2)}5f5fa1` });
    const { contractAddress, blockHash } = await client.waitForTransactionReceipt({ hash });
    const stop = new AbortController();
    for await (const found of followHeads(chain.endpoints, undefined, log)(stop.signal)) {
      expect(found.hash).toBe(blockHash);
      expect(found.logsBloom).toBe(bloomOf([contractAddress!, TOPIC]));
      const logs = await getBlockLogs(chain, found, { addresses: [contractAddress!], topics: [TOPIC] });
      expect(logs).toMatchObject([{ topics: [TOPIC], blockHash, transactionHash: hash, logIndex: 0 }]);
      stop.abort();
    }
  });
});
