import type { Address, Hash, Hex } from 'viem';
import type { Head } from '../chain/head.ts';
import { packedIn, unpackPlan } from '../contract/unpack.ts';
import type { Attempt, AttemptState } from '../store/attempts.ts';
import { type MarketKey, marketOfClaim } from '../store/key.ts';
import type { LegOutcome } from '../store/outcome.ts';
import type { Sent } from '../store/sent.ts';
import type { StandingState } from '../store/standings.ts';
import type { Store } from '../store/store.ts';
import { claimsOf } from './claims.ts';
import type { Flight } from './flight.ts';
import { endOfAll, type Outcome } from './outcomes.ts';
import { type Measured, sharesOf } from './shares.ts';

/** What a transaction is about: `id` is its attempt's. */
export type About = { id: number; legs: readonly Sent[] };

/** How a plan ends that no receipt of its own tells of. */
export type Withdrawn = Extract<AttemptState, 'replaced' | 'expired' | 'cancelled'>;

/** What became of every plan and every claim, kept: each is in one state, and a crash between two is resolved from the chain. */
export type Ledger = {
  /** What the last run had signed and not seen the end of; what it had not signed never was. */
  resume(): Flight<About>[];
  /** A plan becomes an attempt, before it is signed. */
  planned(legs: readonly Sent[], terms: PlannedTerms): About;
  /** A version is signed and about to go out. */
  save(flight: Flight<About>): void;
  sent(about: About): void;
  /** A transaction of it was mined. */
  mined(about: About, outcome: Outcome, mined: MinedAs): void;
  /** None of its own transactions was mined. @param mined - where an empty transaction of ours used its nonce */
  withdrawn(about: About, state: Withdrawn, reason: string, mined?: MinedAs): void;
  /** What the tokens of a plan are worth by itself: wei times 1e18 for one smallest unit. */
  pricesOf(about: About): ReadonlyMap<Address, bigint>;
  /** Its block is no longer on the chain. @param cancelling - why it was being taken back, if it was */
  unwound(about: About, cancelling: string | undefined): void;
  /** Nothing to do for a claim now; it is looked at again later, later each time the same is said of it. */
  setAside(claim: string, reason: string, head: Head): void;
  /** Those of the claims that may be looked at: they are not set aside, or their time has come. */
  due(claims: readonly string[], head: Head): string[];
  /** Claims of what has changed: what was said of them holds no longer. */
  forget(claims: Iterable<string>): void;
  /** The claims of a market that are set aside. */
  asideIn(market: MarketKey): string[];
};

/** What a plan promises. Wei, gas, seconds. */
export type PlannedTerms = Pick<Attempt, 'operator' | 'to' | 'data' | 'value' | 'gas' | 'budget' | 'validUntil'>;

/** Where and at what price (wei) a transaction was mined. */
export type MinedAs = { hash: Hash; block: bigint; time: bigint; gas: bigint; cost: bigint };

/** Blocks until a claim is looked at again after the very same was said of it 1, 2, 3, ... times. */
const RETRY_AFTER = [1n, 1n, 1n, 2n, 2n, 4n];

type Aside = { reason: string; times: number; retryBlock: bigint };
type Books = { store: Store; operator: Address | undefined; aside: Map<string, Aside> };

/**
 * The ledger of a store.
 *
 * @param operator - whose transactions are resumed; in a dry run nobody's
 * @example
 * const ledger = openLedger(store, operator.address);
 * const about = ledger.planned(offer.sent, { operator, to, data, value, gas, budget, validUntil });
 * ledger.sent(about);
 */
export function openLedger(store: Store, operator: Address | undefined): Ledger {
  const aside = new Map<string, Aside>();
  for (const { claim, state, reason, retryBlock } of store.standings.all()) {
    if (state === 'set aside' && retryBlock !== undefined)
      aside.set(claim, { reason: reason ?? '', times: 1, retryBlock });
  }
  const books: Books = { store, operator, aside };
  return {
    resume: () => resume(books),
    planned: (legs, terms) => planned(books, legs, terms),
    save: ({ about, nonce, hashes, signed, fees, sentAt, budget, cancelling }) =>
      store.attempts.update(about.id, { nonce, hashes, signed, fees, sentAt, budget, reason: cancelling }),
    sent: (about) => sent(books, about),
    mined: (about, outcome, at) => mined(books, about, outcome, at),
    withdrawn: (about, state, reason, at) => withdrawn(books, about, state, reason, at),
    pricesOf: ({ id }) => pricesIn(store.attempts.get(id)!.data),
    unwound: (about, cancelling) => unwound(books, about, cancelling),
    setAside: (claim, reason, head) => setAside(books, claim, reason, head),
    due: (claims, { number }) => claims.filter((claim) => number >= (aside.get(claim)?.retryBlock ?? 0n)),
    forget: (claims) => forget(books, claims),
    asideIn: (market) => [...aside.keys()].filter((claim) => marketOfClaim(claim) === market),
  };
}

function resume(books: Books): Flight<About>[] {
  const { store, operator } = books;
  if (!operator) return [];
  return store.attempts.open(operator).flatMap((attempt) => {
    const flight = flightOf(attempt);
    if (flight) return [flight];
    withdrawn(books, attempt, 'expired', 'the keeper ended before it was signed');
    return [];
  });
}

/** All claims of a plan stand in one place. */
function mark(books: Books, { legs }: About, state: StandingState, reason?: string): void {
  for (const claim of claimsOf(legs)) stand(books, claim, state, reason);
}

function stand({ store, aside }: Books, claim: string, state: StandingState, reason?: string): void {
  aside.delete(claim);
  store.standings.set(claim, { state, reason });
}

