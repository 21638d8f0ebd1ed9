import {
  type Address,
  encodeAbiParameters,
  erc20Abi,
  type Hash,
  type Hex,
  keccak256,
  parseAbi,
  parseEventLogs,
  zeroAddress,
  zeroHash,
} from 'viem';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { readTally } from '../../keeper/src/contract/plan.ts';
import { agreeWithChain, type Row, rowOf } from '../demo/check.ts';
import { endOf, mineUntilDone } from '../harness/blocks.ts';
import { openAccount, openScene, type Scene } from '../harness/scene.ts';
import { stablesEMode } from '../lab/aave.ts';
import { healthOf, setPrice } from '../lab/chain.ts';
import type { AssetSymbol } from '../lab/tokens.ts';

const WAD = 10n ** 18n;
const factoryAbi = parseAbi(['function getPool(address, address, uint24) view returns (address)']);
const eventsAbi = parseAbi([
  'event PlanExecuted(address indexed operator, uint256 value, uint256 tally, (address token, uint256 amount)[] profits)',
  'event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)',
]);

let scene: Scene;
let withWbtc: Address;
let inEMode: Address;

beforeAll(async () => {
  scene = await openScene(inject('labUrl'));
  // Larger than any of the lab's, so that its liquidation is worth most.
  withWbtc = await openAccount(scene, 'with wbtc', { collateral: { WBTC: 40 }, debt: { USDC: 1_720_000 } });
  inEMode = await openAccount(scene, 'in eMode', {
    collateral: { USDT: 1_000_000 },
    debt: { DAI: 900_000 },
    eMode: stablesEMode.id,
  });
  await scene.client.setAutomine(false);
});
afterAll(() => scene?.stop());

test('no pool of the pair: a flash swap over two pools, with WETH between', () =>
  scene.undone(async () => {
    const { client, directory } = scene;
    await hidePools('WBTC', 'USDC');
    await setPrice(scene, 'WBTC', 54_000n * 10n ** 8n);
    const [health] = await healthOf(scene, [withWbtc]);
    expect(health!.healthFactor).toBeLessThan(WAD);
    const fromBlock = await client.getBlockNumber({ cacheTime: 0 });

    // One at a time: what the treasury gets in a block is then of one plan.
    const keeper = scene.keeper(['--max-in-flight', '1', '--max-legs', '1']);
    await keeper.waitFor(({ msg, account }) => msg === 'sent' && account === withWbtc);
    await client.mine({ blocks: 1 });
    const row = rowOf(await keeper.waitFor(({ msg, account }) => msg === 'landed' && account === withWbtc));
    expect([row.debt, row.collateral]).toEqual(['USDC', 'WBTC']);
    await agreeWithChain(scene, [row], fromBlock + 1n);
    expect(await endOf(scene, keeper)).toBe(0);

    const { logs, blockNumber } = await client.getTransactionReceipt({ hash: row.hash });
    const events = parseEventLogs({ abi: eventsAbi, logs });
    const swapped = events.filter(({ eventName }) => eventName === 'Swap').map(({ address }) => pairOf(address));
    expect(swapped).toEqual([
      ['WBTC', 'WETH'],
      ['USDC', 'WETH'],
    ]);
    const plans = events.filter((event) => event.eventName === 'PlanExecuted');
    expect(plans).toHaveLength(1);
    expect(readTally(plans[0]!.args.tally).flashFee).toBe(0n);

    expect(Object.keys(row.profit)).toContain('WBTC');
    const { address } = directory.tokens.WBTC;
    const held = (at: bigint) =>
      client.readContract({
        address,
        abi: erc20Abi,
        functionName: 'balanceOf',
        args: [scene.treasury],
        blockNumber: at,
      });
    expect((await held(blockNumber)) - (await held(blockNumber - 1n))).toBe(row.profit.WBTC);
  }));

test('an account in eMode: seized with the bonus of its category', () =>
  scene.undone(async () => {
    const price = 94_000_000n;
    await setPrice(scene, 'USDT', price);
    const [health] = await healthOf(scene, [inEMode]);
    expect(health!.currentLiquidationThreshold).toBe(BigInt(stablesEMode.threshold));
    expect(health!.healthFactor).toBeLessThan(WAD);
    expect(health!.healthFactor * 100n).toBeGreaterThan(95n * WAD);
    const fromBlock = await scene.client.getBlockNumber({ cacheTime: 0 });

    const keeper = scene.keeper(['--max-in-flight', '24', '--max-legs', '1']);
    await keeper.waitFor(({ msg }) => msg === 'every borrower is read');
    await mineUntilDone(scene, keeper);
    expect(await endOf(scene, keeper)).toBe(0);

    const rows: Row[] = keeper.lines.filter(({ msg }) => msg === 'landed').map(rowOf);
    await agreeWithChain(scene, rows, fromBlock + 1n);
    const [row, ...more] = rows.filter(({ account }) => account === inEMode);
    expect(more).toEqual([]);
    expect([row!.debt, row!.collateral]).toEqual(['DAI', 'USDT']);
    // Aave's formula; USDT pays no protocol fee. DAI has 18 decimals and a price of $1, USDT has 6.
    const worth = (row!.repaid * 10n ** 8n * 10n ** 6n) / (price * WAD);
    // Its percentages are rounded half up.
    expect(row!.seized).toBe((worth * BigInt(stablesEMode.bonus) + 5_000n) / 10_000n);
    expect(row!.profit.USDT).toBeGreaterThan(0n);
    expect(row!.profit.USDT).toBeLessThan(row!.seized / 100n);
  }));

/** Makes the factory forget every pool of a pair, as if nobody had opened one. */
async function hidePools(a: AssetSymbol, b: AssetSymbol): Promise<void> {
  const { client, directory } = scene;
  const { factory, pools } = directory.uniswapV3;
  const tokens = [directory.tokens[a].address, directory.tokens[b].address];
  const fees = pools.filter(({ token0, token1 }) => tokens.includes(token0) && tokens.includes(token1));
  expect(fees.length).toBeGreaterThan(0);
  for (const { fee, address, token0, token1 } of fees) {
    for (const [first, second] of [
      [token0, token1],
      [token1, token0],
    ] as const) {
      const getPool = () =>
        client.readContract({ address: factory, abi: factoryAbi, functionName: 'getPool', args: [first, second, fee] });
      expect(await getPool()).toBe(address);
      await client.setStorageAt({ address: factory, index: poolSlot(first, second, fee), value: zeroHash });
      expect(await getPool()).toBe(zeroAddress);
    }
  }
}

/** Where UniswapV3Factory keeps `getPool[a][b][fee]`: the mapping is its slot 5. */
function poolSlot(a: Address, b: Address, fee: number): Hash {
  const entry = (type: 'address' | 'uint24', key: Address | number, mapping: Hex) =>
    keccak256(encodeAbiParameters([{ type }, { type: 'bytes32' }], [key as never, mapping]));
  const mapping = encodeAbiParameters([{ type: 'uint256' }], [5n]);
  return entry('uint24', fee, entry('address', b, entry('address', a, mapping)));
}

/** The symbols of a pool's tokens, in the order of the alphabet. */
function pairOf(pool: Address): string[] {
  const { tokens, uniswapV3 } = scene.directory;
  const known = uniswapV3.pools.find(({ address }) => address.toLowerCase() === pool.toLowerCase())!;
  return Object.entries(tokens)
    .filter(([, { address }]) => [known.token0, known.token1].includes(address))
    .map(([symbol]) => symbol)
    .sort();
}
