import {
  type Address,
  decodeFunctionResult,
  encodeFunctionData,
  encodePacked,
  getAddress,
  type Hex,
  maxUint256,
  type PublicClient,
  parseAbi,
  parseEventLogs,
} from 'viem';
import type { Route } from '../../keeper/src/venues/paths.ts';
import { findV3Pools } from '../../keeper/src/venues/pools.ts';
import type { V3Pool, V3State } from '../../keeper/src/venues/v3-pool.ts';
import { extend, readPools } from '../../keeper/src/venues/v3-read.ts';
import { type Actor, actor } from '../lab/actor.ts';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { npmArtifact } from '../lab/artifacts.ts';
import { labAddress } from '../lab/borrowers.ts';
import { mint } from '../lab/chain.ts';
import type { Random } from '../lab/random.ts';
import type { AssetSymbol } from '../lab/tokens.ts';

const quoterAbi = parseAbi([
  'function quoteExactInput(bytes path, uint256 amountIn) returns (uint256 amountOut, uint160[] prices, uint32[] crossed, uint256)',
  'function quoteExactOutput(bytes path, uint256 amountOut) returns (uint256 amountIn, uint160[] prices, uint32[] crossed, uint256)',
]);
const routerAbi = parseAbi([
  'struct Swap { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }',
  'function exactInputSingle(Swap) payable returns (uint256)',
]);
const swapAbi = parseAbi([
  'event Swap(address indexed sender, address indexed recipient, int256 amount0, int256 amount1, uint160 sqrtPriceX96, uint128 liquidity, int24 tick)',
]);
const erc20Abi = parseAbi(['function approve(address, uint256)']);

const { abi: managerAbi } = npmArtifact(
  '@uniswap/v3-periphery/artifacts/contracts/NonfungiblePositionManager.sol/NonfungiblePositionManager.json',
);

const SYMBOLS: readonly AssetSymbol[] = ['WETH', 'WBTC', 'USDC', 'DAI', 'USDT'];
/** Whole tokens that the trader has of each: more than any pool can take. */
const PURSE = 10n ** 12n;

/** A fork of the lab with a trader who has everything, and pools with many ticks. */
export type Rig = Lab & { trader: Actor; pools: V3Pool[] };

/** Opens the rig: to the lab's pools come one of a fee of 1 % whose liquidity has a gap, and positions of every width. */
export async function openRig(url: string, random: Random): Promise<Rig> {
  // A quote that drains a pool of narrow ticks takes more gas than a block has.
  const anvil = { autoImpersonate: true, disableBlockGasLimit: true, enableTxGasLimit: undefined };
  const lab = await forkLab({ url, anvil });
  const { uniswapV3, uniswapV2, tokens } = lab.directory;
  const trader = await actor(lab, labAddress(0, 'trader'));
  for (const symbol of SYMBOLS) {
    await mint(lab, symbol, trader.address, PURSE * 10n ** BigInt(tokens[symbol].decimals));
    for (const spender of [uniswapV3.positionManager, uniswapV3.router, uniswapV2.router]) {
      await trader.send(tokens[symbol].address, erc20Abi, 'approve', [spender, maxUint256]);
    }
  }
  const [gap0, gap1] = [tokens.WBTC.address, tokens.DAI.address].sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  const start = 1n << 96n;
  await trader.send(uniswapV3.positionManager, managerAbi, 'createAndInitializePoolIfNecessary', [
    gap0,
    gap1,
    10_000,
    start,
  ]);
  const addresses = SYMBOLS.map((symbol) => tokens[symbol].address);
  const pools = await findV3Pools(lab.client as unknown as PublicClient, uniswapV3.factory, addresses);

  const rig = { ...lab, trader, pools };
  const { states } = await readAll(lab, pools);
  for (const pool of pools) {
    const { tick, sqrtPriceX96 } = states.get(pool.address)!;
    if (pool.fee === 10_000) {
      await mintPosition(rig, pool, -2_000, -400, 0n, 10n ** 15n);
      await mintPosition(rig, pool, 600, 1_200, 10n ** 15n, 0n);
      await mintPosition(rig, pool, -200, 200, 10n ** 13n, 10n ** 13n);
      continue;
    }
    for (let i = 0; i < 6; i++) {
      const usable = (at: number) => Math.round(at / pool.tickSpacing) * pool.tickSpacing;
      const lower = usable(tick - random.logBetween(2, 6_000));
      const upper = Math.max(usable(tick + random.logBetween(2, 6_000)), lower + pool.tickSpacing);
      const amount1 = 10n ** 12n * BigInt(Math.floor(random.between(1, 1_000)));
      await mintPosition(rig, pool, lower, upper, (amount1 << 192n) / (sqrtPriceX96 * sqrtPriceX96) + 1n, amount1);
    }
  }
  return rig;
}

