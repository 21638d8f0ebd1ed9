import { type Address, type Hex, numberToHex, parseAbiItem } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import type { StatusSnapshot } from '../../keeper/src/store/status-snapshot.ts';
import { mineUntilDone, taken } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { following, poolsOf } from '../harness/markets.ts';
import { type RpcAnswer, type RpcProxy, type RpcRequest, startProxy } from '../harness/proxy.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { statusOf } from '../harness/told.ts';
import { setPrice } from '../lab/chain.ts';

const borrow = parseAbiItem(
  'event Borrow(address indexed reserve, address user, address indexed onBehalfOf, uint256 amount, uint8 interestRateMode, uint256 borrowRate, uint16 indexed referralCode)',
);
/** What is done beside the heads is waited for so long, milliseconds. */
const POLL = { timeout: 60_000 };
const FALLEN = 1_920n * 10n ** 8n;

let scene: Scene;
let proxies: RpcProxy[];
beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  proxies = await Promise.all([startProxy(scene.url), startProxy(scene.url)]);
});
afterAll(async () => {
  await scene?.stop();
  await Promise.all((proxies ?? []).map((proxy) => proxy.stop()));
});

type Fault = (request: RpcRequest, endpoint: number) => RpcAnswer | undefined;

/** Starts a keeper behind so many endpoints with a fault. */
function start(endpoints: number, fault: Fault, flags: readonly string[] = []): KeeperProcess {
  for (const [index, proxy] of proxies.entries()) proxy.intercept = (request) => fault(request, index);
  const more = proxies.slice(1, endpoints).flatMap(({ url }) => ['--rpc', url]);
  return scene.keeper([...more, ...flags], proxies[0]!.url);
}

/** Undoes all that an act does to the chain, which mines by itself again. */
const manually = (act: () => Promise<void>): Promise<void> =>
  scene.undone(act).finally(() => scene.client.setAutomine(true));

const said = ({ lines }: KeeperProcess, msg: string): LogLine[] => lines.filter((line) => line.msg === msg);
const borrowers = async (): Promise<number> => {
  const { client, directory } = scene;
  const logs = await client.getLogs({ address: directory.aave.pool, event: borrow, fromBlock: 0n });
  return new Set(logs.map(({ args }) => args.onBehalfOf)).size;
};
/** The repaid debts that the chain tells of an account: the Pool's own events. */
const liquidations = async (account: Address): Promise<number> => {
  const event = parseAbiItem(
    'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
  );
  const { client, directory } = scene;
  return (await client.getLogs({ address: directory.aave.pool, event, args: { user: account }, fromBlock: 0n })).length;
};

test('the accounts of every market owe what the market itself counts, to the unit, and status says so', async () => {
  const keeper = scene.keeper([], undefined, { markets: Object.values(poolsOf(scene)) });
  await following(keeper, 3);
  await scene.client.mine({ blocks: 1 });
  await taken(scene, keeper);
  const counted = async () => {
    const { snapshot } = (await statusOf(keeper)) as unknown as { snapshot: StatusSnapshot };
    return snapshot.markets.map(({ debts = [] }) => debts);
  };
  // They are asked for when nothing else waits.
  await expect.poll(async () => (await counted()).filter(({ length }) => length > 0).length, POLL).toBe(3);
  for (const debts of await counted()) {
    expect(debts.some((debt) => BigInt(debt.counted) > 0n)).toBe(true);
    expect(debts.filter(({ missing }) => missing !== '0')).toEqual([]);
  }
  expect(await keeper.stop()).toBe(0);
});

describe.each([1, 2])('logs that come later than their block, at %i endpoints of one index', (endpoints) => {
  test('are looked for again: who borrowed there is liquidated when the price falls', async () => {
    await manually(async () => {
      let late = true;
      /** Blocks of which the index has nothing yet. */
      const from = (await scene.client.getBlockNumber({ cacheTime: 0 })) + 1n;
      const isLate = ({ method, params }: RpcRequest): boolean => {
        if (!late || method !== 'eth_getLogs') return false;
        const { blockHash, toBlock } = params[0] as { blockHash?: Hex; toBlock?: Hex };
        return blockHash !== undefined || BigInt(toBlock ?? 0) >= from;
      };
      const keeper = start(endpoints, (request) => (isLate(request) ? { result: [] } : undefined));
      await taken(scene, keeper);
      const account = await openAccount(scene, 'late', { collateral: { WETH: 500 }, debt: { USDC: 800_000 } });
      await taken(scene, keeper);
      late = false;
      await scene.client.setAutomine(false);
      await setPrice(scene, 'WETH', FALLEN);
      // At that very head: no other block comes before it is sent.
      await keeper.waitFor(({ msg }) => msg.startsWith('an endpoint had kept back logs'));
      await keeper.waitFor(({ msg, account: of }) => msg === 'sent' && [of].flat().includes(account));
      await mineUntilDone(scene, keeper);
      expect(await liquidations(account)).toBe(1);
      expect(said(keeper, 'landed').filter((line) => line.account === account)).toHaveLength(1);
      expect(await keeper.stop()).toBe(0);
    });
  });
});

