import { type Address, encodeAbiParameters, keccak256, zeroAddress } from 'viem';
import { npmArtifact } from '../artifacts.ts';
import type { LabDirectory } from '../directory.ts';
import { sqrtPriceX96 } from '../prices.ts';
import type { Sender } from '../sender.ts';
import { approveByDeployer, assets, give, type Tokens, unitsFor } from '../tokens.ts';

/** Whole USD on either side of a pool's liquidity, which lies over all prices. */
const POOL_USD = 300_000_000;
const MAX_TICK = 887_272;

const artifact = (name: string) => npmArtifact(`@uniswap/v4-core/out/${name}.sol/${name}.json`);

/**
 * Deploys Uniswap v4's PoolManager, and the two routers its authors test with, from the bytecode in `@uniswap/v4-core`
 * (solc 0.8.26): pools without hooks for WETH/USDC at 0.05 % and native ether/USDC at 0.3 %.
 */
export async function deployUniswapV4(sender: Sender, tokens: Tokens): Promise<LabDirectory['uniswapV4']> {
  const poolManager = await sender.deploy(artifact('PoolManager'), [sender.deployer]);
  const swapRouter = await sender.deploy(artifact('PoolSwapTest'), [poolManager]);
  const liquidityRouter = await sender.deploy(artifact('PoolModifyLiquidityTest'), [poolManager]);
  await approveByDeployer(sender, tokens, liquidityRouter, ['WETH', 'USDC']);
  const { WETH } = tokens.tokens;
  const at = { poolManager, liquidityRouter };
  const pools = {
    WETH_USDC: await openPool(sender, tokens, { ...at, ether: WETH, fee: 500, tickSpacing: 10 }),
    ETH_USDC: await openPool(sender, tokens, { ...at, ether: zeroAddress, fee: 3000, tickSpacing: 60 }),
  };
  return { poolManager, swapRouter, liquidityRouter, pools };
}

type Opening = {
  poolManager: Address;
  liquidityRouter: Address;
  /** WETH, or the zero address for native ether. */
  ether: Address;
  fee: number;
  tickSpacing: number;
};

async function openPool(sender: Sender, tokens: Tokens, opening: Opening) {
  const { poolManager, liquidityRouter, ether, fee, tickSpacing } = opening;
  const { USDC } = tokens.tokens;
  const etherFirst = BigInt(ether) < BigInt(USDC);
  const [currency0, currency1] = etherFirst ? [ether, USDC] : [USDC, ether];
  const [symbol0, symbol1] = etherFirst ? (['WETH', 'USDC'] as const) : (['USDC', 'WETH'] as const);
  const price = sqrtPriceX96(assets[symbol0], assets[symbol1]);
  const key = { currency0, currency1, fee, tickSpacing, hooks: zeroAddress };
  await sender.call(poolManager, artifact('PoolManager').abi, 'initialize', [key, price]);

  await give(sender, tokens, 'USDC', sender.deployer, POOL_USD * 1.01);
  if (ether !== zeroAddress) await give(sender, tokens, 'WETH', sender.deployer, POOL_USD * 1.01);
  const edge = Math.floor(MAX_TICK / tickSpacing) * tickSpacing;
  // Over all prices, L = amount0 · sqrt(price) within a hair.
  const liquidityDelta = (unitsFor(symbol0, POOL_USD) * price) >> 96n;
  const change = { tickLower: -edge, tickUpper: edge, liquidityDelta, salt: `0x${'0'.repeat(64)}` };
  const value = ether === zeroAddress ? unitsFor('WETH', POOL_USD * 1.01) : 0n;
  const { abi } = artifact('PoolModifyLiquidityTest');
  // The contract has an overload; the shorter one is meant.
  await sender.call(liquidityRouter, abi, 'modifyLiquidity', [key, change, '0x'], { value });
  return { ...key, id: poolId(currency0, currency1, fee, tickSpacing) };
}

/** The hash PoolManager files a pool without hooks under. */
function poolId(currency0: Address, currency1: Address, fee: number, tickSpacing: number) {
  const types = ['address', 'address', 'uint24', 'int24', 'address'].map((type) => ({ type }));
  return keccak256(encodeAbiParameters(types, [currency0, currency1, fee, tickSpacing, zeroAddress]));
}
