import type { Address } from 'viem';
import type { Market, MarketState, Protocol } from '../protocols/protocol.ts';
import type { PriceOf } from './plan.ts';

const SCALE = 10n ** 18n;
const WEI = 10n ** 18n;

/**
 * Prices in the native coin out of the market's own prices, rounded down: wei times 1e18 for one smallest unit.
 *
 * @param nativeBase - base currency for one native coin
 */
export function pricesIn(
  protocol: Protocol,
  market: Market,
  state: MarketState,
  native: { token: Address; base: bigint },
): PriceOf {
  return (token) => {
    if (token === native.token) return SCALE;
    const price = protocol.price(market, state, token);
    return price && (price.base * WEI * SCALE) / (native.base * 10n ** BigInt(price.decimals));
  };
}
