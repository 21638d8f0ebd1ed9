import { encodeAbiParameters, type Hex, zeroAddress } from 'viem';
import type { Offer } from '../../src/planning/offer.ts';
import { type LaterWorth, settled } from '../../src/planning/terms.ts';
import type { Deal } from '../../src/protocols/protocol.ts';
import type { Sent } from '../../src/store/sent.ts';
import { COLLATERAL, DEBT, POOL } from './sent.ts';

/** What `execute` returns, as a node gives it. */
export const brings = (value: bigint): Hex => encodeAbiParameters([{ type: 'uint256' }], [value]);

const dealOf = (sent: Sent): Deal[] =>
  sent.deals.map(({ spend, gain, ...deal }) => ({
    ...{ ...deal, draws: [], gas: 0n, bytes: 0, detail: null },
    ...{ spend: { asset: DEBT, amount: 1n, inHand: 1n }, gain: { asset: COLLATERAL, amount: 1n } },
  }));

type Changes = { value?: bigint; laters?: LaterWorth[]; later?: bigint; smallest?: bigint; anew?: Offer['anew'] };

/**
 * An offer of these legs, each in a round of its own, that is expected to burn 1,000 gas at 1 wei. Anew, it is made of those of its
 * legs whose claims are given.
 */
export function offer(sent: readonly Sent[], changes: Changes = {}): Offer {
  const { value = 10_000n, laters = [], later = 0n, smallest = value / 2n } = changes;
  const worth = {
    value,
    bonus: value,
    flashFee: 0n,
    impact: 0n,
    later,
    gasCost: 1_000n,
    l1: 0n,
    tip: 0n,
    lossCost: 0n,
  };
  const leg = (each: Sent) => ({ ...each.leg, collateral: COLLATERAL });
  const round = { funding: 1, source: POOL, debtToken: DEBT, amount: 1n, maxPay: 1n, extra: '0x' as const, swaps: [] };
  const anew: Offer['anew'] =
    changes.anew ??
    ((claims, legs = sent.length) => {
      const some = sent.filter(({ deals }) => deals.every((deal) => deal.claims.every((each) => claims.has(each))));
      const share = BigInt(Math.min(legs, some.length));
      return some.length === 0
        ? []
        : [offer(some.slice(0, legs), { value: (value * share) / BigInt(sent.length), laters, later })];
    });
  return {
    rounds: sent.map(dealOf),
    sent,
    ways: ['flash swap'],
    plan: {
      ...{ validUntil: 999n, floor: 0n, tip: 0n, weth: zeroAddress },
      tokens: [DEBT, COLLATERAL].map((token) => ({ token, price: 1n })),
      rounds: sent.map((each) => ({ ...round, legs: [leg(each)] })),
    },
    terms: settled(worth),
    laters,
    gas: 1_000n,
    gasPrice: 1n,
    smallest,
    anew,
    anewOnPending: async (claims) => anew(claims),
  };
}
