import { type Address, encodeAbiParameters, getContractAddress, keccak256, zeroAddress } from 'viem';
import { npmArtifact } from './artifacts.ts';
import { type Priced, sqrtPriceX96 } from './prices.ts';
import type { Sender } from './sender.ts';
import {
  type AssetSymbol,
  approveByDeployer,
  type Listed,
  listed,
  mintListed,
  type Tokens,
  unitsOf,
} from './tokens.ts';

/** A pool of the lab, tokens in Uniswap's order, `fee` in hundredths of a bip. */
export type Pool = { token0: Address; token1: Address; fee: number; address: Address };

/** Addresses of the deployed Uniswap v3. */
export type Uniswap = { factory: Address; quoter: Address; router: Address; positionManager: Address; pools: Pool[] };

const POOLS: readonly [AssetSymbol, AssetSymbol, number][] = [
  ['WETH', 'USDC', 500],
  ['WETH', 'USDC', 3000],
  ['WETH', 'USDT', 500],
  ['WETH', 'DAI', 3000],
  ['WBTC', 'WETH', 500],
  ['WBTC', 'WETH', 3000],
  ['WBTC', 'USDC', 3000],
  ['WBTC', 'USDT', 3000],
  ['WBTC', 'DAI', 3000],
  ['USDC', 'USDT', 100],
  ['USDC', 'DAI', 100],
  ['DAI', 'USDT', 100],
];

const TICK_SPACING: Record<number, number> = { 100: 1, 500: 10, 3000: 60 };
const MAX_TICK = 887_272;

/**
 * Liquidity by the reserves it would have over all prices, whole USD a side. A sale of s moves the price by about
 * 2·s/reserves: $3M moves it by 0.33 % near the first price and by 1 % once the concentrated part is left behind.
 */
const FULL_RANGE_USD = 600_000_000;
const CONCENTRATED_USD = 1_200_000_000;
/** Half the width of the concentrated part: from half to twice the price, and 1 % for two stablecoins. */
const CONCENTRATED_TICKS = { volatile: 6_931, stable: 100 };

const core = (name: string) => npmArtifact(`@uniswap/v3-core/artifacts/contracts/${name}.sol/${name}.json`);
const periphery = (path: string, name: string) =>
  npmArtifact(`@uniswap/v3-periphery/artifacts/contracts/${path}${name}.sol/${name}.json`);

const managerArtifact = () => periphery('', 'NonfungiblePositionManager');

/** Deploys Uniswap v3 from its published bytecode and opens every pool at the oracle's price. */
export async function deployUniswap(sender: Sender, tokens: Tokens): Promise<Uniswap> {
  const { WETH } = tokens.tokens;
  const factoryArtifact = core('UniswapV3Factory');
  const factory = await sender.deploy(factoryArtifact);
  await sender.call(factory, factoryArtifact.abi, 'enableFeeAmount', [100, TICK_SPACING[100]]);
  const router = await sender.deploy(periphery('', 'SwapRouter'), [factory, WETH]);
  const quoter = await sender.deploy(periphery('lens/', 'QuoterV2'), [factory, WETH]);
  const positionManager = await sender.deploy(managerArtifact(), [factory, WETH, zeroAddress]);
  await approveByDeployer(sender, tokens, positionManager);

  const pools: Pool[] = [];
  for (const [a, b, fee] of POOLS) {
    const [first, second] = listed(tokens, [a, b]);
    pools.push(await openPool(sender, { factory, positionManager }, { pair: [first!, second!], fee, depth: 1 }));
  }
  return { factory, quoter, router, positionManager, pools };
}

type Opening = {
  /** In any order. */
  pair: readonly [Listed, Listed];
  /** In hundredths of a bip. */
  fee: number;
  /** Liquidity as a part of what the lab's first pools have. */
  depth: number;
};

/** Opens a pool at the oracle's price. The position manager must have the deployer's allowance of both tokens. */
export async function openPool(
  sender: Sender,
  { factory, positionManager }: Pick<Uniswap, 'factory' | 'positionManager'>,
  { pair: [a, b], fee, depth }: Opening,
): Promise<Pool> {
  const [first, second] = BigInt(a.address) < BigInt(b.address) ? [a, b] : [b, a];
  const [token0, token1] = [first.address, second.address];
  const { abi } = managerArtifact();
  const initial = sqrtPriceX96(first.asset, second.asset);
  await sender.call(positionManager, abi, 'createAndInitializePoolIfNecessary', [token0, token1, fee, initial], {
    gas: 6_000_000,
  });

  const spacing = TICK_SPACING[fee]!;
  const tick = tickOf(first.asset, second.asset);
  const half = fee === 100 ? CONCENTRATED_TICKS.stable : CONCENTRATED_TICKS.volatile;
  const ranges = [
    { lower: -floorTo(MAX_TICK, spacing), upper: floorTo(MAX_TICK, spacing), usd: depth * FULL_RANGE_USD },
    // Of the reserves over all prices a range of ±h ticks around the price holds 1 - 1/sqrt(1.0001^h).
    {
      lower: floorTo(tick - half, spacing),
      upper: floorTo(tick + half, spacing),
      usd: depth * CONCENTRATED_USD * (1 - 1.0001 ** (-half / 2)),
    },
  ];
  for (const { lower, upper, usd } of ranges) {
    const [amount0, amount1] = [unitsOf(first.asset, usd), unitsOf(second.asset, usd)];
    await mintListed(sender, first, amount0);
    await mintListed(sender, second, amount1);
    const position = [token0, token1, fee, lower, upper, amount0, amount1, 0n, 0n, sender.deployer, 2n ** 64n];
    await sender.call(positionManager, abi, 'mint', [mintParameters(position)]);
  }
  const types = [{ type: 'address' }, { type: 'address' }, { type: 'uint24' }] as const;
  const salt = keccak256(encodeAbiParameters(types, [token0, token1, fee]));
  const bytecodeHash = keccak256(core('UniswapV3Pool').bytecode);
  const address = getContractAddress({ opcode: 'CREATE2', from: factory, salt, bytecodeHash });
  return { token0, token1, fee, address };
}

const MINT_FIELDS = [
  'token0',
  'token1',
  'fee',
  'tickLower',
  'tickUpper',
  'amount0Desired',
  'amount1Desired',
  'amount0Min',
  'amount1Min',
  'recipient',
  'deadline',
] as const;

function mintParameters(values: readonly unknown[]) {
  return Object.fromEntries(MINT_FIELDS.map((field, i) => [field, values[i]]));
}

/** The tick nearest to the oracle's price; floats do, since only range borders depend on it. */
function tickOf(token0: Priced, token1: Priced): number {
  const ratio = Number(token0.price) / Number(token1.price);
  return Math.round(Math.log(ratio * 10 ** (token1.decimals - token0.decimals)) / Math.log(1.0001));
}

function floorTo(tick: number, spacing: number): number {
  return Math.floor(tick / spacing) * spacing;
}
