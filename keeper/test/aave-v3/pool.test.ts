import {
  type Address,
  createPublicClient,
  custom,
  decodeFunctionData,
  encodeAbiParameters,
  encodeErrorResult,
  encodeEventTopics,
  encodeFunctionResult,
  getAddress,
  type Hex,
  multicall3Abi,
  pad,
  parseAbi,
  toFunctionSelector,
} from 'viem';
import { mainnet } from 'viem/chains';
import { describe, expect, test } from 'vitest';
import { chainPreset } from '../../src/config/chains.ts';
import { accountEventsAbi, reopenEventsAbi } from '../../src/protocols/aave-v3/abi.ts';
import { aaveV3 } from '../../src/protocols/aave-v3/index.ts';
import { aaveMarkets, presets } from '../../src/protocols/aave-v3/presets.ts';
import { chooseMarkets } from '../../src/protocols/choose.ts';
import { protocolOf, protocols } from '../../src/protocols/registry.ts';
import { asset, scene } from './scene.ts';

const pool = asset(300);
const provider = asset(301);
const us = { liquidator: asset(8), wrappedNative: asset(9) };
const errorAbi = parseAbi(['error Error(string)']);
const word = (value: Hex) => pad(value, { size: 32 });

/** A chain that answers the given views and reverts on all others, without a reason unless one is given. */
function chainOf(views: Record<string, Hex>, reasons: Record<string, string> = {}) {
  const bySelector = new Map(
    Object.entries(views).map(([key, answer]) => {
      const [address, signature] = key.split('.') as [Address, string];
      return [`${getAddress(address)}${toFunctionSelector(signature)}`, answer];
    }),
  );
  return createPublicClient({
    chain: mainnet,
    transport: custom({
      async request({ method, params }: { method: string; params: [{ data: Hex }] }) {
        if (method === 'eth_chainId') return '0x1';
        const [calls] = decodeFunctionData({ abi: multicall3Abi, data: params[0].data }).args;
        const answers = (calls as readonly { target: Address; callData: Hex }[]).map(({ target, callData }) => {
          const answer = bySelector.get(`${getAddress(target)}${callData.slice(0, 10)}`);
          const reason = reasons[callData.slice(0, 10)];
          const revert = reason ? encodeErrorResult({ abi: errorAbi, args: [reason] }) : '0x';
          return { success: answer !== undefined, returnData: answer ?? revert };
        });
        return encodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', result: answers });
      },
    }),
  });
}

describe('open refuses', () => {
  const newer = {
    [`${pool}.function ADDRESSES_PROVIDER()`]: word(provider),
    [`${provider}.function getPool()`]: word(pool),
    [`${pool}.function POOL_REVISION()`]: encodeAbiParameters([{ type: 'uint256' }], [12n]),
  };
  test.each([
    ['its Pool', pool],
    ['its PoolAddressesProvider', provider],
  ])('a revision it cannot evaluate exactly, by %s', async (_, address) => {
    await expect(aaveV3.open(chainOf(newer), address, us)).rejects.toThrow(
      `Aave v3 revision 12 at ${pool} is not supported: this version of Plimsoll evaluates revisions 1 to 11 exactly`,
    );
  });

  test('an address that is something else', async () => {
    await expect(aaveV3.open(chainOf(newer), asset(7), us)).rejects.toThrow(
      `${asset(7)} is neither an Aave v3 Pool nor a PoolAddressesProvider on chain 1`,
    );
  });

  test('nothing when it is the node that fails: that error comes through', async () => {
    const broken = createPublicClient({
      chain: mainnet,
      transport: custom({ request: () => Promise.reject(new Error('socket hang up')) }, { retryCount: 0 }),
    });
    await expect(aaveV3.open(broken, pool, us)).rejects.toThrow('socket hang up');
    await expect(aaveV3.find(broken, pool)).rejects.toThrow('socket hang up');
  });
});

