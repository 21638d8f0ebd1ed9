import type { Address, Hash } from 'viem';
import type { Head } from '../chain/head.ts';
import type { Attempt, AttemptState, PlannedLeg } from '../store/attempts.ts';
import type { MarketKey } from '../store/markets.ts';
import type { Store } from '../store/store.ts';
import type { Flight } from './lane.ts';
import { type Mined, sharesOf } from './outcome.ts';

/** What a transaction is about: `id` is its attempt's. */
export type About = { id: number; market: MarketKey; legs: readonly PlannedLeg[] };

/** What became of every candidate, kept: each is in one state, and a crash between two is resolved from the chain. */
export type Ledger = {
  /** What the last run had signed and not seen the end of; what it had not signed never was. */
  resume(): Flight<About>[];
  /** A plan becomes an attempt, before it is signed. */
  planned(market: MarketKey, legs: readonly PlannedLeg[], terms: Terms): About;
  /** A version is signed and about to go out. */
  save(flight: Flight<About>): void;
  sent(about: About): void;
  /** No node took it. */
  refused(about: About, reason: string): void;
  landed(about: About, outcome: Mined & { state: 'landed' }, mined: MinedAs): void;
  ended(
    about: About,
    state: Exclude<AttemptState, 'planned' | 'sent' | 'landed'>,
    reason: string,
    mined?: MinedAs,
  ): void;
  /** Its block is no longer on the chain. @param cancelling - why it was being taken back, if it was */
  unwound(about: About, cancelling: string | undefined): void;
  /** Nothing to do for it now; it is looked at again later, later each time the same is said of it. */
  setAside(market: MarketKey, account: Address, reason: string, head: Head): void;
  /** Those of the accounts that may be looked at: they are not set aside, or their time has come. */
  due(market: MarketKey, accounts: readonly Address[], head: Head): Address[];
  /** Accounts that have changed, or are under water no more: what was said of them holds no longer. */
  forget(market: MarketKey, accounts: Iterable<Address>): void;
};

/** What a plan promises. Wei, gas, seconds. */
export type Terms = Pick<Attempt, 'operator' | 'to' | 'data' | 'value' | 'gas' | 'budget' | 'validUntil'>;

/** Where and at what price (wei) a transaction was mined. */
export type MinedAs = { hash: Hash; block: bigint; time: bigint; gas: bigint; cost: bigint };

/** Blocks until an account is looked at again after the very same was said of it 1, 2, 3, ... times. */
const RETRY_AFTER = [1n, 1n, 1n, 2n, 2n, 4n];

type Aside = { reason: string; times: number; retryAt: bigint };

export function openLedger(store: Store, operator: Address | undefined): Ledger {
  const { attempts, candidates, positions } = store;
  const aside = new Map<string, Aside>();
  const keyOf = ({ address }: MarketKey, account: Address) => `${address}/${account}`.toLowerCase();
  for (const { market, account, state, reason, retryAt } of candidates.all()) {
    if (state !== 'set aside' || !retryAt || !('block' in retryAt)) continue;
    aside.set(keyOf(market, account), { reason: reason ?? '', times: 1, retryAt: retryAt.block });
  }

  const mark = ({ market, legs }: About, state: Parameters<typeof candidates.set>[2]['state'], reason?: string) => {
    for (const { account } of legs) {
      aside.delete(keyOf(market, account));
      candidates.set(market, account, { state, reason });
    }
  };

  const ledger: Ledger = {
    resume() {
      if (!operator) return [];
      return attempts.open(operator).flatMap((attempt) => {
        const flight = flightOf(attempt);
        if (flight) return [flight];
        ledger.ended(aboutOf(attempt), 'expired', 'the keeper ended before it was signed');
        return [];
      });
    },

    planned(market, legs, terms) {
      return store.atomic(() => {
        const about = { id: attempts.insert({ market, legs, ...terms }), market, legs };
        mark(about, 'planned');
        return about;
      });
    },

    save({ about, nonce, hashes, signed, fees, sentAt, cancelling }) {
      attempts.update(about.id, { nonce, hashes, signed, fees, sentAt, reason: cancelling });
    },

    sent(about) {
      store.atomic(() => {
        attempts.update(about.id, { state: 'sent' });
        mark(about, 'sent');
      });
    },

    refused(about, reason) {
      ledger.ended(about, 'expired', reason);
    },

    landed(about, outcome, { hash, block, time, gas, cost }) {
      store.atomic(() => {
        attempts.update(about.id, { state: 'landed', value: outcome.value, gas, cost, reason: undefined });
        mark(about, 'landed');
        sharesOf(outcome, { gas, cost }).forEach(({ done, profits, value, gasCost }, leg) => {
          positions.add({ hash, leg, market: about.market, ...done, profits, value, gasCost, block, time });
        });
      });
    },

    ended(about, state, reason, mined) {
      store.atomic(() => {
        attempts.update(about.id, { state, reason, ...(mined ? { gas: mined.gas, cost: mined.cost } : {}) });
        mark(about, state === 'lost' || state === 'reverted' ? state : 'expired', reason);
      });
    },

    unwound(about, cancelling) {
      store.atomic(() => {
        reopen(store, attempts.get(about.id)!, cancelling);
        mark(about, 'sent');
      });
    },

    setAside(market, account, reason, { number }) {
      const key = keyOf(market, account);
      const last = aside.get(key);
      const times = last?.reason === reason ? last.times + 1 : 1;
      const retryAt = number + RETRY_AFTER[Math.min(times, RETRY_AFTER.length) - 1]!;
      aside.set(key, { reason, times, retryAt });
      candidates.set(market, account, { state: 'set aside', reason, retryAt: { block: retryAt } });
    },

    due(market, accounts, { number }) {
      return accounts.filter((account) => {
        const found = aside.get(keyOf(market, account));
        return !found || number >= found.retryAt;
      });
    },

    forget(market, accounts) {
      const known = [...accounts].filter((account) => aside.delete(keyOf(market, account)));
      if (known.length === 0) return;
      store.atomic(() => {
        for (const account of known) candidates.set(market, account, { state: 'watched' });
      });
    },
  };
  return ledger;
}

const aboutOf = ({ id, market, legs }: Attempt): About => ({ id, market, legs });

/** The transaction of an attempt; undefined where it was never signed. */
export function flightOf(attempt: Attempt): Flight<About> | undefined {
  const { nonce, to, data, value, gas, budget, hashes, signed, fees, sentAt, reason } = attempt;
  if (nonce === undefined || !signed || !fees || sentAt === undefined) return undefined;
  // Of an attempt that has ended with a receipt the reason is that of its end.
  const cancelling = OPEN_OR_CANCELLED.includes(attempt.state) ? reason : undefined;
  const flight = {
    about: aboutOf(attempt),
    nonce,
    to,
    data,
    value,
    gas,
    budget,
    hashes: [...hashes],
    signed,
    fees,
    sentAt,
  };
  return cancelling === undefined ? flight : { ...flight, cancelling };
}

const OPEN_OR_CANCELLED: readonly AttemptState[] = ['planned', 'sent', 'cancelled'];

/** An attempt that had ended with a receipt is on its way again, and what the history tells of it is forgotten. */
export function reopen(store: Store, { id, hashes }: Attempt, cancelling: string | undefined): void {
  store.atomic(() => {
    store.attempts.update(id, { state: 'sent', cost: undefined, reason: cancelling });
    for (const hash of hashes) store.positions.remove(hash);
  });
}
