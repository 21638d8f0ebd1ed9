import { type Address, ContractFunctionZeroDataError, type Hex, numberToHex, type PublicClient, size } from 'viem';
import { beforeEach, expect, test, vi } from 'vitest';
import type { Head } from '../../src/chain/head.ts';
import { openPlanner, type PlannerWorld } from '../../src/planning/planner.ts';
import { nameOfPair, openPoolReader } from '../../src/planning/pools-ahead.ts';
import { accountClaim } from '../../src/store/key.ts';
import type { MarketPools } from '../../src/venues/market-pools.ts';
import { poolGraph } from '../../src/venues/paths.ts';
import { address, BTC, ETHER, GWEI, pool, USD, WETH } from './rig.ts';
import { keyOf, open, type Toy, toy } from './toy-market.ts';

const pools = [
  pool(0x10, WETH, USD, { tick: 76_013, liquidity: 10n ** 27n }),
  pool(0x11, USD, BTC, { tick: -105_973, liquidity: 10n ** 27n }),
];
const reads: string[][] = [];
/** The pools behind what waits in the node, where it shows that. */
let waiting: typeof pools | undefined;

const openPools = async (): Promise<MarketPools> => ({
  graph: poolGraph(pools),
  hubs: [WETH],
  async read(pairs) {
    reads.push([...pairs].map(nameOfPair));
    return new Map(pools.map((state) => [state.address, state]));
  },
  async readPending() {
    if (!waiting) throw new Error('no pending block');
    return new Map(waiting.map((state) => [state.address, state]));
  },
});
const openReader: typeof openPoolReader = (...args) => openPoolReader(args[0], args[1], args[2], undefined, openPools);

const HEAD: Head = {
  number: 6n,
  hash: numberToHex(6, { size: 32 }),
  parentHash: numberToHex(5, { size: 32 }),
  timestamp: 988n,
  gasLimit: 30_000_000n,
  baseFeePerGas: 0n,
  logsBloom: '0x',
};
const settings: PlannerWorld['settings'] = {
  wrappedNative: WETH,
  uniswapV3Factory: address(0x99),
  uniswapV2Factory: [],
  staleProbability: 0n,
  lossProbability: 0n,
  slippage: 50,
  minProfit: 0n,
  maxLegs: 100,
  maxInFlight: 1,
  dryRun: false,
};
const GAS_PRICE = { baseFee: GWEI / 200n, priority: GWEI / 200n };
const asked: bigint[] = [];
const planner = (change: Partial<typeof settings> = {}, chain: Partial<PlannerWorld['chain']> = {}) =>
  openPlanner(
    { settings: { ...settings, ...change }, chain: { client: {} as PublicClient, id: 1, shown: 'one', ...chain } },
    async () => {
      asked.push(HEAD.number);
      return GAS_PRICE;
    },
    openReader,
  );

const [A, B, C] = [address(0x21), address(0x22), address(0x23)];
const account = (debt: bigint, collateral: bigint, asset: Address) => ({
  debt: debt * ETHER,
  collateral: { asset, amount: collateral * ETHER },
  bonusBps: 10_800n,
  times: 1,
});
/** Lists the native token. */
const first = toy({
  address: address(0xa1),
  base: USD,
  prices: new Map([
    [WETH, 2_000n],
    [USD, 1n],
  ]),
  liquidity: new Map([[WETH, 1_000n * ETHER]]),
  liquidatable: new Map([[A, account(10_000n, 30n, WETH)]]),
});
/** Does not, and counts in another currency: three for a dollar. */
const second = toy({
  address: address(0xa2),
  base: USD,
  prices: new Map([
    [BTC, 120_000n],
    [USD, 3n],
  ]),
  liquidity: new Map([[BTC, 1_000n * ETHER]]),
  liquidatable: new Map([[B, account(50_000n, 30n, BTC)]]),
});
const assetsOf = ({ prices }: Toy) =>
  [...prices.keys()].map((token) => ({ address: token, symbol: 'T', decimals: 18 }));
