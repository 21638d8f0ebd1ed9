import type { Address } from 'viem';
import type { MarketPrices, PoolPrice } from '../prices/book.ts';
import type { Asset, View } from '../protocols/protocol.ts';
import { type PoolState, reservesOf } from '../venues/paths.ts';

/**
 * What a market's oracle says of its assets, and of the wrapped native token.
 *
 * @example
 * marketPrices(view, market.assets, weth).prices; // [{ token: weth, base: 2_000n * 10n ** 8n, decimals: 18 }, …]
 */
export function marketPrices(view: View, assets: readonly Asset[], native: Address): MarketPrices {
  const tokens = new Set([native, ...assets.map(({ address }) => address)]);
  const prices: MarketPrices['prices'][number][] = [];
  for (const token of tokens) {
    const price = view.price(token);
    if (price) prices.push({ token, ...price });
  }
  return { market: view.market, prices };
}

/**
 * What a pool trades near its price, its fee left out: the reserves of a constant-product pool of the same liquidity.
 *
 * @example
 * const { token0, amount0, token1, amount1 } = poolPrice(state);
 */
export function poolPrice(state: PoolState): PoolPrice {
  const [amount0, amount1] = reservesOf(state);
  return { token0: state.token0, amount0, token1: state.token1, amount1 };
}
