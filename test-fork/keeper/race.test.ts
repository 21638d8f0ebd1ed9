import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, encodeFunctionData, isAddressEqual, parseAbi, parseEventLogs } from 'viem';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { type Call, RIVAL, sendCalls, wakePeople } from '../day/people.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import { openScene, type Scene } from '../harness/scene.ts';
import { forkLab } from '../lab/anvil.ts';
import { setPrice } from '../lab/chain.ts';
import { type Random, random } from '../lab/random.ts';
import { type AssetSymbol, assets } from '../lab/tokens.ts';

// A node that mines when it is told, in the order that transactions came to it, two seconds after the head.

const abi = parseAbi([
  'event LiquidationCall(address indexed collateralAsset, address indexed debtAsset, address indexed user, uint256 debtToCover, uint256 liquidatedCollateralAmount, address liquidator, bool receiveAToken)',
  'function liquidationCall(address collateral, address debt, address user, uint256 debtToCover, bool receiveAToken)',
  'function getAssetPrice(address) view returns (uint256)',
  'struct Swap { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }',
  'function exactInputSingle(Swap) payable returns (uint256)',
]);
const SEEDS = process.env.LONG === 'true' ? 20 : 2;
const WAIT = 2_000;
const MAX = 2n ** 256n - 1n;

let scene: Scene;
beforeAll(async () => {
  const lab = await forkLab({ url: inject('labUrl'), anvil: { autoImpersonate: true, order: 'fifo' } });
  scene = await openScene(lab);
  await scene.client.setAutomine(false);
  await wakePeople(scene);
});
afterAll(() => scene?.stop());

/** One liquidation of ours: whom, what it brought at the head's prices (USD, 8 decimals), and what was repaid for what. */
type Taken = { user: Address; bonus: bigint; debt: Address; collateral: Address };

/** Lets ether fall before a keeper, and lets `act` go on from there; tells what is taken of ours in the next block. */
async function taken(
  seed: number,
  act: (keeper: KeeperProcess) => Promise<KeeperProcess>,
  flags: readonly string[] = [],
) {
  return scene.undone(async (): Promise<Taken[]> => {
    const { client, directory } = scene;
    const watching = await ready(flags);
    await setPrice(scene, 'WETH', priceOf(seed));
    const head = await client.getBlockNumber({ cacheTime: 0 });
    const keeper = await act(watching);
    await sleep(WAIT);
    await end(keeper);
    await client.mine({ blocks: 1 });
    const logs = await client.getLogs({ address: directory.aave.pool, fromBlock: head + 1n });
    const ours = parseEventLogs({ abi, logs, eventName: 'LiquidationCall' }).filter(({ args }) =>
      isAddressEqual(args.liquidator, scene.liquidator),
    );
    return Promise.all(ours.map(({ args }) => takenOf(args)));
  });
}

async function ready(flags: readonly string[] = []): Promise<KeeperProcess> {
  const keeper = scene.keeper(['--store', 'memory', ...flags]);
  await keeper.waitFor(({ msg }) => msg === 'every borrower is read');
  return keeper;
}

async function end({ child, ended }: KeeperProcess): Promise<void> {
  child.kill('SIGKILL');
  await ended;
}

type Event = {
  user: Address;
  debtAsset: Address;
  collateralAsset: Address;
  debtToCover: bigint;
  liquidatedCollateralAmount: bigint;
};

async function takenOf({ user, debtAsset, collateralAsset, ...event }: Event): Promise<Taken> {
  const worth = async (asset: Address, amount: bigint) => (amount * (await priceAt(asset))) / 10n ** decimalsOf(asset);
  const bonus =
    (await worth(collateralAsset, event.liquidatedCollateralAmount)) - (await worth(debtAsset, event.debtToCover));
  return { user, bonus, debt: debtAsset, collateral: collateralAsset };
}

const priceAt = (asset: Address) => {
  const { oracle } = scene.directory.aave;
  return scene.client.readContract({ address: oracle, abi, functionName: 'getAssetPrice', args: [asset] });
};

function symbolOf(asset: Address): AssetSymbol {
  const { tokens } = scene.directory;
  return (Object.keys(assets) as AssetSymbol[]).find((symbol) => isAddressEqual(tokens[symbol].address, asset))!;
}
const decimalsOf = (asset: Address): bigint => BigInt(assets[symbolOf(asset)].decimals);

/** Between 40 and 60 of the lab's accounts are under water at these. */
const priceOf = (seed: number): bigint => BigInt(Math.round(random(seed).between(1_600, 1_720) * 1e8));

/** Takes one account with money of its own, and sells some ether in the pool that the keeper sells in too. */
function rivals({ user, debt, collateral }: Taken, rng: Random): Call[] {
  const { aave, tokens, uniswapV3 } = scene.directory;
  const [weth, usdc] = [tokens.WETH.address, tokens.USDC.address];
  const pool = uniswapV3.pools.find(
    ({ token0, token1 }) => [token0, token1].includes(weth) && [token0, token1].includes(usdc),
  )!;
  const amountIn = BigInt(Math.round(rng.between(5, 40) * 1e6)) * 10n ** 12n;
  const swap = {
    ...{ tokenIn: weth, tokenOut: usdc, fee: pool.fee, recipient: RIVAL, deadline: MAX, amountIn },
    ...{ amountOutMinimum: 0n, sqrtPriceLimitX96: 0n },
  };
  const tip = 10n ** 9n;
  const take = encodeFunctionData({ abi, functionName: 'liquidationCall', args: [collateral, debt, user, MAX, false] });
  const sell = encodeFunctionData({ abi, functionName: 'exactInputSingle', args: [swap] });
  return [
    { from: RIVAL, to: aave.pool, data: take, tip },
    { from: RIVAL, to: uniswapV3.router, data: sell, tip },
  ];
}

const sum = (rows: readonly Taken[]) => rows.reduce((total, { bonus }) => total + bonus, 0n);
/** At least 99 % of a bonus. */
const nearly = (bonus: bigint) => (bonus * 99n) / 100n;

describe.each(Array.from({ length: SEEDS }, (_, index) => index + 1))('a crash of seed %i', (seed) => {
  let alone: Taken[];
  beforeAll(async () => {
    alone = await taken(seed, async (keeper) => keeper);
    expect(alone.length).toBeGreaterThan(30);
  }, 120_000);

  test('a rival who stands before the batch with one account takes that account alone', async () => {
    const rng = random(seed);
    const prey = alone[Math.floor(rng.next() * alone.length)]!;
    const calls = rivals(prey, rng);
    const rest = await taken(seed, async (keeper) => {
      await sendCalls(scene, calls);
      return keeper;
    });
    expect(rest.map(({ user }) => user)).not.toContain(prey.user);
    expect(sum(rest)).toBeGreaterThanOrEqual(nearly(sum(alone.filter(({ user }) => user !== prey.user))));
  }, 120_000);

  test('a transaction of our own that stands before the batch costs less than a hundredth', async () => {
    const one = ['--max-legs', '1', '--max-in-flight', '1'];
    let first: LogLine | undefined;
    const both = await taken(
      seed,
      async (keeper) => {
        first = await keeper.waitFor(({ msg }) => msg === 'sent');
        await end(keeper);
        // With the same key, and no memory of what waits in the node.
        return ready();
      },
      one,
    );
    expect(both[0]!.user).toBe(first!.account);
    expect(sum(both)).toBeGreaterThanOrEqual(nearly(sum(alone)));
  }, 120_000);
});
