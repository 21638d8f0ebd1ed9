import { statSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import { showChain } from '../config/chains.ts';
import { KeeperError, usageError } from '../config/error.ts';
import { START_ANEW } from './explain.ts';
import { APPLICATION_ID, migrations } from './migrations.ts';

/**
 * Finds out whether this is a store that this version can use, changing nothing.
 *
 * @returns `empty` for a file without anything in it
 * @throws KeeperError when it is foreign, newer, older and not ours to change, or of another chain
 */
export function checkSchema(db: DatabaseSync, path: string, chainId: number | undefined): 'empty' | 'ours' {
  const tables = Number(db.prepare('SELECT count(*) AS count FROM sqlite_schema').get()!.count);
  const application = pragma(db, 'application_id');
  const version = pragma(db, 'user_version');
  if (tables === 0 && application === 0 && version === 0) return 'empty';
  checkUncut(db, path);
  if (application !== APPLICATION_ID) {
    throw new KeeperError(
      `--store ${path} is a database, but not a plimsoll store: pass another --store; ${START_ANEW}`,
    );
  }
  if (version > migrations.length) {
    const schemas = `schema ${version}, this one knows ${migrations.length}`;
    throw new KeeperError(
      `--store ${path} was written by a newer plimsoll (${schemas}): update, or pass another --store`,
    );
  }
  const chain = Number(db.prepare('SELECT chain_id FROM store').get()!.chain_id);
  if (chainId !== undefined && chain !== chainId) {
    throw usageError(
      `--store ${path} belongs to chain ${showChain(chain)}, not to ${showChain(chainId)}: pass another --store`,
    );
  }
  return 'ours';
}

/** SQLite takes a page that is not all there as one that ends in zeros. With a log beside the file it still mends that itself. */
function checkUncut(db: DatabaseSync, path: string): void {
  const size = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;
  if (size(path) % pragma(db, 'page_size') === 0 || size(`${path}-wal`) > 0) return;
  throw new KeeperError(`--store ${path} is damaged (its end is missing): ${START_ANEW}`);
}

/** Brings the schema up to date; to be called in a transaction. */
export function migrate(db: DatabaseSync, chainId: number): void {
  const version = pragma(db, 'user_version');
  if (version === migrations.length) return;
  for (const step of migrations.slice(version)) step(db);
  db.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${migrations.length}`);
  db.prepare('INSERT OR IGNORE INTO store (id, chain_id) VALUES (1, ?)').run(chainId);
}

/** @throws KeeperError when SQLite finds pages or rows that do not fit one another */
export function checkWhole(db: DatabaseSync, path: string): void {
  const [found] = db.prepare('PRAGMA quick_check(1)').all();
  const said = String(found?.quick_check).replace(/\s+/g, ' ');
  if (said !== 'ok') throw new KeeperError(`--store ${path} is damaged (${said}): ${START_ANEW}`);
}

function pragma(db: DatabaseSync, name: string): number {
  return Number(db.prepare(`PRAGMA ${name}`).get()![name]);
}
