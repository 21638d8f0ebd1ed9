import type { Address } from 'viem';
import { accountClaim, type MarketKey, marketKey } from '../../src/store/key.ts';
import type { Sent } from '../../src/store/sent.ts';

/** An address that ends in a number. */
export const address = (n: number): Address => `0x${n.toString(16).padStart(40, '0')}`;

export const POOL = address(0x900);
export const MARKET = marketKey('aave-v3', POOL);
export const [DEBT, COLLATERAL] = [address(0x111), address(0x222)];

/** The claim on the account of a number. */
export const claim = (n: number, market: MarketKey = MARKET): string => accountClaim(market, address(n));

/** A leg with one liquidation: the account's number, and its round. */
export function sentLeg(n: number, round = 0, market: MarketKey = MARKET): Sent {
  const leg = {
    protocol: 0,
    market: POOL,
    borrower: address(n),
    collateral: COLLATERAL,
    repay: 7n,
    extra: '0x' as const,
  };
  return {
    round,
    leg,
    deals: [
      {
        id: `${market}/${address(n)}#0`,
        market,
        kind: 'liquidate',
        subjects: [{ key: address(n), label: `account ${n}` }],
        claims: [accountClaim(market, address(n))],
        spend: DEBT,
        gain: COLLATERAL,
      },
    ],
  };
}
