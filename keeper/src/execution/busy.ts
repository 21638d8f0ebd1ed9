import type { Address } from 'viem';
import type { MarketKey } from '../store/markets.ts';
import type { Flight } from './lane.ts';
import type { About } from './ledger.ts';

/** The accounts of a market that something on its way is about, lower case. */
export function busyIn(flights: readonly Pick<Flight<About>, 'about'>[], market: MarketKey): ReadonlySet<Address> {
  const legs = flights.flatMap(({ about }) => (sameMarket(about.market, market) ? about.legs : []));
  return new Set(legs.map(({ account }) => account.toLowerCase() as Address));
}

const sameMarket = (a: MarketKey, b: MarketKey) =>
  a.protocol === b.protocol && a.address.toLowerCase() === b.address.toLowerCase();
