import { closeSync, existsSync, mkdirSync, openSync, renameSync } from 'node:fs';
import { dirname } from 'node:path';

/**
 * Makes an empty file that only its owner may read, and the folders above it. One that exists is left as it is, unopened:
 * closing any handle on a database drops this process's locks on it.
 */
export function createPrivate(path: string): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  try {
    closeSync(openSync(path, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}

/**
 * Renames a store and what SQLite keeps beside it, so that they still fit one another.
 *
 * @returns the new path, `undefined` when there was nothing
 */
export function renameAside(path: string): string | undefined {
  if (!existsSync(path)) return undefined;
  const aside = `${path}.corrupt-${new Date().toISOString().replace(/[-:]/g, '')}`;
  for (const part of ['-wal', '-shm', '']) if (existsSync(path + part)) renameSync(path + part, aside + part);
  return aside;
}
