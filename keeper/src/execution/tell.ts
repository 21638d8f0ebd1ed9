import type { Hash, TransactionReceipt } from 'viem';
import type { Offer } from '../planning/offer.ts';
import type { Terms, Without } from '../planning/terms.ts';
import type { Flight, LaneEvent } from './flight.ts';
import type { About, Withdrawn } from './ledger.ts';
import type { Straits } from './means.ts';
import type { Outcome } from './outcomes.ts';

/** What a plan comes to: its gas, and every term of its worth. */
export type Figures = { gas: bigint; terms: Terms };

/** What execution tells, to whoever shows it to people. */
export type Tell = {
  /** Nothing is done about a claim for now. */
  setAside(claim: string, without: Without): void;
  /** These have changed: a reason that comes again is news. */
  forget(claims: Iterable<string>): void;
  /** So many offers wait, as no more may be on their way; they are planned anew at the next head. */
  waiting(count: number): void;
  /** What would be sent if this were no dry run. */
  wouldSend(offer: Offer, expected: Figures): void;
  /** A plan whose rehearsal failed; its bundles are tried one by one. */
  takenApart(offer: Offer, reason: string): void;
  sent(offer: Offer, hash: Hash, rehearsed: Figures): void;
  /** An earlier run sent this, and it is still on its way. */
  takenUp(flight: Flight<About>): void;
  lane(event: LaneEvent<About>): void;
  /** What keeps plans small, or back; `undefined` where nothing does any more. */
  straits(now: Straits | undefined): void;
  /** A plan ended, and none of its own transactions was mined. */
  withdrawn(about: About, state: Withdrawn, reason: string): void;
  /** A plan was mined: this is what became of each leg. */
  outcome(about: About, receipt: TransactionReceipt, outcome: Outcome): void;
};