const due = (state: Toy, ...keys: Address[]) => ({ name: 'toy', assets: assetsOf(state), view: open(state), keys });
const labels = (offers: Awaited<ReturnType<ReturnType<typeof planner>['plan']>>['offers']) =>
  offers.map(({ rounds }) => rounds.flat().flatMap(({ subjects }) => subjects.map(({ label }) => label)));

beforeEach(() => {
  waiting = undefined;
  reads.length = 0;
  asked.length = 0;
});

test('what is planned anew behind what waits is planned on the pools as they are there', async () => {
  const { offers } = await planner().plan([due(first, A), due(second, B)], HEAD);
  const [offer] = offers;
  const sold = offer!.rounds.flat().find(({ gain }) => gain?.asset === WETH)!;
  const only = new Set(sold.claims);
  // A node that does not show what waits: on those of the head.
  const [same] = await offer!.anewOnPending(only);
  expect(same!.terms).toEqual(offer!.anew(only)[0]!.terms);
  // Somebody sells ether before: a dollar costs a little more of it.
  waiting = pools.map((state) =>
    state === pools[0] ? pool(0x10, WETH, USD, { tick: 76_003, liquidity: 10n ** 27n }) : state,
  );
  const [behind, ...more] = await offer!.anewOnPending(only);
  expect(more).toEqual([]);
  expect(behind!.sent.map(({ deals }) => deals.flatMap(({ claims }) => claims))).toEqual([[...only]]);
  expect(behind!.terms.impact).toBeGreaterThan(same!.terms.impact);
});

test('one plan holds legs of two markets, one of which does not price the native coin', async () => {
  const { offers, without } = await planner().plan([due(first, A), due(second, B)], HEAD);
  expect(new Set(labels(offers)[0])).toEqual(new Set([A, B]));
  expect(offers).toHaveLength(1);
  expect([...without]).toEqual([]);
  const [{ plan, terms, gasPrice, sent }] = offers as [(typeof offers)[0]];
  expect(new Set(sent.map(({ leg }) => leg.market))).toEqual(new Set([first.address, second.address]));
  // 8 % of 10,000 and of 50,000 dollars, at 2,000 a WETH; the second market's dollar rounds down.
  const bonus = (24n * ETHER) / 10n;
  expect(terms.bonus <= bonus && terms.bonus > bonus - 1_000_000n).toBe(true);
  expect(gasPrice).toBe(GWEI / 100n);
  expect(plan.validUntil).toBe(HEAD.timestamp + 180n);
  expect(reads).toEqual([[nameOfPair([USD, WETH]), nameOfPair([USD, BTC])]]);
});

test('as many plans as may be in flight, and one more; without that limit where nothing is sent', async () => {
  const three = {
    ...first,
    liquidatable: new Map([A, B, C].map((key) => [key, account(10_000n, 30n, WETH)])),
  };
  const plan = (change: Partial<typeof settings>) =>
    planner({ maxLegs: 1, ...change }).plan([due(three, A, B, C)], HEAD);
  expect((await plan({})).offers).toHaveLength(2);
  expect((await plan({ maxInFlight: 2 })).offers).toHaveLength(3);
  expect((await plan({ dryRun: true })).offers).toHaveLength(3);
});

test('says by claim why there is no plan, and asks nothing of the chain where nothing may be done', async () => {
  const { offers, without } = await planner().plan([due(first, C)], HEAD);
  expect(offers).toEqual([]);
  expect([...without]).toEqual([[accountClaim(keyOf(first), C), { reason: 'no legal liquidation' }]]);
  expect([reads, asked]).toEqual([[], []]);
  const both = await planner().plan([due(first, A, C)], HEAD);
  expect(labels(both.offers)).toEqual([[A]]);
  expect([...both.without.keys()]).toEqual([accountClaim(keyOf(first), C)]);
});

