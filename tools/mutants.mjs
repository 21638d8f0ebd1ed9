// `pnpm mutants [--json]`: takes each guard out of the contracts in turn, in a copy of the tree, and asks the tests. Prints
// which test noticed first; fails if none did, or if a guard of the list is no longer there. `--only WORD` for some of them.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { guards } from './guards.mjs';

const { values: options } = parseArgs({ options: { json: { type: 'boolean' }, only: { type: 'string' } } });

/** What a run needs of the tree: copied, as forge reads nothing outside its root, but for what is only imported. */
const COPIED = [
  'contracts',
  'tools',
  'foundry.toml',
  '.lab/lab.json',
  '.lab/allocs.json',
  'test-fork/lab/contracts',
  'out-lab',
];
const LINKED = ['node_modules', 'lib'];
/** Slow, or about other code than ours: not even compiled. */
const LEFT_OUT = /contracts\/test\/((Invariant|Gas|Fuzz)\.t\.sol|reference\/.*\.t\.sol|bench)$/;

async function scratch() {
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-mutants-'));
  const filter = (path) => !LEFT_OUT.test(path);
  for (const path of COPIED) await cp(path, join(folder, path), { recursive: true, verbatimSymlinks: true, filter });
  for (const path of LINKED) await symlink(join(process.cwd(), path), join(folder, path));
  return folder;
}

/** Runs forge in `folder`, without the optimizer, which would take longer than all the tests. Resolves to the first failing test, to why nothing ran, or to nothing if all passed. */
function forge(folder, args) {
  return new Promise((resolve, reject) => {
    const child = spawn('forge', ['test', '--fail-fast', ...args], {
      cwd: folder,
      env: {
        ...process.env,
        FOUNDRY_PROFILE: 'no-ir',
        FOUNDRY_OPTIMIZER: 'false',
        FOUNDRY_CODE_SIZE_LIMIT: '100000',
        NO_COLOR: '1',
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data;
      });
    }
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0 && /[1-9]\d* tests passed/.test(output)) return resolve(undefined);
      const failed = /\[FAIL[^\n]*\] (\w+)\(/.exec(output);
      if (failed) {
        const suites = [...output.slice(0, failed.index).matchAll(/for (contracts\/\S+\.sol):/g)];
        return resolve(`${suites.at(-1)?.[1].replace('contracts/test/', '') ?? ''} ${failed[1]}`);
      }
      reject(new Error(`forge ran no test in ${folder}:\n${output.slice(-2000)}`));
    });
  });
}

async function judge(folder, { file, text, instead, likely }) {
  const path = join(folder, 'contracts', file);
  const source = await readFile(path, 'utf8');
  if (source.split(text).length !== 2) return 'GONE: not once in the file any more; bring tools/guards.mjs up to date';
  await writeFile(
    path,
    source.replace(text, () => instead),
  );
  try {
    const expected = `contracts/test/${likely}`;
    return (
      (await forge(folder, ['--match-path', expected])) ??
      (await forge(folder, ['--no-match-path', expected])) ??
      'SURVIVED'
    );
  } finally {
    await writeFile(path, source);
  }
}

async function worker(queue, verdicts, watch) {
  const folder = await scratch();
  try {
    const failing = await forge(folder, []);
    if (failing !== undefined) {
      queue.length = 0; // the other worker's too
      throw new Error(`with every guard in its place there fails ${failing}`);
    }
    for (let guard = queue.shift(); guard; guard = queue.shift()) {
      const verdict = await judge(folder, guard).catch((error) => `BROKEN: ${error.message.slice(0, 300)}`);
      verdicts.set(guard, verdict);
      watch(guard, verdict);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
}

const chosen = guards.filter(({ file, text }) => `${file} ${text}`.includes(options.only ?? ''));
const verdicts = new Map();
const shown = (text) => text.trim().replace(/\s+/g, ' ').slice(0, 70);
const line = ({ file, text }, verdict) => `${file.padEnd(32)} ${shown(text).padEnd(71)} ${verdict}\n`;
const watch = (guard, verdict) => options.json || process.stdout.write(line(guard, verdict));
const queue = [...chosen];
const workers = Math.min(2, availableParallelism());
const done = await Promise.allSettled(Array.from({ length: workers }, () => worker(queue, verdicts, watch)));
for (const { reason } of done) if (reason) throw reason;

const bad = chosen.filter((guard) => /^(SURVIVED|GONE|BROKEN)/.test(verdicts.get(guard)));
if (options.json) {
  const table = chosen.map((guard) => ({ ...guard, verdict: verdicts.get(guard) }));
  process.stdout.write(`${JSON.stringify(table, null, 2)}\n`);
} else {
  process.stdout.write(`${chosen.length - bad.length} of ${chosen.length} guards are held by a test\n`);
}
process.exitCode = bad.length === 0 && chosen.length !== 0 ? 0 : 1;
