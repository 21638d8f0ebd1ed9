import { MAX_TICK, MIN_TICK, sqrtRatioAtTick } from './v3-math.ts';
import type { V3State } from './v3-pool.ts';

const Q96 = 2 ** 96;
const WORD_BITS = 256;

/** Stretches of constant liquidity between the ends of the window and its ticks, ascending; square roots of prices. */
export type Curve = { bounds: Float64Array; liquidity: Float64Array };

/** Quotes move a pool along the same ticks. */
const curves = new WeakMap<V3State['ticks'], Curve>();

const stretchOf = ({ ticks, tick }: V3State): number => {
  let below = 0;
  while (below < ticks.length && ticks[below]!.index <= tick) below++;
  return below;
};

/**
 * The curve that a pool moves along; it is the same after a quote.
 *
 * @example
 * const { bounds, liquidity } = curveOf(state); // liquidity[i] lies between bounds[i] and bounds[i + 1]
 */
export function curveOf(state: V3State): Curve {
  const known = curves.get(state.ticks);
  if (known) return known;
  const { ticks, words, tickSpacing } = state;
  const end = (word: number) => {
    const tick = word * WORD_BITS * tickSpacing;
    return Number(sqrtRatioAtTick(Math.max(MIN_TICK, Math.min(MAX_TICK, tick)))) / Q96;
  };
  const bounds = [end(words.from), ...ticks.map(({ sqrtPriceX96 }) => Number(sqrtPriceX96) / Q96), end(words.to + 1)];
  const at = stretchOf(state);
  let first = state.liquidity;
  for (let below = at; below > 0; below--) first -= ticks[below - 1]!.liquidityNet;
  const liquidity = [first];
  for (const [below, { liquidityNet }] of ticks.entries()) liquidity.push(liquidity[below]! + liquidityNet);
  const curve = { bounds: Float64Array.from(bounds), liquidity: Float64Array.from(liquidity, Number) };
  curves.set(ticks, curve);
  return curve;
}

/**
 * Where a pool stands on its curve: square root of the price, and the stretch that it is in.
 *
 * @example
 * const [sqrtPrice, stretch] = standingOf(state);
 */
export const standingOf = (state: V3State): [number, number] => [Number(state.sqrtPriceX96) / Q96, stretchOf(state)];