describe('revision 1', () => {
  const HANDLE = toFunctionSelector('function handleRepayment(address, address, uint256)');
  const uint = (value: bigint) => encodeAbiParameters([{ type: 'uint256' }], [value]);
  const zeros = (words: number): Hex => `0x${'0'.repeat(64 * words)}`;
  const reserveData = `0x${[0n, 1n, 0n, 1n, 0n, 0n, 0n, 0n, BigInt(asset(100)), BigInt(asset(101)), BigInt(asset(102))]
    .map((value) => value.toString(16).padStart(64, '0'))
    .join('')}${'0'.repeat(256)}` as Hex;
  const noCategory = encodeAbiParameters(
    [{ type: 'tuple', components: ['uint16', 'uint16', 'uint16', 'address', 'string'].map((type) => ({ type })) }],
    [[0, 0, 0, asset(0), '']] as never,
  );
  const views = {
    [`${pool}.function ADDRESSES_PROVIDER()`]: word(provider),
    [`${pool}.function POOL_REVISION()`]: uint(1n),
    [`${pool}.function getReservesList()`]: encodeAbiParameters([{ type: 'address[]' }], [[asset(1)]]),
    [`${pool}.function getReserveData(address)`]: reserveData,
    [`${pool}.function getEModeCategoryData(uint8)`]: noCategory,
    [`${provider}.function getPool()`]: word(pool),
    [`${provider}.function getPoolConfigurator()`]: word(asset(302)),
    [`${provider}.function getPriceOracle()`]: word(asset(303)),
    [`${provider}.function getPriceOracleSentinel()`]: zeros(1),
    [`${asset(303)}.function BASE_CURRENCY_UNIT()`]: uint(10n ** 8n),
  };

  test('of 3.0.0, whose tokens do not know how 3.0.1 tells them of a repayment, is refused', async () => {
    await expect(aaveV3.open(chainOf(views), pool, us)).rejects.toThrow(
      `Aave v3.0.0 at ${pool} is not supported: this version of Plimsoll evaluates 3.0.1 to 3.7 exactly`,
    );
  });

  test('of 3.0.1, whose tokens say that only the Pool may, is opened', async () => {
    const market = await aaveV3.open(chainOf(views, { [HANDLE]: '23' }), pool, us);
    expect(market.assets.map(({ address }) => address)).toEqual([asset(1)]);
  });
});

describe('the Pool is found', () => {
  const known = chainOf({
    [`${pool}.function ADDRESSES_PROVIDER()`]: word(provider),
    [`${pool}.function POOL_REVISION()`]: encodeAbiParameters([{ type: 'uint256' }], [10n]),
    [`${provider}.function getPool()`]: word(pool),
    // As the oracle of a market does.
    [`${asset(303)}.function ADDRESSES_PROVIDER()`]: word(provider),
  });
  test.each([
    ['by its own address', pool, pool],
    ['by its PoolAddressesProvider', provider, pool],
    ['by neither its oracle', asset(303), undefined],
    ['nor an address that is something else', asset(7), undefined],
  ])('%s', async (_, address, found) => {
    expect(await aaveV3.find(known, address)).toBe(found);
    expect(await aaveV3.find(known, address.toLowerCase() as Address)).toBe(found);
  });
});

describe('discovery', () => {
  const { pool: known, market } = scene(10n, [{}, {}], []);
  const found = market.discovery;
  const [ann, bob] = [pad('0xa11', { size: 20 }), pad('0xb0b', { size: 20 })];
  const named = (eventName: string, args: Record<string, unknown>) =>
    found.accounts({
      topics: encodeEventTopics({ abi: accountEventsAbi, eventName, args } as never) as [Hex],
      data: '0x',
    });

  test.each([
    ['Supply', { reserve: bob, onBehalfOf: ann, referralCode: 0 }],
    ['Withdraw', { reserve: bob, user: ann, to: bob }],
    ['Borrow', { reserve: bob, onBehalfOf: ann, referralCode: 0 }],
    ['Repay', { reserve: bob, user: ann, repayer: bob }],
    ['ReserveUsedAsCollateralEnabled', { reserve: bob, user: ann }],
    ['ReserveUsedAsCollateralDisabled', { reserve: bob, user: ann }],
    ['UserEModeSet', { user: ann }],
    ['LiquidationCall', { collateralAsset: bob, debtAsset: bob, user: ann }],
    ['DeficitCreated', { user: ann, debtAsset: bob }],
    ['MintUnbacked', { reserve: bob, onBehalfOf: ann, referralCode: 0 }],
    ['SwapBorrowRateMode', { reserve: bob, user: ann }],
    ['RebalanceStableBorrowRate', { reserve: bob, user: ann }],
  ])('%s names the account', (name, args) => {
    expect(named(name, args)).toEqual([ann]);
  });

  test('a transfer of collateral names both sides', () => {
    expect(named('BalanceTransfer', { from: ann, to: bob })).toEqual([ann, bob]);
  });

  test('other logs name nobody', () => {
    expect(found.accounts({ topics: [word('0x01')], data: '0x' })).toEqual([]);
    expect(found.accounts({ topics: [], data: '0x' })).toEqual([]);
  });

  test('watches Pool, configurator, provider and aTokens; the backfill needs Borrow of the Pool alone', () => {
    expect(found.addresses).toEqual([
      known.address,
      known.configurator,
      known.addressesProvider,
      asset(100),
      asset(101),
    ]);
    expect(found.events).toHaveLength(accountEventsAbi.length + reopenEventsAbi.length);
    expect(found.backfill.addresses).toEqual([known.address]);
    expect(found.backfill.events.map(({ name }) => name)).toEqual(['Borrow']);
  });

  test('a listing, an upgrade, a new oracle or category opens the market again; a transfer does not', () => {
    for (const event of reopenEventsAbi) {
      const topics = encodeEventTopics({ abi: [event] } as never) as [Hex];
      expect(found.reopens({ topics, data: '0x' })).toBe(true);
    }
    const topics = encodeEventTopics({ abi: accountEventsAbi, eventName: 'BalanceTransfer' }) as [Hex];
    expect(found.reopens({ topics, data: '0x' })).toBe(false);
  });
});

