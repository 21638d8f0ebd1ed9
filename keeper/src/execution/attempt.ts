import type { Address, LocalAccount } from 'viem';
import type { Head } from '../chain/head.ts';
import { describeError } from '../log/describe-error.ts';
import { planGasLimit } from '../planning/gas.ts';
import type { Offer } from '../planning/offer.ts';
import type { Without } from '../planning/terms.ts';
import { claimsOf } from './claims.ts';
import type { DispatcherState } from './dispatcher-state.ts';
import { meansAt } from './means.ts';
import { isTooDear } from './purse.ts';
import { split } from './split.ts';
import { type Rehearsed, tryOut } from './try-out.ts';

/** Who sends, and to what. */
type Parties = { operator: LocalAccount; liquidator: Address };

/**
 * Whether no more may be on its way.
 *
 * @example
 * if (isFull(state)) tell.waiting(offers.length);
 */
export const isFull = ({ lane, maxInFlight }: DispatcherState): boolean =>
  lane !== undefined && lane.inFlight().filter(({ unresolved }) => !unresolved).length >= maxInFlight;

/**
 * Nothing is done about these claims for now, and why.
 *
 * @example
 * setAside(state, claimsOf(offer.sent), { reason: 'reverted: ReservePaused()' }, head);
 */
export function setAside(
  { ledger, tell }: DispatcherState,
  claims: Iterable<string>,
  without: Without,
  head: Head,
): void {
  for (const claim of claims) {
    ledger.setAside(claim, without.reason, head);
    tell.setAside(claim, without);
  }
}

/** How often what may cost too much is made smaller at one head. */
const MOST_CUTS = 6;

/**
 * Rehearses an offer and sends it. Where it does not do what it should, it is taken apart and what is left of it is tried, at the
 * same head; of a single leg the claims are set aside. What may cost more than there is to spend is planned anew, smaller.
 *
 * @param cuts - how often it was made smaller already
 * @example
 * for (const offer of offers) if (!isFull(state)) await attempt(state, offer, head);
 */
export async function attempt(state: DispatcherState, offer: Offer, head: Head, cuts = 0): Promise<void> {
  const { operator, liquidator, tell, lane } = state;
  if (!operator || !liquidator) return tell.wouldSend(offer, offer);
  lane?.prepare(head);
  // Less than it was planned with where an offer before it is on its way.
  const most = await meansAt(state, head);
  if (offer.gas > planGasLimit(most)) return attemptSmaller(state, offer, head, cuts);
  const rehearsal = (alone: Offer) => tryOut(state, alone, { from: operator.address, to: liquidator, most });
  const tried = await rehearsal(offer);
  if (!('reason' in tried)) return send(state, offer, tried, head, { operator, liquidator, cuts });
  if (offer.sent.length === 1) return setAside(state, claimsOf(offer.sent), tried, head);
  tell.takenApart(offer, tried.reason);
  const { offers, failing } = await split(offer, async (alone) => {
    const found = await rehearsal(alone);
    return 'reason' in found ? found : undefined;
  });
  for (const [claim, without] of failing) setAside(state, [claim], without, head);
  for (const [index, each] of offers.entries()) {
    if (isFull(state)) return tell.waiting(offers.length - index);
    await attempt(state, each, head, cuts);
  }
}

/** As much of an offer as there is money for now, at the same head. The rest is due again at the next. */
async function attemptSmaller(state: DispatcherState, offer: Offer, head: Head, cuts: number): Promise<void> {
  const most = await meansAt(state, head);
  if (cuts >= MOST_CUTS || most === 0n) return;
  const offers = offer.anew(claimsOf(offer.sent), undefined, most);
  for (const [index, each] of offers.entries()) {
    if (isFull(state)) return state.tell.waiting(offers.length - index);
    await attempt(state, each, head, cuts + 1);
  }
}

async function send(
  state: DispatcherState,
  offer: Offer,
  { data, gas, limit, terms, budget }: Rehearsed,
  head: Head,
  { operator, liquidator, cuts }: Parties & { cuts: number },
): Promise<void> {
  const { lane, ledger, tell } = state;
  if (!lane) return tell.wouldSend(offer, { gas, terms });
  const { value } = terms;
  const shipment = { to: liquidator, data, value, gas, budget };
  const kept = { ...shipment, operator: operator.address, validUntil: offer.plan.validUntil };
  const about = ledger.planned(offer.sent, kept);
  try {
    const hash = await lane.send({ ...shipment, limit, about }, head);
    ledger.sent(about);
    tell.sent(offer, hash, { gas, terms });
  } catch (error) {
    const reason = describeError(error, state.errors);
    ledger.withdrawn(about, 'expired', reason);
    if (isTooDear(error)) return attemptSmaller(state, offer, head, cuts);
    setAside(state, claimsOf(offer.sent), { reason }, head);
  }
}
