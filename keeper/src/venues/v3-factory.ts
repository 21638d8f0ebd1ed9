import { type Address, type PublicClient, toFunctionSelector } from 'viem';
import { findV3Pools, v3Tiers } from './pools.ts';

/** What a pool of Uniswap v3 calls back when it lends or trades: the only doors of that kind that the Liquidator has. */
const CALLBACKS = ['uniswapV3SwapCallback(int256,int256,bytes)', 'uniswapV3FlashCallback(uint256,uint256,bytes)'];
const DOORS = CALLBACKS.map((signature) => ({
  name: signature.slice(0, signature.indexOf('(')),
  // A compiled call holds the selector as it is.
  bytes: toFunctionSelector(`function ${signature}`).slice(2),
}));

/** Tokens to look for a pool between before all are asked for: the first of a market's are its oldest. */
const FEW = 8;

/**
 * Why the pools of a factory cannot fund or sell here: nothing is there, it is no factory of Uniswap v3, it has no pool between the
 * tokens, or its pools call back by other names, as those of PancakeSwap do.
 *
 * @param tokens - of all markets, and the wrapped native token; without any, pools are not looked for
 * @returns what follows the address in a sentence; `undefined` where all is well
 * @throws the node's error when it fails
 * @example
 * await whyNoV3Factory(client, pancakeFactory, [weth, usdc]); // 'is no Uniswap v3: its pools do not call uniswapV3SwapCallback'
 */
export async function whyNoV3Factory(
  client: PublicClient,
  factory: Address,
  tokens: readonly Address[],
): Promise<string | undefined> {
  if (!(await client.getCode({ address: factory }))) return 'has no code';
  if ((await v3Tiers(client, factory)).length === 0) return 'is no Uniswap v3 factory: it knows no fee';
  if (tokens.length < 2) return undefined;
  const between = (some: readonly Address[]) => findV3Pools(client, factory, some);
  const pool = (await between(tokens.slice(0, FEW)))[0] ?? (await between(tokens))[0];
  if (!pool) return "has no pool between any two of the markets' tokens";
  const code = (await client.getCode({ address: pool.address })) ?? '';
  const missing = DOORS.find(({ bytes }) => !code.includes(bytes));
  return missing && `is no Uniswap v3: its pools do not call ${missing.name}`;
}
