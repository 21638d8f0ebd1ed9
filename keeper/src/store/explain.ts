import { KeeperError } from '../config/error.ts';

/** SQLite's primary result codes that a user can do something about. */
export const BUSY = 5;
const CORRUPT = 11;
const FULL = 13;
const NOT_A_DATABASE = 26;
/** No permission, busy, read-only, an I/O error, cannot be opened. */
const UNUSABLE = [3, BUSY, 8, 10, 14];

/** SQLite's primary result code, if the error is one of SQLite's. */
export function sqliteCode(error: unknown): number | undefined {
  const { code, errcode } = error as { code?: unknown; errcode?: unknown };
  return code === 'ERR_SQLITE_ERROR' && typeof errcode === 'number' ? errcode & 0xff : undefined;
}

/** What one can do with a file that cannot be used. */
export const START_ANEW = '--rebuild-store renames it aside and starts anew from the chain';

/**
 * An error of SQLite's or of the file system's in one line that names the store; any other as it is.
 *
 * @example
 * throw explainStore(error, path); // '--store ./base.sqlite cannot grow: its disk is full, make room'
 */
export function explainStore(error: unknown, path: string): unknown {
  const code = sqliteCode(error);
  const { message, code: system } = error as NodeJS.ErrnoException;
  const because = { cause: error };
  if (code === NOT_A_DATABASE)
    return new KeeperError(`--store ${path} is not a plimsoll store: ${START_ANEW}`, because);
  if (code === CORRUPT) return new KeeperError(`--store ${path} is damaged (${message}): ${START_ANEW}`, because);
  if (code === FULL) return new KeeperError(`--store ${path} cannot grow: its disk is full, make room`, because);
  const isSystem = typeof (error as NodeJS.ErrnoException).syscall === 'string';
  if (isSystem || (code !== undefined && UNUSABLE.includes(code))) {
    const why = isSystem ? system : message;
    return new KeeperError(`--store ${path} cannot be used (${why}): check the path and who may write there`, because);
  }
  return error;
}