function planned(books: Books, legs: readonly Sent[], terms: PlannedTerms): About {
  const { store } = books;
  return store.atomic(() => {
    const about = { id: store.attempts.insert({ legs, ...terms }), legs };
    mark(books, about, 'planned');
    return about;
  });
}

function sent(books: Books, about: About): void {
  const { store } = books;
  store.atomic(() => {
    store.attempts.update(about.id, { state: 'sent' });
    mark(books, about, 'sent');
  });
}

function mined(books: Books, about: About, outcome: Outcome, { hash, block, time, gas, cost }: MinedAs): void {
  const { store } = books;
  const { state, reason, legs, value } = outcome;
  const outcomes = legs.map(({ measured, ...told }) => told);
  store.atomic(() => {
    store.attempts.update(about.id, {
      state,
      reason,
      outcomes,
      gas,
      cost,
      ...(state === 'landed' ? { value } : {}),
    });
    for (const { leg, share, measured } of landedOf(outcome, { gas, cost })) {
      const { profits, value, gasCost } = share;
      const market = about.legs[leg]!.deals[0]!.market;
      store.liquidations.add({ hash, leg, market, ...measured, profits, value, gasCost, block, time });
    }
    for (const [index, outcome] of outcomes.entries()) markLeg(books, about.legs[index]!, outcome);
  });
}

/** Where each deal of a leg stands. */
function markLeg(books: Books, { deals }: Sent, outcome: LegOutcome): void {
  for (const { id, claims } of deals) {
    const { state, reason } = outcome.deals.find((deal) => deal.id === id) ?? outcome;
    for (const claim of claims) stand(books, claim, state, reason);
  }
}

/**
 * What a plan says that its tokens are worth, by token: wei times 1e18 for one smallest unit.
 *
 * @param data - its calldata; of anything else nothing is known
 * @example
 * pricesIn(attempt.data).get(weth); // 10n ** 18n
 */
export function pricesIn(data: Hex): ReadonlyMap<Address, bigint> {
  try {
    return new Map(unpackPlan(packedIn(data)).tokens.map(({ token, price }) => [token, price]));
  } catch {
    return new Map();
  }
}

/**
 * The legs that landed, by their place in the plan, each with its share of what the plan earned and cost.
 *
 * @example
 * landedOf(outcome, { gas: 900_000n, cost: 10n ** 16n }).map(({ leg }) => leg); // [0, 2]: the second was skipped
 */
export function landedOf(outcome: Outcome, costs: { gas: bigint; cost: bigint }) {
  const landed = outcome.legs.flatMap(({ measured }, leg) => (measured ? [{ leg, measured }] : []));
  const shares = sharesOf(
    landed.map(({ measured }): Measured => measured),
    outcome,
    costs,
  );
  return landed.map((each, index) => ({ ...each, share: shares[index]! }));
}

function withdrawn(books: Books, about: About, state: Withdrawn, reason: string, at?: MinedAs): void {
  const { store } = books;
  store.atomic(() => {
    const outcomes = endOfAll(about.legs, state, reason);
    store.attempts.update(about.id, { state, reason, outcomes, ...(at ? { gas: at.gas, cost: at.cost } : {}) });
    mark(books, about, state, reason);
  });
}

function unwound(books: Books, about: About, cancelling: string | undefined): void {
  const { store } = books;
  store.atomic(() => {
    reopen(store, store.attempts.get(about.id)!, cancelling);
    mark(books, about, 'sent');
  });
}

function setAside({ store, aside }: Books, claim: string, reason: string, { number }: Head): void {
  const last = aside.get(claim);
  const times = last?.reason === reason ? last.times + 1 : 1;
  const retryBlock = number + RETRY_AFTER[Math.min(times, RETRY_AFTER.length) - 1]!;
  aside.set(claim, { reason, times, retryBlock });
  store.standings.set(claim, { state: 'set aside', reason, retryBlock });
}

function forget({ store, aside }: Books, claims: Iterable<string>): void {
  const known = [...claims].filter((claim) => aside.delete(claim));
  if (known.length === 0) return;
  store.atomic(() => {
    for (const claim of known) store.standings.set(claim, { state: 'watched' });
  });
}

/**
 * The transaction of an attempt; undefined where it was never signed.
 *
 * @example
 * const [flight] = store.attempts.open(operator).flatMap((attempt) => flightOf(attempt) ?? []);
 */
export function flightOf(attempt: Attempt): Flight<About> | undefined {
  const { id, legs, nonce, to, data, value, gas, budget, hashes, signed, fees, sentAt, reason } = attempt;
  if (nonce === undefined || !signed || !fees || sentAt === undefined) return undefined;
  const about = { id, legs };
  const flight = { about, nonce, to, data, value, gas, budget, hashes: [...hashes], signed, fees, sentAt };
  // Of an attempt that has ended with a receipt the reason is that of its end.
  const cancelling = OPEN_OR_CANCELLED.includes(attempt.state) ? reason : undefined;
  return cancelling === undefined ? flight : { ...flight, cancelling };
}

const OPEN_OR_CANCELLED: readonly AttemptState[] = ['planned', 'sent', 'cancelled'];

/**
 * An attempt that had ended is on its way again, and what the history tells of it is forgotten.
 *
 * @example
 * reopen(store, store.attempts.get(id)!, undefined);
 */
export function reopen(store: Store, { id, hashes }: Attempt, cancelling: string | undefined): void {
  store.atomic(() => {
    store.attempts.update(id, { state: 'sent', cost: undefined, outcomes: undefined, reason: cancelling });
    for (const hash of hashes) store.liquidations.remove(hash);
  });
}
