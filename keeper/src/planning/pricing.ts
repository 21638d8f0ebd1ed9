import type { Address } from 'viem';
import type { Market, MarketState, Protocol } from '../protocols/protocol.ts';

/** Wei of the native coin, times 1e18, for one smallest unit of a token; `undefined` without a price. */
export type PriceOf = (token: Address) => bigint | undefined;

/** What {@link PriceOf} is in: wei times this. */
export const PRICE_SCALE = 10n ** 18n;
const WEI = 10n ** 18n;

/**
 * Prices in the native coin out of the market's own prices, rounded down: wei times 1e18 for one smallest unit.
 *
 * @param native - the wrapped native token, and base currency for one native coin
 */
export function pricesIn(
  protocol: Protocol,
  market: Market,
  state: MarketState,
  native: { token: Address; base: bigint },
): PriceOf {
  const known = new Map<Address, bigint | undefined>([[native.token, PRICE_SCALE]]);
  return (token) => {
    if (known.has(token)) return known.get(token);
    const price = protocol.price(market, state, token);
    const found = price && (price.base * WEI * PRICE_SCALE) / (native.base * 10n ** BigInt(price.decimals));
    known.set(token, found);
    return found;
  };
}
