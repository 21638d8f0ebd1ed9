import { createPublicClient, custom, type Hex, numberToHex } from 'viem';
import { describe, expect, test } from 'vitest';
import { birthBlock } from '../src/chain/birth.ts';

const MARKET = '0x00000000000000000000000000000000000000a1';
const TOKEN = '0x00000000000000000000000000000000000000b2';
const LATEST = 1_000n;

/** What there is on a chain: when contracts were created, and who logged when. */
type History = { born: Record<string, number>; logs: [address: string, block: number][] };
/** A node of that chain: below `pruned` it says that there is nothing; it takes so many blocks a search. */
type Node = { pruned?: number; range?: number };

function clientOf({ born, logs }: History, { pruned = 0, range = 10_000 }: Node = {}) {
  const asked: string[] = [];
  const request = async ({ method, params }: { method: string; params: unknown }) => {
    asked.push(method);
    if (method === 'eth_getCode') {
      const [address, block] = params as [string, Hex];
      const from = born[address.toLowerCase()];
      return from !== undefined && Number(block) >= Math.max(from, pruned) ? '0x01' : '0x';
    }
    const { address, fromBlock, toBlock } = (params as [{ address?: string; fromBlock: Hex; toBlock: Hex }])[0];
    const [from, to] = [Number(fromBlock), Number(toBlock)];
    if (to - from + 1 > range) throw new Error('block range too large');
    const fits = logs.filter(([by, block]) => block >= from && block <= to && (!address || by === address));
    return fits.map(([by, block]) => ({
      address: by,
      topics: [],
      data: '0x',
      blockNumber: numberToHex(block),
      logIndex: '0x0',
    }));
  };
  return { client: createPublicClient({ transport: custom({ request }, { retryCount: 0 }) }), asked };
}

describe('the block a contract was created in', () => {
  const history: History = {
    born: { [MARKET]: 40, [TOKEN]: 2 },
    logs: [
      [TOKEN, 38],
      [MARKET, 700],
      [TOKEN, 899],
    ],
  };

  test('is believed where somebody who logged before has code there', async () => {
    expect(await birthBlock(clientOf(history).client, MARKET, LATEST)).toEqual({ block: 40n });
  });

  test('is not after a log of the contract: old state that is answered with nothing is not believed', async () => {
    const { client } = clientOf(history, { pruned: 900 });
    const { block, reason } = await birthBlock(client, MARKET, LATEST);
    expect(block).toBeUndefined();
    expect(reason).toBe(`the endpoint gives no code at ${MARKET} before block 900, but a log of block 700`);
  });

  test('is not believed either where another contract logged of which it gives no code', async () => {
    const silent: History = { ...history, logs: [[TOKEN, 899]] };
    const { block, reason } = await birthBlock(clientOf(silent, { pruned: 900, range: 16 }).client, MARKET, LATEST);
    expect(block).toBeUndefined();
    expect(reason).toBe(`the endpoint gives no code at ${TOKEN} in block 899, but a log of it`);
  });

  test('is believed where who logged before has destroyed itself since', async () => {
    const gone: History = { born: { [MARKET]: 40 }, logs: [['0x00000000000000000000000000000000000000c3', 39]] };
    expect(await birthBlock(clientOf(gone).client, MARKET, LATEST)).toEqual({ block: 40n });
  });

  test('may be the first there is', async () => {
    const { client, asked } = clientOf({ born: { [MARKET]: 0 }, logs: [] });
    expect(await birthBlock(client, MARKET, LATEST)).toEqual({ block: 0n });
    expect(asked).not.toContain('eth_getLogs');
  });
});
