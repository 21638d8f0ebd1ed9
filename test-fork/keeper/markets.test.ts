import { type Address, erc20Abi, getAddress, type Hash, type Hex, parseAbi, parseEventLogs } from 'viem';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { liquidatorAbi } from '../../keeper/src/bindings.ts';
import { mineUntilAllDone, taken } from '../harness/blocks.ts';
import type { KeeperProcess } from '../harness/keeper.ts';
import { borrowersOf, following, MARKETS, type MarketName, poolsOf } from '../harness/markets.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { type PricedSymbol, setPrices, tokenOf } from '../lab/chain.ts';
import { random } from '../lab/random.ts';

/** `pnpm test:long` takes five. */
const SEEDS = process.env.LONG === 'true' ? [1, 2, 3, 4, 5] : [1, 2];
const SYMBOLS: readonly PricedSymbol[] = ['WETH', 'WBTC', 'USDC', 'DAI', 'USDT', 'LINK'];
/** Whole USD, before the falls. */
const USUAL = { WETH: 2_000, WBTC: 60_000, LINK: 15 };
type Volatile = keyof typeof USUAL;
/** Whole USD that may be borrowed against one, nearly. */
const LENT: Record<Volatile, number> = { WETH: 1_600, WBTC: 43_200, LINK: 9.75 };
const LONGS: Record<MarketName, readonly (readonly [Volatile, PricedSymbol])[]> = {
  aave: [
    ['WETH', 'USDC'],
    ['WBTC', 'DAI'],
  ],
  aaveSecond: [
    ['WBTC', 'USDT'],
    ['LINK', 'DAI'],
  ],
  aaveV30: [
    ['WETH', 'USDT'],
    ['WBTC', 'USDC'],
  ],
};
const feedAbi = parseAbi(['function latestAnswer() view returns (int256)']);

let scene: Scene;
let pools: Record<MarketName, Address>;
/** One a market; the first of them also watches all by itself. */
let operators: { key: Hex; operator: Address }[];
let running: { keeper: KeeperProcess; operator: Address }[] = [];
beforeAll(async () => {
  scene = await openScene(inject('labUrl'), { others: MARKETS.length - 1 });
  pools = poolsOf(scene);
  operators = [scene, ...scene.others].map(({ key, operator }) => ({ key, operator }));
});
afterAll(() => scene?.stop());
afterEach(endAll);

async function endAll(): Promise<void> {
  for (const { keeper } of running) keeper.child.kill('SIGKILL');
  await Promise.all(running.map(({ keeper }) => keeper.ended));
  running = [];
  await scene.client.setAutomine(true);
}

/** Starts keepers side by side, each with an operator of its own, and waits until each follows what it is to watch. */
async function startAll(watching: readonly (readonly Address[])[]): Promise<void> {
  await scene.client.setAutomine(false);
  running = watching.map((markets, index) => {
    const { key, operator } = operators[index]!;
    return { keeper: scene.keeper([], undefined, { markets, key }), operator };
  });
  await Promise.all(running.map(({ keeper }, index) => following(keeper, watching[index]!.length)));
  await Promise.all(running.map(({ keeper }) => taken(scene, keeper)));
}

/** Wei: all that the treasury has, at the oracle's prices, and the operators' ether, which pays for gas. */
async function wealth(): Promise<bigint> {
  const { client, directory, treasury } = scene;
  const tokens = SYMBOLS.map((symbol) => tokenOf(directory, symbol));
  const held = { abi: erc20Abi, functionName: 'balanceOf', args: [treasury] } as const;
  const [balances, prices, ether] = await Promise.all([
    client.multicall({ allowFailure: false, contracts: tokens.map(({ address }) => ({ ...held, address })) }),
    client.multicall({
      allowFailure: false,
      contracts: tokens.map(({ feed }) => ({ address: feed, abi: feedAbi, functionName: 'latestAnswer' }) as const),
    }),
    Promise.all(operators.map(({ operator }) => client.getBalance({ address: operator }))),
  ]);
  const native = prices[SYMBOLS.indexOf('WETH')]!;
  const worth = tokens.map(({ decimals }, i) => (balances[i]! * prices[i]! * 10n ** BigInt(18 - decimals)) / native);
  return [...worth, ...ether].reduce((sum, part) => sum + part, 0n);
}

