// `pnpm mutants:keeper [--seed 1] [--sample 600] [--folder planning]... [--only WORD] [--json FILE]`: changes planning, execution and
// store in one small place at a time, as Stryker does, and asks their unit tests. Prints how many of the changes were noticed, and
// each that was not. Fails under the bars below. `--sample 0` takes every mutant.
import './check-node.mjs';
import { fork } from 'node:child_process';
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, matchesGlob } from 'node:path';
import { parseArgs } from 'node:util';
import { mutantsOf, parses } from './mutants-keeper/operators.mjs';
import { sampleOf } from './mutants-keeper/sample.mjs';
import { testFiles, testsByFile } from './mutants-keeper/tests.mjs';

const FOLDERS = ['planning', 'execution', 'store'];
/** The share of mutants that has to be noticed: of all, and of each folder. */
const BARS = { all: 0.75, folder: 0.65 };
/** Milliseconds. What takes longer than this with a mutant never ends. */
const LIMIT = 20_000;
/**
 * Why some survive: the first entry that fits says it. `file` is a glob; `mutator`, `text` and `replacement` are what is changed, where
 * an entry is about that alone. Lines move and are not looked at.
 */
const ACCEPTED = 'tools/mutants-keeper.accepted.json';

const { values: options } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    sample: { type: 'string', default: '600' },
    folder: { type: 'string', multiple: true, default: FOLDERS },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
  },
});

const folderOf = ({ file }) => file.split('/')[2];
const shown = (text) => text.replace(/\s+/g, ' ').slice(0, 60);

function mutants() {
  const files = options.folder.flatMap((folder) => globSync(`keeper/src/${folder}/**/*.ts`)).sort();
  const all = files
    .filter((file) => file.includes(options.only))
    .flatMap((file) => mutantsOf(file, readFileSync(file, 'utf8')).map((mutant) => ({ file, ...mutant })));
  const size = Number(options.sample) || all.length;
  const sample = sampleOf(all, size, Number(options.seed)).map((mutant) => {
    const source = readFileSync(mutant.file, 'utf8');
    return { ...mutant, code: source.slice(0, mutant.start) + mutant.replacement + source.slice(mutant.end) };
  });
  console.log(`${sample.length} of ${all.length} mutants in ${files.length} files, seed ${options.seed}`);
  return sample.filter(({ file, code }) => parses(file, code));
}

/**
 * A warm Vitest in a process. What a mutant writes astray lands in `folder`.
 * @param {string[]} first the tests that have to pass as they are, or it throws
 */
async function startWorker(tests, folder, first) {
  const given = JSON.stringify({ root: process.cwd(), tests, first, limit: LIMIT });
  const child = fork(join(import.meta.dirname, 'mutants-keeper/worker.mjs'), [given], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    env: { ...process.env, TMPDIR: folder },
  });
  let said = '';
  child.stderr.on('data', (data) => {
    said = (said + data).slice(-2_000);
  });
  const { failing, ended } = await answer(child);
  if (failing !== undefined || ended) {
    child.kill('SIGKILL');
    throw new Error(`without a mutant there fails ${failing ?? `everything:\n${said}`}`);
  }
  return child;
}

/** The next message; `ended` when there will be none, after `limit` milliseconds if that is given. */
function answer(child, limit) {
  return new Promise((resolve) => {
    const done = (message) => {
      clearTimeout(timer);
      child.removeAllListeners('message').removeAllListeners('exit');
      resolve(message);
    };
    const timer = limit && setTimeout(() => done({ ended: 'no end' }), limit);
    child.once('message', done);
    child.once('exit', () => done({ ended: 'the process ended' }));
  });
}

/** Judges mutants of the queue until it is empty, with a new process after each that did not come back. */
async function work(queue, noticing, verdicts, folder) {
  const tests = testFiles();
  let child = await startWorker(tests, folder, tests);
  for (let mutant = queue.shift(); mutant; mutant = queue.shift()) {
    const files = noticing.get(mutant.file) ?? [];
    if (files.length === 0) {
      verdicts.set(mutant, { survived: true, why: 'no test loads it' });
      continue;
    }
    child.send({ mutant: { file: mutant.file, code: mutant.code }, files });
    const { by, ended } = await answer(child, LIMIT);
    verdicts.set(mutant, ended ? { by: ended } : { by, survived: by === undefined });
    if (verdicts.size % 50 === 0) process.stderr.write(`${verdicts.size} judged\n`);
    if (ended) {
      child.kill('SIGKILL');
      child = await startWorker(tests, folder, []);
    }
  }
  child.kill('SIGKILL');
}

/** The verdict on each mutant of the sample: `survived`, or `by` what it was noticed. */
async function judge(sample) {
  const verdicts = new Map();
  const folder = mkdtempSync(join(tmpdir(), 'plimsoll-mutants-'));
  const [queue, noticing] = [[...sample], testsByFile()];
  const worker = () =>
    work(queue, noticing, verdicts, folder).catch((error) => {
      queue.length = 0; // the other worker's too
      throw error;
    });
  try {
    const done = await Promise.allSettled(Array.from({ length: Math.min(2, availableParallelism()) }, worker));
    for (const { reason } of done) if (reason) throw reason;
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
  }
  return verdicts;
}

function rowsOf(sample, verdicts) {
  const accepted = JSON.parse(readFileSync(ACCEPTED, 'utf8'));
  return sample.map((mutant) => {
    const { file, line, mutator, text, replacement } = mutant;
    const { survived = false, by, why } = verdicts.get(mutant);
    const fits = (each) =>
      matchesGlob(file, each.file) &&
      Object.entries({ mutator, text, replacement }).every(([key, value]) => (each[key] ?? value) === value);
    const reason = survived ? (why ?? accepted.find(fits)?.reason ?? 'no reason: a test is missing') : undefined;
    return { file, line, mutator, text, replacement, survived, by, reason };
  });
}

const percent = (share) => `${(share * 100).toFixed(1)} %`;

function scoreOf(rows) {
  const killed = rows.filter(({ survived }) => !survived).length;
  return { mutants: rows.length, killed, survived: rows.length - killed, share: killed / rows.length };
}

const started = performance.now();
const sample = mutants();
const rows = rowsOf(sample, await judge(sample));
const minutes = (performance.now() - started) / 60_000;

for (const { file, line, mutator, text, replacement, reason } of rows.filter(({ survived }) => survived)) {
  console.log(`${file}:${line}  ${mutator}  ${shown(text)}  ->  ${shown(replacement) || 'nothing'}  (${reason})`);
}
const folders = Object.fromEntries(
  Object.entries(Object.groupBy(rows, folderOf)).map(([folder, of]) => [folder, scoreOf(of)]),
);
const all = scoreOf(rows);
for (const [name, { mutants: of, killed, survived, share }] of Object.entries({ ...folders, all }))
  console.log(`${name.padEnd(10)} ${killed} of ${of} noticed, ${survived} survived: ${percent(share)}`);
console.log(`${minutes.toFixed(1)} minutes, ${(rows.length / minutes).toFixed(0)} mutants a minute`);
if (options.json)
  writeFileSync(options.json, `${JSON.stringify({ seed: options.seed, all, folders, mutants: rows }, null, 2)}\n`);
const isEnough = all.share >= BARS.all && Object.values(folders).every(({ share }) => share >= BARS.folder);
process.exitCode = isEnough ? 0 : 1;
