import type { StoreFile } from './file.ts';
import type { LegState } from './outcome.ts';

/** Where a claim stands: with a plan, at the end of one, set aside, or only watched again. */
export type StandingState = 'watched' | 'planned' | 'sent' | LegState | 'set aside';

/** What is known of a claim: an account, a stock, a position. One that was only ever watched has no standing. */
export type Standing = {
  /** Begins with its market's key. */
  claim: string;
  state: StandingState;
  reason: string | undefined;
  /** The block from which on it is looked at again. */
  retryBlock: bigint | undefined;
  /** ISO 8601 */
  updatedAt: string;
};

export type Standings = {
  /** Replaces what was known of the claim. `watched` is not written down for a claim of which nothing is known. */
  set(claim: string, now: { state: StandingState; reason?: string | undefined; retryBlock?: bigint | undefined }): void;
  /** In the order of their claims. */
  all(): Standing[];
};

type StandingRow = {
  claim: string;
  state: StandingState;
  reason: string | null;
  retry_block: bigint | null;
  updated_at: string;
};

/**
 * The standings of a store: what is known of each claim. See {@link Standings}.
 * @example
 * openStandings(file).set(claim, { state: 'set aside', reason, retryBlock: 18_000_001n });
 */
export function openStandings({ db, run }: StoreFile): Standings {
  const set = db.prepare('INSERT OR REPLACE INTO standings VALUES (?, ?, ?, ?, ?)');
  const isKnown = db.prepare('SELECT 1 FROM standings WHERE claim = ?');
  const all = db.prepare('SELECT * FROM standings ORDER BY claim');
  all.setReadBigInts(true);

  return {
    set: (claim, { state, reason, retryBlock }) => {
      run(() => {
        if (state === 'watched' && !isKnown.get(claim)) return;
        set.run(claim, state, reason ?? null, retryBlock ?? null, new Date().toISOString());
      });
    },
    all: () => run(() => (all.all() as unknown as StandingRow[]).map(standingOf)),
  };
}

const standingOf = (row: StandingRow): Standing => ({
  claim: row.claim,
  state: row.state,
  reason: row.reason ?? undefined,
  retryBlock: row.retry_block ?? undefined,
  updatedAt: row.updated_at,
});
