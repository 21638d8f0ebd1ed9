import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root folder. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/** Where built labs are kept; git-ignored. */
export const cacheRoot = join(root, '.lab');

/** Resolves packages as the root package.json sees them. */
export const rootRequire = createRequire(join(root, 'package.json'));