describe('old state that is answered with nothing', () => {
  /** No code in any block but the last two, as nodes say that have pruned the rest. */
  async function noOldCode(lies: (endpoint: number) => boolean): Promise<Fault> {
    const head = await scene.client.getBlockNumber({ cacheTime: 0 });
    return ({ method, params }, endpoint) => {
      const at = String(params[1]);
      if (method !== 'eth_getCode' || !lies(endpoint) || !at.startsWith('0x')) return undefined;
      return BigInt(at) < head - 1n ? { result: '0x' } : undefined;
    };
  }

  test.each([1, 2])('by all of %i endpoints is not believed: every borrower is found', async (endpoints) => {
    const keeper = start(endpoints, await noOldCode(() => true), ['--dry-run', '--once']);
    await keeper.ended;
    const [read] = said(keeper, 'every borrower is read');
    expect([read!.fromBlock, read!.accounts]).toEqual(['0', await borrowers()]);
    const [warning] = keeper.lines.filter(({ msg }) => msg.startsWith('creation block unknown'));
    expect(warning!.reason).toMatch(/^the endpoint gives no code at 0x\w{40} (before|in) block \d+, but a log of/);
  });

  test('by one of two is held against the other', async () => {
    let liar: number | undefined;
    const fault = await noOldCode((endpoint) => endpoint === liar);
    const keeper = start(
      2,
      (request, endpoint) => {
        if (request.method === 'eth_getCode' && String(request.params[1]).startsWith('0x')) liar ??= endpoint;
        return fault(request, endpoint);
      },
      ['--dry-run', '--once'],
    );
    await keeper.ended;
    const [read] = said(keeper, 'every borrower is read');
    expect(read!.accounts).toBe(await borrowers());
    expect(Number(read!.fromBlock)).toBeGreaterThan(0);
  });
});

describe('a market with debt in which nobody is found', () => {
  test('is an alarm and an exit code where there is no other endpoint', async () => {
    const fault: Fault = ({ method }) => (method === 'eth_getLogs' ? { result: [] } : undefined);
    const keeper = start(1, fault, ['--dry-run', '--once']);
    expect(await keeper.ended).toBe(1);
    expect(said(keeper, 'alarm')).toContainEqual(
      expect.objectContaining({ level: 'error', reason: 'the market has debt, and no borrower is known' }),
    );
    expect(keeper.output()).toContain('has debt, and no borrower was found');
  });

  test('is searched again through another', async () => {
    let liar: number | undefined;
    const fault: Fault = ({ method, params }, endpoint) => {
      if (method !== 'eth_getLogs') return undefined;
      if ((params[0] as { address?: unknown; toBlock?: Hex }).toBlock !== undefined) liar ??= endpoint;
      return endpoint === liar || liar === undefined ? { result: [] } : undefined;
    };
    const keeper = start(2, fault, ['--dry-run', '--once', '--from-block', '0']);
    await keeper.ended;
    expect(said(keeper, 'alarm').filter(({ level }) => level === 'error')).toEqual([]);
    const [head] = said(keeper, 'head');
    const status = said(keeper, 'every borrower is read')[0] ?? head;
    expect(status!.accounts).toBe(await borrowers());
  });
});

describe.each([1, 2])('a node that comes back 300 blocks lower on the same chain, %i endpoints', (endpoints) => {
  test('is waited for, or left for a sound one: nothing is searched again, nothing sent on old state', async () => {
    await manually(async () => {
      const { client } = scene;
      const account = await openAccount(scene, 'low', { collateral: { WETH: 500 }, debt: { USDC: 800_000 } });
      await client.mine({ blocks: 320 });
      const number = numberToHex((await client.getBlockNumber({ cacheTime: 0 })) - 300n);
      const old = await client.request({ method: 'eth_getBlockByNumber', params: [number, false] });
      let low = false;
      const keeper = start(endpoints, ({ method, params }, endpoint) =>
        low && endpoint === 0 && method === 'eth_getBlockByNumber' && params[0] === 'latest'
          ? { result: old }
          : undefined,
      );
      await taken(scene, keeper);
      low = true;
      await keeper.waitFor(({ msg, about }) =>
        endpoints === 1 ? msg === 'alarm' && about === 'node' : msg === 'endpoint is set aside',
      );
      await client.setAutomine(false);
      await setPrice(scene, 'WETH', FALLEN);
      await client.mine({ blocks: 1 });
      if (endpoints === 1) {
        expect((await statusOf(keeper)).snapshot).toMatchObject({
          alarms: expect.arrayContaining([expect.objectContaining({ about: 'node' })]),
        });
        expect(said(keeper, 'sent')).toEqual([]);
      } else await keeper.waitFor(({ msg }) => msg === 'sent');
      low = endpoints > 1;
      await mineUntilDone(scene, keeper);
      expect(await liquidations(account)).toBe(1);
      expect(keeper.lines.filter(({ msg }) => /^unwound|none of the remembered/.test(msg))).toEqual([]);
      expect(said(keeper, 'every borrower is read')).toHaveLength(1);
      expect(said(keeper, 'alarm').filter(({ about }) => about === 'node')).toHaveLength(endpoints === 1 ? 1 : 0);
      expect(await keeper.stop()).toBe(0);
    });
  });
});
