import type { Address } from 'viem';
import { lower } from './bytes.ts';

/** Names a market on a chain, in lower case: `aave-v3:0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2`. */
export type MarketKey = `${string}:${Address}`;

/**
 * The key of a protocol's market.
 *
 * @param address - of the contract that its legs call, in any case
 * @example
 * marketKey('aave-v3', '0x87870Bca3F3fD6335C3F4ce8392D69350B4fA4E2');
 * // 'aave-v3:0x87870bca3f3fd6335c3f4ce8392d69350b4fa4e2'
 */
export const marketKey = (protocol: string, address: Address): MarketKey => `${protocol}:${lower(address)}`;

/**
 * What a key is made of.
 *
 * @example
 * partsOf('aave-v3:0x87…').protocol; // 'aave-v3'
 */
export function partsOf(key: MarketKey): { protocol: string; address: Address } {
  const colon = key.indexOf(':');
  return { protocol: key.slice(0, colon), address: key.slice(colon + 1) as Address };
}

/**
 * The claim on an account, by which it is also set aside and found again: the market's key, then the account's.
 *
 * @example
 * accountClaim('aave-v3:0x87…', '0xab…'); // 'aave-v3:0x87…/account/0xab…'
 */
export const accountClaim = (market: MarketKey, key: Address): string => `${market}/account/${lower(key)}`;

/**
 * The market that a claim, a stock or a deal's id begins with.
 *
 * @example
 * marketOfClaim('aave-v3:0x87…/account/0xab…'); // 'aave-v3:0x87…'
 */
export const marketOfClaim = (claim: string): MarketKey => claim.slice(0, claim.indexOf('/')) as MarketKey;
