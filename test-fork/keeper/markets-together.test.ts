import type { Address, Hex } from 'viem';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { mineUntilDone, taken } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { following, MARKETS, type MarketName, poolsOf } from '../harness/markets.ts';
import { openAccount, openScene, type Scene, type Wanted } from '../harness/scene.ts';
import { accountsIn, marketIn, marketsIn, statusOf, worthIn } from '../harness/told.ts';
import { breakFeed, setPrices } from '../lab/chain.ts';

/** Fifteen per cent, and twenty of LINK. */
const FALLEN = { WETH: 1_700n * 10n ** 8n, WBTC: 51_000n * 10n ** 8n, LINK: 12n * 10n ** 8n };
/** Code that reverts whatever it is asked. */
const REVERTS: Hex = '0x60006000fd';
/** Accounts that the fall takes under water, in each market one; the last pays best and the first least. */
const WHALES: Record<MarketName, Wanted> = {
  aave: { collateral: { WETH: 260 }, debt: { USDC: 380_000 } },
  aaveSecond: { collateral: { WBTC: 12 }, debt: { USDT: 520_000 } },
  aaveV30: { collateral: { WETH: 1_000 }, debt: { USDC: 1_450_000 } },
};

let scene: Scene;
let pools: Record<MarketName, Address>;
let whales: Record<MarketName, Address>;
/** Holds LINK, and so has no price while its feed is broken. */
let ofLink: Address;
let keeper: KeeperProcess | undefined;
let snapshot: Hex;
beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  pools = poolsOf(scene);
  whales = {} as typeof whales;
  for (const name of MARKETS)
    whales[name] = await openAccount(scene, `whale of ${name}`, { ...WHALES[name], pool: pools[name] });
  const owing: Wanted = { collateral: { LINK: 4_000 }, debt: { DAI: 38_000 }, pool: pools.aaveSecond };
  ofLink = await openAccount(scene, 'of link', owing);
  await scene.client.setAutomine(false);
});
afterAll(() => scene?.stop());
beforeEach(async () => {
  if (snapshot) await scene.client.revert({ id: snapshot });
  snapshot = await scene.client.snapshot();
});
afterEach(async () => {
  keeper?.child.kill('SIGKILL');
  await keeper?.ended;
  await scene.client.request({ method: 'anvil_dropAllTransactions' } as never);
});

/** Starts a keeper and waits until it follows what it is to watch. */
async function start(markets: readonly string[], flags: readonly string[] = []): Promise<KeeperProcess> {
  keeper = scene.keeper(flags, undefined, { markets });
  await following(keeper, markets.length);
  await taken(scene, keeper);
  return keeper;
}

const told = ({ lines }: KeeperProcess, msg: string): LogLine[] => lines.filter((line) => line.msg === msg);
const landedIn = (keeper: KeeperProcess): Address[] => told(keeper, 'landed').flatMap(accountsIn);
const allPools = () => MARKETS.map((name) => pools[name]);

test('with one transaction at a time the plan worth most goes first, whatever the order of the flags', async () => {
  const orders = [allPools(), allPools().reverse()];
  const first: { accounts: Address[]; worth: bigint[] }[] = [];
  for (const markets of orders) {
    const sent = await scene.undone(async () => {
      const keeper = await start(markets, ['--max-in-flight', '1', '--max-legs', '1']);
      await setPrices(scene, FALLEN);
      for (let count = 1; count <= 4; count++) {
        await keeper.waitFor(() => told(keeper, 'sent').length >= count);
        await taken(scene, keeper);
        await scene.client.mine({ blocks: 1 });
      }
      keeper.child.kill('SIGKILL');
      await keeper.ended;
      return told(keeper, 'sent').slice(0, 4);
    });
    first.push({ accounts: sent.flatMap(accountsIn), worth: sent.map(worthIn) });
  }
  for (const { accounts, worth } of first) {
    expect(accounts.slice(0, 2)).toEqual([whales.aaveV30, whales.aaveSecond]);
    expect(worth).toEqual([...worth].sort((a, b) => (a < b ? 1 : -1)));
  }
  expect(first[0]!.accounts).toEqual(first[1]!.accounts);
});

describe('a market whose oracle fails holds up nobody', () => {
  test('one feed: who holds that asset is set aside, and all others are liquidated, in its market too', async () => {
    const keeper = await start(allPools());
    await breakFeed(scene, 'LINK');
    const { LINK: _, ...others } = FALLEN;
    await setPricesBeside(others);
    await mineUntilDone(scene, keeper);
    expect(landedIn(keeper)).toEqual(expect.arrayContaining(Object.values(whales)));
    expect(landedIn(keeper)).not.toContain(ofLink);
    const aside = told(keeper, 'set aside');
    expect(aside.map(({ market }) => marketIn(market))).toEqual([pools.aaveSecond]);

    await breakFeed(scene, 'LINK', false);
    await setPrices(scene, FALLEN);
    await mineUntilDone(scene, keeper);
    expect(landedIn(keeper)).toContain(ofLink);
  });

  test('all of its oracle: the other markets are liquidated in, and it is when its oracle is back', async () => {
    const { client, directory } = scene;
    const keeper = await start(allPools());
    const { oracle } = directory.aaveSecond;
    const code = await client.getCode({ address: oracle });
    await client.setCode({ address: oracle, bytecode: REVERTS });
    await setPrices(scene, FALLEN);
    await mineUntilDone(scene, keeper);
    expect(landedIn(keeper)).toEqual(expect.arrayContaining([whales.aave, whales.aaveV30]));
    expect(landedIn(keeper)).not.toContain(whales.aaveSecond);

    await client.setCode({ address: oracle, bytecode: code! });
    await mineUntilDone(scene, keeper);
    expect(landedIn(keeper)).toContain(whales.aaveSecond);
  });

  /** The broken feed cannot be asked for its price: the pools of LINK stay where they are. */
  async function setPricesBeside(prices: Omit<typeof FALLEN, 'LINK'>): Promise<void> {
    await setPrices({ ...scene, directory: withoutLink() }, prices);
  }
  function withoutLink(): Scene['directory'] {
    const { link: _, ...rest } = scene.directory;
    return rest as Scene['directory'];
  }
});

describe('names of markets', () => {
  /** Runs a keeper for one head, and gives its markets by its log and by its status. */
  async function marketsOf(names: readonly string[]): Promise<{ inLog: Address[]; inStatus: Address[] }> {
    keeper = scene.keeper(['--once', '--dry-run'], undefined, { markets: names });
    expect(await keeper.ended, keeper.output().slice(-2_000)).toBe(0);
    const inLog = told(keeper, 'every borrower is read').map(({ market }) => marketIn(market));
    return { inLog, inStatus: marketsIn(await statusOf(keeper)) };
  }

  test('one that is named by its Pool and by its PoolAddressesProvider is one', async () => {
    const { pool, addressesProvider } = scene.directory.aaveSecond;
    for (const names of [
      [pool, addressesProvider],
      [addressesProvider, pool],
    ]) {
      const { inLog, inStatus } = await marketsOf(names);
      expect(inLog).toHaveLength(1);
      expect(inStatus).toEqual([pool]);
    }
  });

  test('a protocol and a colon may stand before the address', async () => {
    const { aave, aaveSecond, aaveV30 } = scene.directory;
    const { inLog, inStatus } = await marketsOf([
      `aave-v3:${aaveSecond.pool}`,
      aaveV30.addressesProvider,
      `aave-v3:${aave.addressesProvider}`,
    ]);
    expect(inLog).toHaveLength(3);
    expect(inStatus.sort()).toEqual(allPools().sort());
  });
});
