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
/** How often an offer is planned anew within a head before its bundles are sent one by one. */
const REPLANS = 2;
/** How often an offer was made smaller, and planned anew, already. */
type Tries = { cuts: number; replans: number };

/**
 * Rehearses an offer and sends it. One that lost legs, or whose prices have moved under it, is planned anew at the same head, on the
 * pools that the rehearsal ran on and without what fails; what falls short again and again goes out bundle by bundle, the best
 * first. Of a single leg that fails the claims are set aside. What may cost more than there is to spend is planned anew, smaller.
 *
 * @example
 * for (const offer of offers) if (!isFull(state)) await attempt(state, offer, head);
 */
export async function attempt(
  state: DispatcherState,
  offer: Offer,
  head: Head,
  tries: Tries = { cuts: 0, replans: 0 },
): Promise<void> {
  const { operator, liquidator, tell, lane } = state;
  if (!operator || !liquidator) return tell.wouldSend(offer, offer);
  lane?.prepare(head);
  // Less than it was planned with where an offer before it is on its way.
  const most = await meansAt(state, head);
  if (offer.gas > planGasLimit(most)) return attemptSmaller(state, offer, head, tries);
  const parties = { operator, liquidator };
  const rehearsal = (one: Offer) => tryOut(state, one, { from: operator.address, to: liquidator, most });
  const tried = await rehearsal(offer);
  if (!('reason' in tried)) return send(state, offer, tried, head, { ...parties, tries });
  if (offer.sent.length === 1) return setAside(state, claimsOf(offer.sent), tried, head);
  tell.takenApart(offer, tried.reason);
  // What a run tells of its legs, or what running the bundles alone shows.
  const { failing, alone } = tried.missed ? { ...tried.missed, alone: undefined } : await split(offer, rehearsal);
  for (const [claim, why] of failing) setAside(state, [claim], why, head);
  // The node does not tell of legs, none fails, and it pays.
  if (failing.size === 0 && alone && tried.paying) return send(state, offer, tried.paying, head, { ...parties, tries });
  const isLast = tries.replans >= REPLANS;
  const next = isLast ? (alone ?? (await split(offer, rehearsal)).alone) : await leftOf(offer, failing);
  await attemptAll(state, next, head, { ...tries, replans: tries.replans + 1 });
}

/** One after the other, as many as may be on their way. */
async function attemptAll(state: DispatcherState, offers: readonly Offer[], head: Head, tries: Tries): Promise<void> {
  for (const [index, each] of offers.entries()) {
    if (isFull(state)) return state.tell.waiting(offers.length - index);
    await attempt(state, each, head, tries);
  }
}

/** As much of an offer as there is money for now, at the same head. The rest is due again at the next. */
async function attemptSmaller(state: DispatcherState, offer: Offer, head: Head, tries: Tries): Promise<void> {
  const most = await meansAt(state, head);
  if (tries.cuts >= MOST_CUTS || most === 0n) return;
  const offers = offer.anew(claimsOf(offer.sent), undefined, most);
  await attemptAll(state, offers, head, { ...tries, cuts: tries.cuts + 1 });
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
  { operator, liquidator, tries }: Parties & { tries: Tries },
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
    if (isTooDear(error)) return attemptSmaller(state, offer, head, tries);
    setAside(state, claimsOf(offer.sent), { reason }, head);
  }
}
