import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readDump } from './allocs.ts';
import { compileContracts } from './artifacts.ts';
import { type CoreDirectory, type DirectoryOf, parseDirectory, type Scope } from './directory.ts';
import { labKey } from './key.ts';
import { withLock } from './lock.ts';
import { startAnvil } from './node.ts';
import { cacheRoot } from './paths.ts';
import { populateLab, populateOptions } from './populate.ts';

/** A built lab on disk. */
export type BuiltLab<S extends Scope = 'all'> = {
  /** Anvil's state dump, with every old block's state; for `--load-state`. */
  statePath: string;
  /** The newest state as a genesis allocation; for forge's `vm.loadAllocs`. */
  allocsPath: string;
  directory: DirectoryOf<S>;
  /** Timestamp of the newest block, seconds. */
  timestamp: number;
  /** Number of the newest block. */
  blockNumber: number;
};

export type EnsureOptions<S extends Scope = 'all'> = {
  /** Decides the borrowers and every address. @default 1 */
  seed?: number | undefined;
  /** Which protocols it carries; `core` is quicker to build. @default 'all' */
  scope?: S | undefined;
  /** Gets a line at each stage of a build; nothing when the lab is cached. */
  onProgress?: ((line: string) => void) | undefined;
};

/** The lab that Foundry tests find at `.lab/allocs.json` and `.lab/lab.json`. */
const FOUNDRY = { seed: 1, scope: 'all' };

/**
 * Returns the lab of a seed and a scope, building it if `.lab/` has none made from the present sources.
 * @throws when compiling or any transaction of the build fails.
 */
export async function ensureLab<S extends Scope = 'all'>(options: EnsureOptions<S> = {}): Promise<BuiltLab<S>> {
  const { seed = 1, scope = 'all' as S, onProgress = () => {} } = options;
  const folder = join(cacheRoot, labKey(seed, scope));
  const built = () => existsSync(join(folder, 'lab.json'));
  if (!built()) {
    await mkdir(cacheRoot, { recursive: true });
    await withLock(join(cacheRoot, 'lock'), async () => {
      if (built()) return;
      await build({ seed, scope, folder, onProgress });
      await sweep(`${seed}-${scope}-`, folder);
    });
  }
  if (seed === FOUNDRY.seed && scope === FOUNDRY.scope) await publish(folder);
  const { timestamp, blockNumber, ...directory } = JSON.parse(await readFile(join(folder, 'lab.json'), 'utf8'));
  return {
    statePath: join(folder, 'state.json'),
    allocsPath: join(folder, 'allocs.json'),
    directory: parseDirectory(scope, directory),
    timestamp,
    blockNumber,
  };
}

type Building = { seed: number; scope: Scope; folder: string; onProgress: (line: string) => void };

/** Builds in a folder of its own and moves it into place whole: nobody ever sees half a lab. */
async function build({ seed, scope, folder, onProgress }: Building): Promise<void> {
  onProgress('compiling');
  await compileContracts(scope);
  onProgress('compiled');
  const work = await mkdtemp(join(cacheRoot, 'building-'));
  try {
    const statePath = join(work, 'state.json');
    const anvil = await startAnvil({ ...populateOptions, dumpState: statePath });
    let directory: CoreDirectory;
    try {
      directory = await populateLab(anvil.url, { seed, scope, onProgress });
    } finally {
      // Anvil writes the dump as it ends.
      await anvil.stop();
    }
    const { allocs, blockNumber, timestamp } = readDump(await readFile(statePath, 'utf8'));
    await writeFile(join(work, 'allocs.json'), JSON.stringify(allocs));
    await writeFile(join(work, 'lab.json'), JSON.stringify({ ...directory, blockNumber, timestamp }));
    await rename(work, folder).catch((error: NodeJS.ErrnoException) => {
      // Someone else finished the same lab first; it is the same to the byte.
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  onProgress('state saved');
}

/** Removes what earlier sources made of the same seed and scope, and what builders that were killed left behind. */
async function sweep(prefix: string, folder: string): Promise<void> {
  for (const name of await readdir(cacheRoot)) {
    const superseded = name.startsWith(prefix) && name !== basename(folder);
    // Nobody else builds while we hold the lock.
    if (superseded || name.startsWith('building-')) await rm(join(cacheRoot, name), { recursive: true, force: true });
  }
}

/** Refreshes the stable copies that Foundry tests read, unless they are this lab's already. */
async function publish(folder: string): Promise<void> {
  const mark = join(cacheRoot, 'published');
  const current = await readFile(mark, 'utf8').catch(() => '');
  if (current === folder && ['allocs.json', 'lab.json'].every((name) => existsSync(join(cacheRoot, name)))) return;
  for (const name of ['allocs.json', 'lab.json']) {
    const temporary = join(cacheRoot, `${name}.${process.pid}`);
    await copyFile(join(folder, name), temporary);
    await rename(temporary, join(cacheRoot, name));
  }
  await writeFile(mark, folder);
}
