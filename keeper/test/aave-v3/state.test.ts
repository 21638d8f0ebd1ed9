import type { Address, PublicClient } from 'viem';
import { describe, expect, test } from 'vitest';
import { marketOf } from '../../src/protocols/aave-v3/index.ts';
import type { AavePool } from '../../src/protocols/aave-v3/pool.ts';
import type { AaveState } from '../../src/protocols/aave-v3/state.ts';
import type { Market } from '../../src/protocols/protocol.ts';
import { asset, now, scene } from './scene.ts';

type Call = { address: Address; functionName: string; args?: readonly unknown[] };

/** A node that answers the views it is given, and remembers which were asked. */
function nodeOf(views: Record<string, (args: readonly unknown[], address: Address) => unknown>) {
  const asked = new Set<string>();
  const multicall = async ({ contracts }: { contracts: readonly Call[] }) =>
    contracts.map(({ address, functionName, args = [] }) => {
      asked.add(functionName);
      const view = views[functionName];
      return view
        ? { status: 'success', result: view(args, address) }
        : { status: 'failure', error: new Error(`there is no ${functionName}`) };
    });
  return { client: { multicall } as unknown as PublicClient, asked };
}

const VIRTUAL = 1n << 252n;
const reserveData = (configuration: bigint) => ({
  configuration,
  liquidityIndex: 10n ** 27n,
  liquidityRate: 1n,
  variableBorrowIndex: 10n ** 27n,
  variableBorrowRate: 2n,
  lastUpdateTimestamp: Number(now),
});
/** Reserve 0 is in eMode 1 and counted virtually, where the version knows of either; reserve 1 is not. */
const views = {
  FLASHLOAN_PREMIUM_TOTAL: () => 9n,
  getReserveData: ([of]: readonly unknown[]) => reserveData(of === asset(0) ? VIRTUAL | (1n << 168n) : 0n),
  getAssetPrice: ([of]: readonly unknown[]) => (of === asset(7) ? 7n : 100n),
  balanceOf: () => 11n,
};
const marketWith = (revision: bigint, change: Partial<AavePool> = {}): Market =>
  marketOf({ ...scene(revision, [{}, {}], []).pool, lastEMode: 1, ...change });
const readState = async (client: PublicClient, market: Market) => (await market.read(client, block)) as AaveState;
const block = { number: 1n, hash: `0x${'01'.repeat(32)}`, timestamp: now } as const;

describe('reading a market asks what its version has', () => {
  test('3.0: what the aToken holds, eModes by the reserves that name them, with a price of their own', async () => {
    const { client, asked } = nodeOf({
      ...views,
      getEModeCategoryData: () => ({ liquidationThreshold: 9500, liquidationBonus: 10100, priceSource: asset(7) }),
    });
    const market = marketWith(1n, { eModePriceSources: new Map([[1, asset(7)]]) });
    const state = await readState(client, market);
    expect(state.reserves.map((reserve) => reserve!.liquidity)).toEqual([11n, 11n]);
    expect(state.reserves.map((reserve) => reserve!.gracePeriodUntil)).toEqual([0n, 0n]);
    expect(state.eModes.get(1)).toEqual({
      liquidationThreshold: 9500n,
      liquidationBonus: 10100n,
      collateralBitmap: 0b01n,
      price: { value: 7n },
    });
    expect(state.flashPremium).toBe(9n);
    expect([...asked].sort()).toEqual([...Object.keys(views), 'getEModeCategoryData'].sort());
  });

  test('3.0: an eMode whose price fails keeps the reason', async () => {
    const { getAssetPrice: _, ...rest } = views;
    const { client } = nodeOf({
      ...rest,
      getEModeCategoryData: () => ({ liquidationThreshold: 9500, liquidationBonus: 10100, priceSource: asset(7) }),
    });
    const market = marketWith(1n, { eModePriceSources: new Map([[1, asset(7)]]), assets: [] });
    const state = await readState(client, market);
    expect(state.eModes.get(1)!.price).toEqual({
      error: `no price for eMode 1 (${asset(7)}): the oracle reverted with no reason`,
    });
  });

  const later = {
    ...views,
    getLiquidationGracePeriod: () => 5,
    getVirtualUnderlyingBalance: () => 13n,
    getEModeCategoryCollateralConfig: () => ({ liquidationThreshold: 9300, liquidationBonus: 10200 }),
    getEModeCategoryCollateralBitmap: () => 0b10n,
  };
  const bitmap = { liquidationThreshold: 9300n, liquidationBonus: 10200n, collateralBitmap: 0b10n };

  test.each([5n, 6n, 7n])(
    'revision %d: the virtual balance of flagged reserves, what is held of others',
    async (revision) => {
      const { client, asked } = nodeOf(later);
      const state = await readState(client, marketWith(revision));
      expect(state.reserves.map((reserve) => reserve!.liquidity)).toEqual([13n, 11n]);
      expect(state.reserves.map((reserve) => reserve!.gracePeriodUntil)).toEqual([5n, 5n]);
      expect(state.eModes.get(1)).toEqual(bitmap);
      expect([...asked].sort()).toEqual(Object.keys(later).sort());
    },
  );

  test.each([8n, 9n, 10n, 11n])('revision %d: the virtual balance of all', async (revision) => {
    const { balanceOf: _, ...known } = later;
    const { client, asked } = nodeOf(known);
    const state = await readState(client, marketWith(revision));
    expect(state.reserves.map((reserve) => reserve!.liquidity)).toEqual([13n, 13n]);
    expect(state.eModes.get(1)).toEqual(bitmap);
    expect([...asked].sort()).toEqual(Object.keys(known).sort());
  });
});

describe('reading accounts', () => {
  const ann = '0x00000000000000000000000000000000000000A1' as Address;
  const state = scene(1n, [{}, {}], []).state;
  const flags = {
    // Debt of reserve 0 and 1, collateral of 1, and a flag of reserve 2, which is not known.
    getUserConfiguration: () => 0b01_11_01n,
    getUserEMode: () => 3n,
    scaledBalanceOf: (_: readonly unknown[], token: Address) => BigInt(token) & 0xffffn,
  };
  const flagged = [
    { slot: 0, amount: 201n },
    { slot: 2, amount: 202n },
    { slot: 3, amount: 102n },
    { slot: 4, amount: 0n },
  ];

  test('gives a cell for each flag, of an unknown reserve one of 0, under the address in lower case', async () => {
    const { client, asked } = nodeOf(flags);
    const read = await marketWith(6n).readAccounts(client, state, [ann]);
    const address = ann.toLowerCase();
    expect([...read]).toEqual([[address, { address, group: 3, cells: flagged }]]);
    expect([...asked].sort()).toEqual(Object.keys(flags).sort());
  });

  test('up to 3.1 gives principal, rate and last update of stable debt, where there is any', async () => {
    const { client } = nodeOf({
      ...flags,
      principalBalanceOf: (_: readonly unknown[], token: Address) => (token === asset(401) ? 55n : 0n),
      getUserStableRate: () => 66n,
      getUserLastUpdated: () => 77,
    });
    const read = await marketWith(4n).readAccounts(client, state, [ann]);
    expect(read.get(ann.toLowerCase() as Address)!.cells).toEqual([
      ...flagged,
      { slot: 259, amount: 55n },
      { slot: 260, amount: 66n },
      { slot: 261, amount: 77n },
    ]);
  });
});
