import type { DatabaseSync } from 'node:sqlite';
import { explainStore } from './explain.ts';

/** An open database and the two ways to work on it. */
export type StoreFile = {
  readonly db: DatabaseSync;
  /** What `work` gives. @throws KeeperError in place of SQLite's errors */
  run<T>(work: () => T): T;
  /** The same in one transaction: all that `work` writes, or nothing if it throws. One inside another is part of it. */
  atomic<T>(work: () => T): T;
  /** A SQLite error as a KeeperError that names the store. */
  explain(error: unknown): unknown;
};

/**
 * An open database with the two ways to work on it.
 *
 * @param path - what errors call the store
 * @example
 * const { atomic } = storeFile(db, path);
 * atomic(() => db.exec("DELETE FROM blocks"));
 */
export function storeFile(db: DatabaseSync, path: string): StoreFile {
  const explain = (error: unknown) => explainStore(error, path);
  const run = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw explain(error);
    }
  };
  return {
    db,
    explain,
    run,
    atomic: (work) =>
      run(() => {
        if (db.isTransaction) return work();
        // Immediate: one that begins by reading could find, when it writes, that it must start over.
        db.exec('BEGIN IMMEDIATE');
        try {
          const result = work();
          db.exec('COMMIT');
          return result;
        } catch (error) {
          // SQLite has already rolled back after some errors, a full disk for one.
          if (db.isTransaction) db.exec('ROLLBACK');
          throw error;
        }
      }),
  };
}