/** Gives liquidity between two ticks: as much as both amounts allow. */
export async function mintPosition(
  { trader, directory }: Rig,
  { token0, token1, fee }: V3Pool,
  tickLower: number,
  tickUpper: number,
  amount0Desired: bigint,
  amount1Desired: bigint,
): Promise<void> {
  const position = { token0, token1, fee, tickLower, tickUpper, amount0Desired, amount1Desired };
  const rest = { amount0Min: 0n, amount1Min: 0n, recipient: trader.address, deadline: 2n ** 64n };
  await trader.send(directory.uniswapV3.positionManager, managerAbi, 'mint', [{ ...position, ...rest }]);
}

/** All pools at the newest block. */
export async function readAll(
  lab: Pick<Lab, 'client'>,
  pools: readonly V3Pool[],
  states?: ReadonlyMap<Address, V3State>,
) {
  const block = await lab.client.getBlock();
  const read = await readPools(lab.client as unknown as PublicClient, pools, block, states ? { states } : {});
  return { ...read, block };
}

/** A state whose window holds all prices. */
export async function unbounded(lab: Pick<Lab, 'client'>, state: V3State, block: { hash: Hex }): Promise<V3State> {
  let wide = state;
  for (const zeroForOne of [true, false]) {
    for (let i = 0; i < 20; i++) {
      try {
        wide = await extend(lab.client as unknown as PublicClient, wide, zeroForOne, block);
      } catch (error) {
        if (/where all prices end/.test(String(error))) break;
        throw error;
      }
    }
  }
  return wide;
}

/** What QuoterV2 says of one route: the other side's amount, and the price each hop ends at; `undefined` where it reverts. */
export async function askQuoter(
  { client, directory }: Rig,
  { tokens }: Route,
  fees: readonly number[],
  amount: bigint,
  exact: 'in' | 'out',
): Promise<{ amount: bigint; prices: readonly bigint[] } | undefined> {
  const [along, feesAlong] = exact === 'in' ? [tokens, fees] : [tokens.toReversed(), fees.toReversed()];
  const path = encodePacked(['address', ...feesAlong.flatMap(() => ['uint24', 'address'])], [
    along[0]!,
    ...feesAlong.flatMap((fee, index) => [fee, along[index + 1]!]),
  ] as never);
  const functionName = exact === 'in' ? 'quoteExactInput' : 'quoteExactOutput';
  const data = encodeFunctionData({ abi: quoterAbi, functionName, args: [path, amount] });
  const { data: answer } = await client
    .call({ to: directory.uniswapV3.quoter, data, gas: 3_000_000_000n })
    .catch((error: Error) => {
      if (/revert/i.test(error.message)) return { data: undefined };
      throw error;
    });
  if (!answer) return undefined;
  const [other, prices] = decodeFunctionResult({ abi: quoterAbi, functionName, data: answer });
  return { amount: other, prices };
}

/** Sells through the real router, and returns what the pool did. */
export async function sell({ trader, directory }: Rig, pool: V3Pool, zeroForOne: boolean, amountIn: bigint) {
  const [tokenIn, tokenOut] = zeroForOne ? [pool.token0, pool.token1] : [pool.token1, pool.token0];
  const swap = { tokenIn, tokenOut, fee: pool.fee, recipient: trader.address, deadline: 2n ** 64n, amountIn };
  const { logs } = await trader.send(directory.uniswapV3.router, routerAbi, 'exactInputSingle', [
    { ...swap, amountOutMinimum: 0n, sqrtPriceLimitX96: 0n },
  ]);
  const [{ args, address } = { args: undefined, address: undefined }] = parseEventLogs({ abi: swapAbi, logs });
  if (!args || getAddress(address) !== pool.address) throw new Error(`the router did not swap in ${pool.address}`);
  const { amount0, amount1, sqrtPriceX96, liquidity, tick } = args;
  return zeroForOne
    ? { amountIn: amount0, amountOut: -amount1, sqrtPriceX96, liquidity, tick }
    : { amountIn: amount1, amountOut: -amount0, sqrtPriceX96, liquidity, tick };
}
