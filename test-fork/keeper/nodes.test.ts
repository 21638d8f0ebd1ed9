import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, getAddress, type Hex, parseEventLogs } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { startWsProxy } from '../day/ws-proxy.ts';
import { mineUntilDone } from '../harness/blocks.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { type RpcProxy, type RpcRequest, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { setPrice } from '../lab/chain.ts';

/** What is wrong with an endpoint: how it comes between the keeper and the node. */
type Fault = (proxy: RpcProxy) => void;

const error = (code: number, message: string) => ({ error: { code, message } });
const lastOf = ({ params }: RpcRequest) => params.at(-1) as { blockHash?: Hex } | Hex | undefined;
const hashIn = (request: RpcRequest): Hex | undefined => {
  const named = request.method === 'eth_getLogs' ? request.params[0] : lastOf(request);
  return (named as { blockHash?: Hex } | undefined)?.blockHash;
};
/** The same request without the hash of a block: of the newest block. */
const withoutHash = (request: RpcRequest): RpcRequest => {
  if (!hashIn(request)) return request;
  if (request.method !== 'eth_getLogs') return { ...request, params: [...request.params.slice(0, -1), 'latest'] };
  const { blockHash, ...rest } = request.params[0] as { blockHash: Hex };
  return { ...request, params: [rest] };
};

const faults: Record<string, Fault> = {
  'has no pending block, and no history of fees': (proxy) => {
    proxy.intercept = ({ method, params }) => {
      if (method === 'eth_feeHistory') return error(-32_601, 'the method eth_feeHistory does not exist');
      if (method === 'eth_getBlockByNumber' && params[0] === 'pending') return { result: null };
      return params.at(-1) === 'pending' ? error(-32_000, 'pending state is not served here') : undefined;
    };
  },
  'refuses batches of more than three': (proxy) => {
    const body = { error: { code: 31, message: 'Batch of more than 3 requests are not allowed on free tier' } };
    proxy.batch = ({ length }) => (length > 3 ? { status: 500, body } : undefined);
  },
  'refuses every list': (proxy) => {
    const body = { jsonrpc: '2.0', id: null, error: { code: -32_600, message: 'Invalid request' } };
    proxy.batch = () => ({ status: 200, body });
  },
  'fails for a transaction that it has not indexed': (proxy) => {
    const asked = new Map<unknown, number>();
    proxy.intercept = ({ method, params: [hash] }) => {
      if (method !== 'eth_getTransactionByHash' && method !== 'eth_getTransactionReceipt') return undefined;
      asked.set(hash, (asked.get(hash) ?? 0) + 1);
      return asked.get(hash)! < 3 ? error(-32_000, 'transaction indexing is in progress') : undefined;
    };
  },
  'has state and logs 0.7 s after the block': (proxy) => {
    const first = new Map<Hex, number>();
    proxy.intercept = (request) => {
      const hash = hashIn(request);
      if (!hash) return undefined;
      if (!first.has(hash)) first.set(hash, Date.now());
      return Date.now() - first.get(hash)! < 700 ? error(-32_000, 'header not found') : undefined;
    };
  },
  'refuses the hash of a block': (proxy) => {
    proxy.intercept = (request) => {
      if (!hashIn(request)) return undefined;
      if (request.method === 'eth_getLogs')
        return error(-32_602, 'invalid argument 0: json: unknown field "blockHash"');
      return error(-32_602, 'invalid argument 1: hex string without 0x prefix');
    };
  },
  'takes no notice of the hash of a block': (proxy) => {
    proxy.rewrite = withoutHash;
  },
};

