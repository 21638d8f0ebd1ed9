import { existsSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { KeeperError } from '../config/error.ts';
import { createPrivate } from './create.ts';
import { BUSY, sqliteCode } from './explain.ts';

/** The process that writes to a store. `since` is ISO 8601. */
export type Holder = { pid: number; since: string };

/** Somebody who only looks holds the lock for an instant; the keeper outwaits it. Milliseconds. */
const PATIENCE = 500;

const lockPath = (path: string) => `${path}.lock`;

/**
 * Makes this process the one writer of the store at `path`, until it releases the lock or ends, however it ends.
 *
 * The lock is the write lock of a small database beside the store: the system drops it with the process, which it would not
 * do with a file that holds a process id. While it is held others can still read there who holds it.
 *
 * @throws KeeperError naming the holder
 * @example
 * const lock = takeLock('./base.sqlite');
 * lock.release();
 */
export function takeLock(path: string): { release(): void } {
  createPrivate(lockPath(path));
  const db = new DatabaseSync(lockPath(path), { timeout: PATIENCE });
  try {
    db.exec('BEGIN IMMEDIATE');
    db.exec('CREATE TABLE IF NOT EXISTS holder (id INTEGER PRIMARY KEY, pid INTEGER NOT NULL, since TEXT NOT NULL)');
    // What is written is seen by others once committed, and committing lets go of the lock: so it is taken again, and
    // whoever then finds itself written there has it.
    const since = new Date().toISOString();
    for (;;) {
      const holder = holderIn(db);
      if (holder?.pid === process.pid && holder.since === since) break;
      db.prepare('INSERT OR REPLACE INTO holder (id, pid, since) VALUES (1, ?, ?)').run(process.pid, since);
      db.exec('COMMIT');
      db.exec('BEGIN IMMEDIATE');
    }
  } catch (error) {
    const holder = sqliteCode(error) === BUSY ? describeHolder(db) : undefined;
    db.close();
    if (holder === undefined) throw unusable(path, error);
    throw new KeeperError(`--store ${path} is in use by ${holder}: stop that keeper, or pass another --store`);
  }
  // Closing rolls back what is open, which is nothing, and lets go.
  return { release: () => db.close() };
}

/**
 * Who writes to the store at `path` now, if anybody does.
 *
 * @example
 * lockHolder('./base.sqlite')?.pid;
 */
export function lockHolder(path: string): Holder | undefined {
  if (!existsSync(lockPath(path))) return undefined;
  const db = new DatabaseSync(lockPath(path), { timeout: PATIENCE });
  try {
    db.exec('BEGIN IMMEDIATE');
    return undefined;
  } catch (error) {
    if (sqliteCode(error) !== BUSY) throw unusable(path, error);
    return holderIn(db);
  } finally {
    db.close();
  }
}

function holderIn(db: DatabaseSync): Holder | undefined {
  return db.prepare('SELECT pid, since FROM holder').get() as Holder | undefined;
}

function unusable(path: string, cause: unknown): KeeperError {
  const why = (cause as Error).message;
  return new KeeperError(`${lockPath(path)} cannot be used (${why}): remove it when no keeper runs`, { cause });
}

function describeHolder(db: DatabaseSync): string {
  try {
    const { pid, since } = holderIn(db)!;
    return `the keeper with pid ${pid} since ${since}`;
  } catch {
    // It has only just begun and has not written who it is.
    return 'another keeper';
  }
}
