// Hooks that let Node run TypeScript through ts-node, and keep what it made of each file in node_modules/.cache: starting
// would else take seconds for loading the compiler and transpiling what has not changed.
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(import.meta.dirname, '..');
const cache = join(root, 'node_modules/.cache/ts-node');
const version = (name) => createRequire(import.meta.url)(`${name}/package.json`).version;
// All that the result depends on besides the file.
const common = [process.version, version('ts-node'), version('typescript'), readFileSync(join(root, 'tsconfig.json'))];

export async function load(url, context, nextLoad) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return nextLoad(url, context);
  const path = fileURLToPath(url);
  const hash = createHash('sha256');
  for (const part of [...common, path, readFileSync(path)]) hash.update(part).update('\0');
  const kept = join(cache, hash.digest('hex'));
  try {
    return { format: 'module', source: readFileSync(kept), shortCircuit: true };
  } catch {
    const { load: transpile } = await import('ts-node/esm/transpile-only');
    const { source } = await transpile(url, context, nextLoad);
    keep(kept, source);
    // Not what ts-node calls it: Node would take the types out of it once more.
    return { format: 'module', source, shortCircuit: true };
  }
}

/** Whole or not at all: others may start at the same time, or have no right to write here. */
function keep(path, source) {
  try {
    mkdirSync(cache, { recursive: true });
    const part = `${path}.${process.pid}`;
    writeFileSync(part, source);
    renameSync(part, path);
  } catch {}
}
