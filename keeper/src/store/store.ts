import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { KeeperError } from '../config/error.ts';
import { adopt } from './adopt.ts';
import { type Attempts, openAttempts } from './attempts.ts';
import { createPrivate, renameAside } from './create.ts';
import { explainStore } from './explain.ts';
import { type StoreFile, storeFile } from './file.ts';
import type { MarketKey } from './key.ts';
import { type Liquidations, openLiquidations } from './liquidations.ts';
import { takeLock } from './lock.ts';
import { type MarketStore, type MarketSummary, openMarkets } from './markets.ts';
import { MEMORY } from './path.ts';
import { checkSchema, checkWhole, migrate } from './prepare.ts';
import { openStandings, type Standings } from './standings.ts';
import { openStatus, type StatusSnapshot } from './status-snapshot.ts';

/** The keeper that last wrote: `stoppedAt` is missing while it runs, and for good if it was killed. Times are ISO 8601. */
type Writer = { pid: number; startedAt: string; stoppedAt: string | undefined };

/** What survives a restart, for one chain. Every call is synchronous; what it wrote outlives the process when it returns. */
export type Store = {
  readonly path: string;
  readonly chainId: number;
  /** Where `rebuild` has put the file that was there. */
  readonly renamed: string | undefined;
  readonly attempts: Attempts;
  readonly standings: Standings;
  readonly liquidations: Liquidations;
  market(key: MarketKey): MarketStore;
  markets(): MarketSummary[];
  /** What is kept of a market under another of its addresses goes over to its key, wherever it is; to be called before any of it is read. */
  adopt(alias: MarketKey, key: MarketKey): void;
  /** What `work` writes through this store is kept whole or not at all; it must not wait for anything. */
  atomic<T>(work: () => T): T;
  writeStatus(snapshot: StatusSnapshot): void;
  readStatus(): StatusSnapshot | undefined;
  writer(): Writer | undefined;
  /** Ends the work and lets the next keeper in. */
  close(): void;
};

/** Milliseconds to wait for a reader in the way of a checkpoint. */
const PATIENCE = 5_000;

/**
 * Opens the store at `path`, for a keeper as the only one that writes or, `readOnly`, beside it.
 *
 * @param options.path - as `storePath` gives it; `:memory:` keeps nothing
 * @param options.chainId - a reader may leave it out and take the store's
 * @param options.rebuild - renames the file that is there aside and starts anew
 * @throws KeeperError: one line, when another keeper has it, or it is another chain's, newer, foreign or damaged
 * @example
 * const store = openStore({ path: storePath(undefined, 8453), chainId: 8453 });
 * store.market(key).commit({ found: ['0xab…'] });
 * store.close();
 */
export function openStore(
  options:
    | { path: string; chainId: number; readOnly?: false; rebuild?: boolean }
    | { path: string; chainId?: number | undefined; readOnly: true },
): Store {
  const { path } = options;
  try {
    if (options.readOnly) return openReader(path, options.chainId);
    if (path === MEMORY) return openWriter(path, options.chainId, undefined, () => {});
    const lock = takeLock(path);
    try {
      const renamed = options.rebuild ? renameAside(path) : undefined;
      createPrivate(path);
      return openWriter(path, options.chainId, renamed, lock.release);
    } catch (error) {
      lock.release();
      throw error;
    }
  } catch (error) {
    throw explainStore(error, path);
  }
}

function openReader(path: string, chainId: number | undefined): Store {
  if (!existsSync(path)) {
    throw new KeeperError(`there is no store at ${path}: start the keeper first, or pass --chain or --store`);
  }
  const db = new DatabaseSync(path, { readOnly: true, timeout: PATIENCE });
  return closingOnError(db, () => {
    const isNew = checkSchema(db, path, chainId) === 'empty';
    if (isNew) throw new KeeperError(`the store at ${path} is empty: start the keeper first`);
    return rooms(storeFile(db, path), path, undefined, () => db.close());
  });
}

function openWriter(path: string, chainId: number, renamed: string | undefined, release: () => void): Store {
  const db = new DatabaseSync(path, { timeout: PATIENCE });
  return closingOnError(db, () => {
    checkSchema(db, path, chainId);
    // With a write-ahead log and `normal`, what a transaction wrote is with the system when it returns: no kill of the process
    // loses it. A power cut may take the last ones whole, but corrupts nothing, and the chain still has what they said: heads
    // are read again, and a transaction of ours is found by its nonce. Waiting for the disk at every head would buy no more.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
    // After the one great commit of a backfill the log shrinks to this again; the cache keeps that commit off the log.
    db.exec('PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -32768');
    const file = storeFile(db, path);
    file.atomic(() => migrate(db, chainId));
    const last = writerOf(db);
    // A process that was killed leaves a sound file; what was under it when a machine stopped is worth a look.
    if (last && last.stoppedAt === undefined) checkWhole(db, path);
    db.prepare('UPDATE store SET pid = ?, started_at = ?, stopped_at = NULL').run(
      process.pid,
      new Date().toISOString(),
    );
    return rooms(file, path, renamed, () => {
      db.prepare('UPDATE store SET stopped_at = ?').run(new Date().toISOString());
      db.close();
      release();
    });
  });
}

function closingOnError<T>(db: DatabaseSync, work: () => T): T {
  try {
    return work();
  } catch (error) {
    db.close();
    throw error;
  }
}

function rooms(file: StoreFile, path: string, renamed: string | undefined, close: () => void): Store {
  const { db, run, atomic } = file;
  return {
    path,
    renamed,
    chainId: Number(db.prepare('SELECT chain_id FROM store').get()!.chain_id),
    attempts: openAttempts(file),
    standings: openStandings(file),
    liquidations: openLiquidations(file),
    ...openMarkets(file),
    ...openStatus(file),
    adopt: (alias, key) => adopt(file, alias, key),
    atomic,
    writer: () => run(() => writerOf(db)),
    close: () => run(close),
  };
}

function writerOf(db: DatabaseSync): Writer | undefined {
  const row = db.prepare('SELECT pid, started_at, stopped_at FROM store').get() as
    | { pid: number | null; started_at: string; stopped_at: string | null }
    | undefined;
  if (!row || row.pid === null) return undefined;
  return { pid: row.pid, startedAt: row.started_at, stoppedAt: row.stopped_at ?? undefined };
}