/** Falls of everything volatile, each of its own; USD with 8 decimals. */
function fallOf(seed: number): Record<Volatile, bigint> {
  const rng = random(seed);
  const fallen = Object.entries(USUAL).map(([symbol, usd]) => [
    symbol,
    BigInt(Math.round(usd * rng.between(0.83, 0.93) * 1e8)),
  ]);
  return Object.fromEntries(fallen);
}

/** Opens accounts beside the lab's own in each market, of random sizes, near what they may borrow. */
async function openMore(seed: number): Promise<void> {
  const rng = random(seed + 100);
  for (const name of MARKETS) {
    for (const [index, [asset, owed]] of LONGS[name].entries()) {
      const debt = Math.floor(rng.logBetween(20_000, 400_000));
      const wanted = { collateral: { [asset]: debt / LENT[asset] }, debt: { [owed]: debt }, pool: pools[name] };
      await openAccount(scene, `seed ${seed} ${name} ${index}`, wanted);
    }
  }
}

/** Of a transaction, the markets in which it liquidated. */
async function marketsOf(hash: Hash): Promise<Address[]> {
  const { logs } = await scene.client.getTransactionReceipt({ hash });
  const own = logs.filter(({ address }) => getAddress(address) === getAddress(scene.liquidator));
  const landed = parseEventLogs({ abi: liquidatorAbi, logs: own, eventName: 'Liquidated' });
  return [...new Set(landed.map(({ args }) => args.market))];
}

/** What keepers of these markets make of a fall, after gas, wei; and of each transaction that landed its markets. */
async function earned(
  fall: Record<Volatile, bigint>,
  watching: readonly (readonly Address[])[],
): Promise<{ profit: bigint; landed: Address[][] }> {
  return scene.undone(async () => {
    // The treasury is empty, so that prices do not matter to what there is before.
    const before = await wealth();
    await startAll(watching);
    await setPrices(scene, fall);
    await mineUntilAllDone(scene, running);
    const lines = running.flatMap(({ keeper }) => keeper.lines.filter(({ msg }) => msg === 'landed'));
    const hashes = [...new Set(lines.map(({ hash }) => hash as Hash))];
    const result = { profit: (await wealth()) - before, landed: await Promise.all(hashes.map(marketsOf)) };
    await endAll();
    return result;
  });
}

test('the markets of the lab have borrowers in each and nobody in two, and the second lists nothing native', async () => {
  const everybody = MARKETS.flatMap((name) => borrowersOf(scene, name));
  expect(new Set(everybody).size).toBe(everybody.length);
  for (const name of MARKETS) expect(borrowersOf(scene, name).length).toBeGreaterThanOrEqual(20);
  const abi = parseAbi(['function getReservesList() view returns (address[])']);
  const call = { address: pools.aaveSecond, abi, functionName: 'getReservesList' } as const;
  const listed = await scene.client.readContract(call);
  const of = (symbol: PricedSymbol) => tokenOf(scene.directory, symbol).address;
  expect([...listed].sort()).toEqual((['WBTC', 'DAI', 'USDT', 'LINK'] as const).map(of).sort());
});

describe.each(SEEDS)('everything volatile falls, seed %i', (seed) => {
  test('one keeper of three markets earns no less after gas than three of one', async () => {
    const fall = fallOf(seed);
    const [one, three] = await scene.undone(async () => {
      await openMore(seed);
      const all = MARKETS.map((name) => pools[name]);
      return [
        await earned(fall, [all]),
        await earned(
          fall,
          all.map((pool) => [pool]),
        ),
      ];
    });
    console.log(`markets, seed ${seed}: one keeper ${one!.profit} wei, three keepers ${three!.profit} wei`);
    expect(three!.profit).toBeGreaterThan(0n);
    expect(new Set(three!.landed.flat()).size).toBe(MARKETS.length);
    expect(one!.profit).toBeGreaterThanOrEqual(three!.profit);
    expect(new Set(one!.landed.flat()).size).toBe(MARKETS.length);
  });
});

test('what is due in several markets and fits a transaction goes in one', async () => {
  const fall = { WETH: 1_880n * 10n ** 8n, WBTC: 55_800n * 10n ** 8n, LINK: 1_395n * 10n ** 6n };
  const { landed } = await scene.undone(async () => {
    await openMore(11);
    return earned(fall, [MARKETS.map((name) => pools[name])]);
  });
  expect(landed.some((markets) => markets.length >= 2)).toBe(true);
  expect(new Set(landed.flat()).size).toBeGreaterThanOrEqual(2);
});