test('a least profit that nothing reaches is the reason, with its terms', async () => {
  const { offers, without } = await planner({ minProfit: 100n * ETHER }).plan([due(first, A)], HEAD);
  expect(offers).toEqual([]);
  const why = without.get(accountClaim(keyOf(first), A));
  expect(why?.reason).toMatch(/^pays \d+ wei after gas, less than --min-profit$/);
  expect(why?.terms?.bonus).toBe((4n * ETHER) / 10n);
});

const OPTIMISM = 10;
type Question = { functionName: string; args: readonly unknown[] };
const client = (answer: (question: Question) => Promise<unknown>) =>
  ({ readContract: answer }) as unknown as PublicClient;

test('where the chain does not tell what calldata costs nothing is planned, and that is why', async () => {
  const nothing = client(async () => {
    throw new ContractFunctionZeroDataError({ functionName: 'getL1Fee' });
  });
  const { offers, without } = await planner({}, { id: OPTIMISM, client: nothing }).plan([due(first, A)], HEAD);
  expect(offers).toEqual([]);
  expect(without.get(accountClaim(keyOf(first), A))?.reason).toMatch(
    /calldata is not known: getL1Fee .* answers nothing/,
  );
});

test('a node that fails is no reason, but an error', async () => {
  const failing = client(async () => {
    throw new Error('no node');
  });
  await expect(planner({}, { id: OPTIMISM, client: failing }).plan([due(first, A)], HEAD)).rejects.toThrow('no node');
});

test('what calldata costs is in the terms', async () => {
  // A gwei a byte of the transaction, and of an operator's fee 3 wei a unit of gas and 7 for the transaction.
  const dear = client(async ({ functionName, args }) =>
    functionName === 'getL1Fee' ? 10n ** 9n * BigInt(size(args[0] as Hex)) : 3n * (args[0] as bigint) + 7n,
  );
  const { offers } = await planner({}, { id: OPTIMISM, client: dear }).plan([due(first, A)], HEAD);
  const bytes = 230n + 113n + 79n + 40n;
  expect(offers[0]!.terms.l1).toBe(bytes * 10n ** 9n + offers[0]!.gas * 3n + 7n);
  expect(offers[0]!.terms.net).toBe(offers[0]!.terms.value - offers[0]!.terms.gasCost - offers[0]!.terms.l1);
});

test('prepare reads what planning needed before and what is near, and takes no notice of what fails', async () => {
  const { plan, prepare } = planner();
  await plan([due(first, A)], HEAD);
  const next = { ...HEAD, number: 7n, hash: numberToHex(7, { size: 32 }) };
  prepare([{ key: keyOf(first), assets: assetsOf(first) }], next, [[USD, BTC]]);
  await vi.waitFor(() => expect(reads).toHaveLength(2));
  expect(reads[1]).toEqual([nameOfPair([USD, WETH]), nameOfPair([USD, BTC])]);
  await plan([due(first, A)], next);
  expect(reads).toHaveLength(2);
  const failing = openPlanner({ settings, chain: { client: {} as PublicClient, id: 1, shown: 'one' } }, async () => {
    throw new Error('no node');
  });
  expect(() => failing.prepare([], next)).not.toThrow();
});

test('a unit of a base currency in wei: at once where the native coin is listed, else once something has been planned', async () => {
  const { plan, weiPerBase } = planner();
  expect(weiPerBase(open(first))).toBe(5e14);
  expect(weiPerBase(open(second))).toBeUndefined();
  await plan([due(first, A), due(second, B)], HEAD);
  expect(weiPerBase(open(second))).toBeCloseTo(1e18 / 6_000, -4);
});

test('without a factory of pools there is no planner', () => {
  const none = { uniswapV3Factory: undefined, uniswapV2Factory: [] };
  expect(() => planner(none)).toThrow('chain one has no preset for Uniswap: pass --uniswap-v3-factory');
  expect(() => planner({ ...none, uniswapV2Factory: [{ address: address(0x98), fee: 3_000 }] as never })).not.toThrow();
});
