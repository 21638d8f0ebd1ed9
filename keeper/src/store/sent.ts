import type { Address } from 'viem';
import type { Leg } from '../contract/plan.ts';
import type { MarketKey } from './key.ts';

/** What a deal does: see `Deal` in protocols/protocol.ts. */
export type DealKind = 'liquidate' | 'absorb' | 'buy' | 'freeze' | 'confirm';

/** Whom a deal concerns: the account's 20 bytes in lower case, and what people call it. */
export type Subject = { key: Address; label: string };

/** What is kept of a deal: enough to say later what became of it, and of whom. */
export type SentDeal = {
  id: string;
  market: MarketKey;
  kind: DealKind;
  subjects: readonly Subject[];
  claims: readonly string[];
  /** What it was to spend and to gain, by token; absent where it does neither. */
  spend?: Address;
  gain?: Address;
};

/** A leg as it was sent, with the deals that were folded into it: plain data for the store. `round` counts from 0. */
export type Sent = { round: number; leg: Leg; deals: readonly SentDeal[] };
