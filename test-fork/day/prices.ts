import { encodeFunctionData, parseAbi } from 'viem';
import type { Lab } from '../lab/anvil.ts';
import { sqrtPriceX96 } from '../lab/prices.ts';
import { type Random, random } from '../lab/random.ts';
import { type AssetSymbol, assets, symbols } from '../lab/tokens.ts';
import { type Call, PROVIDER } from './people.ts';

/** Prices in USD with 8 decimals. */
export type Prices = Record<AssetSymbol, bigint>;

const abi = parseAbi([
  'function set(int256 price)',
  'function latestAnswer() view returns (int256)',
  'function slot0() view returns (uint160, int24, uint16, uint16, uint16, uint8, bool)',
  'struct Swap { address tokenIn; address tokenOut; uint24 fee; address recipient; uint256 deadline; uint256 amountIn; uint256 amountOutMinimum; uint160 sqrtPriceLimitX96; }',
  'function exactInputSingle(Swap) payable returns (uint256)',
]);

/** How deep each falls, and how often in a day. */
const FALLS = { WETH: [0.17, 1.5], WBTC: [0.14, 2.5] } as const;
export type Moving = keyof typeof FALLS;

/** What an asset costs at every block of a day: waves with noise, so that accounts go under all day long. */
export function pricePath(seed: number, symbol: Moving, blocks: number): bigint[] {
  const rng: Random = random(seed ^ (symbol.length * 7_919 + symbol.charCodeAt(1)));
  const [depth, times] = FALLS[symbol];
  return Array.from({ length: blocks }, (_, block) => {
    const wave = (depth * (1 - Math.cos((2 * Math.PI * times * block) / blocks))) / 2;
    const factor = 1 - wave + rng.between(-0.015, 0.015);
    return (assets[symbol].price * BigInt(Math.round(factor * 1e6))) / 1_000_000n;
  });
}

/** What the oracle says at the newest block. */
export async function pricesNow({ client, directory }: Lab): Promise<Prices> {
  const contracts = symbols.map(
    (symbol) => ({ address: directory.feeds[symbol], abi, functionName: 'latestAnswer' }) as const,
  );
  const answers = await client.multicall({ allowFailure: false, contracts });
  return Object.fromEntries(symbols.map((symbol, index) => [symbol, answers[index]!])) as Prices;
}

/** The feed's new price, and the trades that bring every pool of the token there. */
export async function priceCalls(lab: Lab, now: Prices, symbol: Moving, price: bigint): Promise<Call[]> {
  const { client, directory } = lab;
  const { pools, router } = directory.uniswapV3;
  const prices = { ...now, [symbol]: price };
  const own = directory.tokens[symbol].address;
  const concerned = pools.filter(({ token0, token1 }) => token0 === own || token1 === own);
  const slots = await client.multicall({
    allowFailure: false,
    contracts: concerned.map(({ address }) => ({ address, abi, functionName: 'slot0' }) as const),
  });
  const named = (address: string) => symbols.find((each) => directory.tokens[each].address === address)!;
  const set = encodeFunctionData({ abi, functionName: 'set', args: [price] });
  const calls: Call[] = [{ from: PROVIDER, to: directory.feeds[symbol], data: set }];
  concerned.forEach(({ token0, token1, fee }, index) => {
    const [first, second] = [named(token0), named(token1)];
    const priced = (each: AssetSymbol) => ({ decimals: assets[each].decimals, price: prices[each] });
    const target = sqrtPriceX96(priced(first), priced(second));
    const current = slots[index]![0];
    if (current === target) return;
    // Selling token0 lowers the price of the pool; the limit stops the swap where it should end.
    const [sold, bought] = target < current ? [first, second] : [second, first];
    const swap = {
      ...{ tokenIn: directory.tokens[sold].address, tokenOut: directory.tokens[bought].address, fee },
      ...{ recipient: PROVIDER, deadline: 2n ** 64n, amountOutMinimum: 0n, sqrtPriceLimitX96: target },
      amountIn: (10n ** 17n * 10n ** BigInt(assets[sold].decimals)) / assets[sold].price,
    };
    const data = encodeFunctionData({ abi, functionName: 'exactInputSingle', args: [swap] });
    calls.push({ from: PROVIDER, to: router, data });
  });
  return calls;
}
