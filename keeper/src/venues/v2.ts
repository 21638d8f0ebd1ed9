import { type Address, parseAbi } from 'viem';
import { type Answer, type Call, orElse } from '../chain/view.ts';
import { FEE_UNIT } from './v3-math.ts';
import type { Quote } from './v3-pool.ts';

/**
 * A pair of Uniswap v2 or a fork: `token0 < token1`, `fee` in hundredths of a bip (3,000 for 0.3 %, the same whether the
 * fork writes it as 3/1000 or 30/10000).
 */
export type V2Pair = { address: Address; token0: Address; token1: Address; fee: number };

/** A pair at one block, or after a swap that was quoted; reserves in smallest units. */
export type V2State = V2Pair & { venue: 'uniswapV2'; reserve0: bigint; reserve1: bigint };

/** A pair's balances must fit 112 bits, or its swap reverts. */
const MAX_RESERVE = (1n << 112n) - 1n;

const pairAbi = parseAbi(['function getReserves() view returns (uint112, uint112, uint32)']);

/**
 * What selling exactly `amount` gives, rounded down (`getAmountOut` of the router's library).
 *
 * `undefined` where the pair's swap would revert: nothing comes out, or its balance would outgrow 112 bits. Supposes a
 * token that arrives whole.
 *
 * @example
 * quoteV2ExactIn(pair, true, 10n ** 18n)?.amountOut; // smallest units of token1
 */
export function quoteV2ExactIn(pair: V2State, zeroForOne: boolean, amount: bigint): Quote<V2State> | undefined {
  const [reserveIn, reserveOut] = reserves(pair, zeroForOne);
  if (amount <= 0n) return undefined;
  const afterFee = amount * (FEE_UNIT - BigInt(pair.fee));
  const amountOut = (afterFee * reserveOut) / (reserveIn * FEE_UNIT + afterFee);
  return moved(pair, zeroForOne, amount, amountOut);
}

/**
 * What getting exactly `amount` costs, rounded up and one more (`getAmountIn` of the router's library). `undefined` where
 * the pair has not that much, or its swap would revert.
 *
 * @example
 * quoteV2ExactOut(pair, true, 2_000n * 10n ** 6n)?.amountIn; // smallest units of token0
 */
export function quoteV2ExactOut(pair: V2State, zeroForOne: boolean, amount: bigint): Quote<V2State> | undefined {
  const [reserveIn, reserveOut] = reserves(pair, zeroForOne);
  if (amount <= 0n || amount >= reserveOut) return undefined;
  const amountIn = (reserveIn * amount * FEE_UNIT) / ((reserveOut - amount) * (FEE_UNIT - BigInt(pair.fee))) + 1n;
  return moved(pair, zeroForOne, amountIn, amount);
}

const reserves = ({ reserve0, reserve1 }: V2State, zeroForOne: boolean) =>
  zeroForOne ? ([reserve0, reserve1] as const) : ([reserve1, reserve0] as const);

function moved(pair: V2State, zeroForOne: boolean, amountIn: bigint, amountOut: bigint): Quote<V2State> | undefined {
  const [reserveIn, reserveOut] = reserves(pair, zeroForOne);
  const [newIn, newOut] = [reserveIn + amountIn, reserveOut - amountOut];
  if (amountOut === 0n || newIn > MAX_RESERVE) return undefined;
  const [reserve0, reserve1] = zeroForOne ? [newIn, newOut] : [newOut, newIn];
  return { status: 'full', amountIn, amountOut, after: { ...pair, reserve0, reserve1 }, crossed: 0 };
}

/** Pairs as they are at a block, and why others are left out. */
type PairsRead = { states: Map<Address, V2State>; leftOut: Map<Address, string> };

/**
 * What to ask of pairs, in their order; {@link pairsRead} takes the answers.
 *
 * @example
 * const { states } = pairsRead(pairs, await readTogether(client, pairCalls(pairs), block));
 */
export const pairCalls = (pairs: readonly V2Pair[]): Call[] =>
  pairs.map(({ address }) => ({ address, abi: pairAbi, functionName: 'getReserves' }));

/**
 * A pair that does not answer or is empty is left out, with the reason.
 *
 * @example
 * pairsRead(pairs, answers).leftOut.get(pairs[0]!.address); // 'it is empty'
 */
export function pairsRead(pairs: readonly V2Pair[], answers: readonly Answer[]): PairsRead {
  const states = new Map<Address, V2State>();
  const leftOut = new Map<Address, string>();
  for (const [index, pair] of pairs.entries()) {
    const answer = orElse<readonly [bigint, bigint, number] | undefined>(answers[index], undefined);
    if (!answer) leftOut.set(pair.address, 'its reserves cannot be read');
    else if (answer[0] === 0n || answer[1] === 0n) leftOut.set(pair.address, 'it is empty');
    else states.set(pair.address, { ...pair, venue: 'uniswapV2', reserve0: answer[0], reserve1: answer[1] });
  }
  return { states, leftOut };
}
