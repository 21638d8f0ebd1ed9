import { createPublicClient, createTestClient, custom, RpcRequestError } from 'viem';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Anvil, nodeTransport, startAnvil } from '../../test-fork/lab/node.ts';
import { birthBlock } from '../src/chain/birth.ts';
import { connect } from '../src/chain/client.ts';
import { createLogger } from '../src/log/log.ts';
import { closedPort } from './support/cli.ts';
import { readableLog } from './support/log-lines.ts';

const ADDRESS = '0x00000000000000000000000000000000000000A1';
const silentLog = await createLogger({ format: 'json', level: 'silent' });

let anvil: Anvil;
beforeAll(async () => {
  anvil = await startAnvil();
});
afterAll(() => anvil?.stop());

describe('the block a contract was born in', () => {
  test('is found', async () => {
    const chain = createTestClient({ mode: 'anvil', transport: nodeTransport(anvil.url) });
    const client = createPublicClient({ transport: nodeTransport(anvil.url) });
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

describe('the connection', () => {
  test('says which chain it is, and whether Multicall3 is there', async () => {
    const chain = await connect({ rpc: [anvil.url], chain: undefined }, silentLog);
    expect(chain).toMatchObject({ id: 31337, shown: '31337 (Anvil)', nativeSymbol: 'ETH', hasMulticall3: false });
    expect(chain.definition.contracts).toBeUndefined();
    const node = createTestClient({ mode: 'anvil', transport: nodeTransport(anvil.url) });
    await node.setCode({ address: '0xcA11bde05977b3631167028862bE2a173976CA11', bytecode: '0x00' });
    const again = await connect({ rpc: [anvil.url], chain: 31337 }, silentLog);
    expect(again.hasMulticall3).toBe(true);
    expect(again.definition.contracts?.multicall3?.address).toBe('0xcA11bde05977b3631167028862bE2a173976CA11');
  });

  test('works over a socket', async () => {
    const chain = await connect({ rpc: [anvil.wsUrl], chain: undefined }, silentLog);
    expect(await chain.client.getChainId()).toBe(31337);
  });

  test('sets an endpoint aside that does not answer, with a warning', async () => {
    const { log, lines } = await readableLog();
    const closed = `http://127.0.0.1:${await closedPort()}`;
    const chain = await connect({ rpc: [`${closed}/key`, anvil.url], chain: undefined }, log);
    expect(await chain.client.getChainId()).toBe(31337);
    expect(lines.map(({ level, msg, endpoint }) => [level, msg, endpoint])).toEqual([
      ['warn', 'endpoint is set aside', `${closed}/…`],
    ]);
    expect(chain.endpoints.health()).toMatchObject([
      { endpoint: `${closed}/…`, state: 'set aside', head: undefined, reason: expect.stringContaining('ECONNREFUSED') },
      { endpoint: anvil.url, state: 'good', lag: 0, errors: 0, reason: undefined, retryAt: undefined },
    ]);
    expect(chain.endpoints.health()[0]!.retryAt).toBeGreaterThan(0);
    chain.endpoints.close();
  });
});
