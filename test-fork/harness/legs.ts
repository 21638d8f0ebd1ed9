import type { Address } from 'viem';
import type { Sent } from '../../keeper/src/store/sent.ts';

/** Whom a leg that was sent is about, what it repays and what it seizes. */
export type FlyingLeg = { account: Address; debt: Address; collateral: Address };

/** Of legs as the store keeps them. */
export const flyingLegs = (legs: readonly Sent[]): FlyingLeg[] =>
  legs.map(({ leg, deals }) => ({ account: leg.borrower, debt: deals[0]!.spend!, collateral: leg.collateral }));