describe('accounts fall under water, and the endpoint', () => {
  let scene: Scene;
  let sound: RpcProxy;
  /** Whom a keeper liquidates over a sound endpoint. */
  let expected: Address[];
  /** Under water at a lower price only. */
  let later: Address;

  beforeAll(async () => {
    scene = await openScene(inject('labUrl'));
    for (const collateral of [20, 30, 40]) {
      await openAccount(scene, `of ${collateral}`, {
        collateral: { WETH: collateral },
        debt: { USDC: collateral * 1_560 },
      });
    }
    later = await openAccount(scene, 'later', { collateral: { WETH: 50 }, debt: { USDC: 72_000 } });
    await setPrice(scene, 'WETH', 1_870n * 10n ** 8n);
    sound = await startProxy(scene.url);
    expected = (await liquidatedOver(sound.url)).accounts;
    expect(expected.length).toBeGreaterThan(3);
  });
  afterAll(async () => {
    await scene?.stop();
    await sound?.stop();
  });

  /** Whom the contract's events name since a block. */
  async function liquidatedSince(fromBlock: bigint): Promise<Address[]> {
    const { client, liquidator } = scene;
    const logs = await client.getLogs({ address: liquidator, fromBlock });
    const landed = parseEventLogs({ abi: liquidatorAbi, logs, eventName: 'Liquidated' });
    return landed.map(({ args }) => getAddress(args.borrower)).sort();
  }
  const nextBlock = async () => (await scene.client.getBlockNumber({ cacheTime: 0 })) + 1n;

  /** Lets a keeper look once at a chain that mines at once; tells whom the contract's events name, and undoes it all. */
  function liquidatedOver(rpc: string): Promise<{ accounts: Address[]; code: number | null; keeper: KeeperProcess }> {
    return scene.undone(async () => {
      const fromBlock = await nextBlock();
      const keeper = scene.keeper(['--once'], rpc);
      const code = await endOf(keeper);
      return { accounts: await liquidatedSince(fromBlock), code, keeper };
    });
  }

  /** Waits for its end. What it has sent is mined; a receipt that comes late needs a later block to be asked for again. */
  async function endOf(keeper: KeeperProcess): Promise<number | null> {
    let over = false;
    void keeper.ended.then(() => {
      over = true;
    });
    while (!over) {
      if (keeper.lines.some(({ msg }) => msg === 'sent')) await scene.client.mine({ blocks: 1 });
      await Promise.race([keeper.ended, sleep(1_000)]);
    }
    return keeper.ended;
  }

  async function withFault<T>(name: string, act: (proxy: RpcProxy) => Promise<T>): Promise<T> {
    const proxy = await startProxy(scene.url);
    faults[name]!(proxy);
    try {
      return await act(proxy);
    } finally {
      await proxy.stop();
    }
  }

  test.each(Object.keys(faults))('%s', async (name) => {
    const { accounts, code, keeper } = await withFault(name, ({ url }) => liquidatedOver(url));
    expect(accounts, keeper.output().slice(-4_000)).toEqual(expected);
    expect(code).toBe(0);
  });

  test.each(Object.keys(faults))('%s, beside a slower one that is sound', async (name) => {
    sound.delay = 20;
    sound.asked = 0;
    const { accounts, code, keeper } = await withFault(name, ({ url }) => liquidatedOver(`${url},${sound.url}`));
    expect(accounts, keeper.output().slice(-4_000)).toEqual(expected);
    expect(code).toBe(0);
    expect(sound.asked).toBeGreaterThan(0);
  });

  test.each([
    ['alone', false],
    ['beside a sound one', true],
  ])('pushes heads with hashes of no block, %s', async (_, isBeside) => {
    const liar = await startWsProxy(scene.wsUrl);
    liar.rewrite = (text) =>
      text.includes('eth_subscription') ? text.replace(/"hash":"0x[0-9a-f]{8}/, '"hash":"0xbadbadba') : text;
    try {
      await scene.undone(async () => {
        const fromBlock = await nextBlock();
        const keeper = scene.keeper([], isBeside ? `${liar.url},${sound.url}` : liar.url);
        await keeper.waitFor(({ msg }) => msg === 'landed');
        expect(await liquidatedSince(fromBlock)).not.toContain(later);
        await setPrice(scene, 'WETH', 1_700n * 10n ** 8n);
        await keeper.waitFor(({ msg, account }) => msg === 'landed' && account === later);
        expect(await liquidatedSince(fromBlock)).toEqual(expect.arrayContaining([...expected, later]));
        expect(await keeper.stop()).toBe(0);
      });
    } finally {
      await liar.stop();
    }
  });

  test('fails for what it has not indexed, as a keeper starts that had something on its way when it was killed', async () => {
    const { client } = scene;
    const name = 'fails for a transaction that it has not indexed';
    await withFault(name, (proxy) =>
      scene.undone(async () => {
        const fromBlock = await nextBlock();
        await client.setAutomine(false);
        const flags = ['--store', join(scene.folder, 'killed.sqlite')];
        const killed = scene.keeper(flags, sound.url);
        await killed.waitFor(({ msg }) => msg === 'sent');
        killed.child.kill('SIGKILL');
        await killed.ended;
        const keeper = scene.keeper(flags, proxy.url);
        await mineUntilDone(scene, keeper);
        expect(await liquidatedSince(fromBlock)).toEqual(expected);
        expect(await keeper.stop()).toBe(0);
        await client.setAutomine(true);
      }),
    );
  });
});
