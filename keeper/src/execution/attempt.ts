import type { Address, LocalAccount } from 'viem';
import type { Head } from '../chain/head.ts';
import { describeError } from '../log/describe-error.ts';
import type { Offer } from '../planning/offer.ts';
import type { Without } from '../planning/terms.ts';
import { claimsOf } from './claims.ts';
import type { DispatcherState } from './dispatcher-state.ts';
import { type Apart, split } from './split.ts';
import { type Failed, type Rehearsed, tryOut } from './try-out.ts';

/** Who sends, and to what. */
type Parties = { operator: LocalAccount; liquidator: Address };

/**
 * Whether no more may be on its way.
 *
 * @example
 * if (isFull(state)) tell.waiting(offers.length);
 */
export const isFull = ({ lane, maxInFlight }: DispatcherState): boolean =>
  lane !== undefined && lane.inFlight().length >= maxInFlight;

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

/** How often an offer is planned anew within a head before its bundles are sent one by one. */
const REPLANS = 2;

/**
 * Rehearses an offer and sends it. One that lost legs, or whose prices have moved under it, is planned anew at the same head, on the
 * pools that the rehearsal ran on and without what fails; what falls short again and again goes out bundle by bundle, the best
 * first. Of a single leg that fails the claims are set aside.
 *
 * @param replans - how often it was planned anew so far
 * @example
 * for (const offer of offers) if (!isFull(state)) await attempt(state, offer, head);
 */
export async function attempt(state: DispatcherState, offer: Offer, head: Head, replans = 0): Promise<void> {
  const { operator, liquidator, tell, lane } = state;
  if (!operator || !liquidator) return tell.wouldSend(offer, offer);
  lane?.prepare(head);
  const parties = { operator, liquidator };
  const tried = await rehearsal(state, offer, head, parties);
  if (!('reason' in tried)) return send(state, offer, tried, head, parties);
  if (offer.sent.length === 1) return setAside(state, claimsOf(offer.sent), tried, head);
  tell.takenApart(offer, tried.reason);
  const { failing, alone } = await foundIn(state, offer, tried, head, parties);
  for (const [claim, why] of failing) setAside(state, [claim], why, head);
  // The node does not tell of legs, none fails, and it pays.
  if (failing.size === 0 && alone && tried.paying) return send(state, offer, tried.paying, head, parties);
  const next =
    replans < REPLANS ? await leftOf(offer, failing) : (alone ?? (await apart(state, offer, head, parties)).alone);
  for (const [index, each] of next.entries()) {
    if (isFull(state)) return tell.waiting(next.length - index);
    await attempt(state, each, head, replans + 1);
  }
}

const rehearsal = (state: DispatcherState, offer: Offer, head: Head, { operator, liquidator }: Parties) =>
  tryOut(state, offer, { from: operator.address, to: liquidator, blockGasLimit: head.gasLimit });

/** What of an offer fails, by its claims: as its run told, else found by running its bundles alone. */
async function foundIn(
  state: DispatcherState,
  offer: Offer,
  { missed }: Failed,
  head: Head,
  parties: Parties,
): Promise<Apart> {
  return missed ? { failing: missed.failing, alone: undefined } : apart(state, offer, head, parties);
}

function apart(
  state: DispatcherState,
  offer: Offer,
  head: Head,
  parties: Parties,
): Promise<Apart & { alone: Offer[] }> {
  return split(offer, (one) => rehearsal(state, one, head, parties));
}

/** The best plans of what does not fail. */
function leftOf({ rounds, anewOnPending }: Offer, failing: ReadonlyMap<string, Without>): Promise<Offer[]> {
  const claims = rounds.flat().flatMap((deal) => deal.claims);
  return anewOnPending(new Set(claims.filter((claim) => !failing.has(claim))));
}

async function send(
  state: DispatcherState,
  offer: Offer,
  { data, gas, limit, terms, budget }: Rehearsed,
  head: Head,
  { operator, liquidator }: Parties,
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
    setAside(state, claimsOf(offer.sent), { reason }, head);
  }
}
