import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The path that keeps nothing. */
export const MEMORY = ':memory:';

/** Where stores lie unless `--store` says otherwise: XDG_STATE_HOME's plimsoll folder, else ~/.plimsoll. */
export function storeFolder(env: Record<string, string | undefined> = process.env): string {
  const state = env.XDG_STATE_HOME;
  // A relative one is to be ignored, says the XDG base directory specification.
  return state && isAbsolute(state) ? join(state, 'plimsoll') : join(homedir(), '.plimsoll');
}

/**
 * The store's file.
 *
 * @param given - `--store`: a file, or `memory` (also `:memory:`) for one that ends with the process
 * @param chainId - names the file when nothing is given
 * @example
 * storePath(undefined, 8453); // '/home/me/.plimsoll/8453.sqlite'
 */
export function storePath(given: string | undefined, chainId: number): string {
  if (given === undefined) return join(storeFolder(), `${chainId}.sqlite`);
  if (given === 'memory' || given === MEMORY) return MEMORY;
  // No shell has expanded what comes from a file of settings.
  return given.startsWith('~/') ? join(homedir(), given.slice(2)) : given;
}
