import type { Address } from 'viem';
import { lower } from './bytes.ts';
import type { StoreFile } from './file.ts';
import type { MarketKey } from './markets.ts';

export type CandidateState = 'watched' | 'planned' | 'sent' | 'landed' | 'lost' | 'reverted' | 'expired' | 'set aside';

/** When an account is to be looked at again: from a block on, or from a time on (seconds). */
export type RetryAt = { block: bigint } | { time: bigint };

/** Where an account stands. One that was only ever watched has none. Addresses come back in lower case. */
export type Candidate = {
  market: MarketKey;
  account: Address;
  state: CandidateState;
  reason: string | undefined;
  retryAt: RetryAt | undefined;
  /** ISO 8601 */
  updatedAt: string;
};

export type Candidates = {
  /** In place of what was known of the account; to be watched is no news of one that nothing is known of. */
  set(
    market: MarketKey,
    account: Address,
    now: { state: CandidateState; reason?: string | undefined; retryAt?: RetryAt | undefined },
  ): void;
  all(): Candidate[];
  /** Those whose block or time to be looked at again has come. */
  due(now: { block: bigint; time: bigint }): Candidate[];
};

type CandidateRow = {
  protocol: string;
  market: Address;
  account: Address;
  state: CandidateState;
  reason: string | null;
  retry_block: bigint | null;
  retry_time: bigint | null;
  updated_at: string;
};

export function openCandidates({ db, run }: StoreFile): Candidates {
  const set = db.prepare('INSERT OR REPLACE INTO candidates VALUES (?, ?, ?, ?, ?, ?, ?, ?)');
  const isKnown = db.prepare('SELECT 1 FROM candidates WHERE protocol = ? AND market = ? AND account = ?');
  const all = db.prepare('SELECT * FROM candidates ORDER BY protocol, market, account');
  const due = db.prepare(
    'SELECT * FROM candidates WHERE retry_block <= ? OR retry_time <= ? ORDER BY protocol, market, account',
  );
  for (const statement of [all, due]) statement.setReadBigInts(true);

  return {
    set: ({ protocol, address }, account, { state, reason, retryAt }) => {
      const block = retryAt && 'block' in retryAt ? retryAt.block : null;
      const time = retryAt && 'time' in retryAt ? retryAt.time : null;
      const key = [protocol, lower(address), lower(account)] as const;
      run(() => {
        if (state === 'watched' && !isKnown.get(...key)) return;
        set.run(...key, state, reason ?? null, block, time, new Date().toISOString());
      });
    },
    all: () => run(() => (all.all() as unknown as CandidateRow[]).map(candidateOf)),
    due: ({ block, time }) => run(() => (due.all(block, time) as unknown as CandidateRow[]).map(candidateOf)),
  };
}

const candidateOf = (row: CandidateRow): Candidate => ({
  market: { protocol: row.protocol, address: row.market },
  account: row.account,
  state: row.state,
  reason: row.reason ?? undefined,
  retryAt: retryOf(row),
  updatedAt: row.updated_at,
});

function retryOf({ retry_block: block, retry_time: time }: CandidateRow): RetryAt | undefined {
  if (block !== null) return { block };
  return time === null ? undefined : { time };
}