describe('presets', () => {
  test('name Aave markets of the address book by chain and instance', async () => {
    const markets = await aaveMarkets();
    const byId = new Map(markets.map((market) => [market.id, market]));
    expect(byId.size).toBe(markets.length);
    expect(byId.get('ethereum-core')).toEqual({
      id: 'ethereum-core',
      name: 'AaveV3Ethereum',
      chainId: 1,
      pool: '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2',
      addressesProvider: '0x2f39d218133AFaB8F2B819B1066c7E434Ad94E9e',
    });
    expect(byId.get('ethereum-prime')?.name).toBe('AaveV3EthereumLido');
    expect(byId.get('base')?.chainId).toBe(8453);
  });

  test('are all of the address book, 24 on main networks and 7 on test networks', async () => {
    const ids = (await aaveMarkets()).map(({ id }) => id);
    const onTest = ids.filter((id) => /sepolia|fuji/.test(id));
    expect(onTest.sort()).toEqual([
      ...['arbitrum-sepolia', 'base-sepolia-core', 'base-sepolia-prime', 'fuji'],
      ...['ink-sepolia', 'optimism-sepolia', 'sepolia'],
    ]);
    expect(ids.length - onTest.length).toBe(24);
  });

  test('are each on a chain that needs no other flag', async () => {
    for (const { id, chainId } of await aaveMarkets()) {
      const chain = chainPreset(chainId);
      expect([id, chain?.wrappedNative]).toEqual([id, expect.stringMatching(/^0x[0-9a-fA-F]{40}$/)]);
      const [found] = await chooseMarkets({ protocol: undefined, market: [id] }, chainId, {} as never);
      expect(found?.name).toBe(id);
    }
  });

  test.each([
    [324, 'zksync', 'zk-sync'],
    [4326, 'megaeth', 'mega-eth'],
    [57073, 'ink', 'ink-whitelabel'],
    [8453, 'base', 'base'],
    [1, 'ethereum', 'ethereum-core'],
    [84532, 'base-sepolia', 'base-sepolia-core'],
  ])('of chain %i are found by %s too', async (chainId, name, id) => {
    const [found] = await chooseMarkets({ protocol: undefined, market: [name] }, chainId, {} as never);
    expect(found?.name).toBe(id);
  });
});

describe('main markets', () => {
  test('a chain with one market has that, one with several its core', async () => {
    expect(await presets(8453)).toEqual([
      { id: 'base', address: '0xA238Dd80C259a72e81d7e4664a9801593F98d1c5', chainId: 8453, isMain: true },
    ]);
    const mainnet = await presets(1);
    expect(mainnet.length).toBeGreaterThan(2);
    expect(mainnet.filter(({ isMain }) => isMain).map(({ id }) => id)).toEqual(['ethereum-core']);
  });

  test('every chain has exactly one', async () => {
    const all = await presets();
    const main = all.filter(({ isMain }) => isMain).map(({ chainId }) => chainId);
    expect(main.sort()).toEqual([...new Set(all.map(({ chainId }) => chainId))].sort());
    expect(await presets(31337)).toEqual([]);
  });
});

test('the registry knows Aave v3 by its id, and says what there is', () => {
  expect(protocols['aave-v3']).toBe(aaveV3);
  expect(protocolOf('aave-v3')).toBe(aaveV3);
  const unknown = (id: string) => `${id} is not in this version of plimsoll; it carries aave-v3`;
  for (const id of ['compound-v2', 'constructor']) expect(() => protocolOf(id)).toThrow(unknown(id));
});
