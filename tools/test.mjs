// `pnpm test [part...]`: lint, forge, the keeper's unit tests and the forks, or the parts that are named; the parts of a stage
// side by side. `pnpm test:long [word...]`: the long form of each test that has one, or of those whose path has one of the
// words. What a part prints is shown as it comes; at the end are the minutes of each part and the totals of all runners.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { stripVTControlCharacters } from 'node:util';

/** A part's command, and how its runner's closing lines begin: what is read of them are the counts. */
const PARTS = {
  lint: { script: ['node', 'tools/lint.mjs'], closing: /^lint: \d+ passed/ },
  sol: { script: ['pnpm', 'test:sol'], closing: /^Ran \d+ test suites? in / },
  unit: { script: ['vitest', 'run', '--project', 'unit'], closing: /^ *(Test Files|Tests) +\d/ },
  fork: { script: ['vitest', 'run', '--project', 'fork'], closing: /^ *(Test Files|Tests) +\d/ },
};
/**
 * Compiling the Solidity tests takes one core for a minute, which the unit tests leave it; the forks take both cores, and what
 * they wait for must not wait for others.
 */
const STAGES = [['lint'], ['sol', 'unit'], ['fork']];
const LONG = 'process.env.LONG';
const COLOURS = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};

const [mode, ...words] = process.argv.slice(2);
const isLong = mode === '--long';
const stages = isLong ? [['long']] : named(process.argv.slice(2));
const parts = isLong ? { long: longForms(words) } : PARTS;
const children = new Set();
let stopped;

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    stopped = signal;
    for (const child of children) end(child, signal);
  });
}

const started = performance.now();
const results = [];
for (const stage of stages) {
  if (stopped) break;
  results.push(...(await Promise.all(stage.map((name) => run(name, stage.length > 1)))));
}
tell();

/** The stages with those parts only that were asked for; all if none was. */
function named(asked) {
  const unknown = asked.filter((name) => !Object.hasOwn(PARTS, name));
  if (unknown.length > 0) {
    console.error(`no part is called ${unknown.join(' or ')}: there are ${Object.keys(PARTS).join(', ')}`);
    process.exit(2);
  }
  const wanted = STAGES.map((stage) => stage.filter((name) => asked.length === 0 || asked.includes(name)));
  return wanted.filter((stage) => stage.length > 0);
}

/** Every test file that asks whether it is to be long. */
function longForms(asked) {
  const all = globSync(['keeper/test/**/*.test.ts', 'test-fork/*.test.ts', 'test-fork/!(node_modules)/**/*.test.ts']);
  const files = all
    .filter((path) => readFileSync(path, 'utf8').includes(LONG))
    .filter((path) => asked.length === 0 || asked.some((word) => path.includes(word)));
  if (files.length === 0) {
    console.error(`no test that has a long form has ${asked.join(' or ')} in its path`);
    process.exit(2);
  }
  return { ...PARTS.fork, script: ['vitest', 'run', ...files.sort()], env: { LONG: 'true' } };
}

/** Runs a part to its end. @param beside - whether another runs beside it: each line then begins with the part's name */
function run(name, beside) {
  const { script, closing, env } = parts[name];
  const begun = performance.now();
  const [command, ...args] = script;
  // A group of its own, so that whatever it starts ends with it.
  const child = spawn(command, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...COLOURS, ...env },
    detached: true,
  });
  children.add(child);
  const closed = [];
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ]) {
    createInterface({ input: from }).on('line', (line) => {
      to.write(beside ? `${name.padEnd(5)}| ${line}\n` : `${line}\n`);
      const plain = stripVTControlCharacters(line);
      if (closing.test(plain)) closed.push(plain);
    });
  }
  return new Promise((resolve) => {
    child.once('error', (error) => console.error(`${name}: ${error.message}`));
    child.once('close', (code) => {
      children.delete(child);
      resolve({ name, ok: code === 0, minutes: (performance.now() - begun) / 60_000, closed });
    });
  });
}

/** The table of parts, the runners' closing lines, and their sum. */
function tell() {
  const row = (name, minutes, outcome) => `${name.padEnd(8)}${minutes.toFixed(1).padStart(6)}  ${outcome}`;
  console.log(`\npart   minutes`);
  for (const { name, ok, minutes } of results) console.log(row(name, minutes, ok ? 'passed' : 'FAILED'));
  console.log(row('in all', (performance.now() - started) / 60_000, stopped ? `ended by ${stopped}` : '').trimEnd());
  console.log('');
  for (const { name, closed } of results) for (const line of closed) console.log(`${name.padEnd(5)} ${line.trim()}`);
  const totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { closed } of results) for (const line of closed) count(line, totals);
  // A part that ends badly without a word, or says that nothing failed, has failed once all the same.
  totals.failed += results.filter(
    ({ ok, closed }) => !ok && !closed.some((line) => /[1-9]\d* failed/.test(line)),
  ).length;
  console.log(`\n${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
  process.exitCode = stopped || totals.failed > 0 || results.some(({ ok }) => !ok) ? 1 : 0;
}

/** Adds what a closing line counts. Vitest's line of files counts the same tests again. */
function count(line, totals) {
  if (/^ *Test Files/.test(line)) return;
  for (const kind of Object.keys(totals))
    totals[kind] += Number(new RegExp(`(\\d+)(?: tests?)? ${kind}`).exec(line)?.[1] ?? 0);
}

/** Ends a part and what it has started. */
function end(child, signal) {
  try {
    process.kill(-child.pid, signal);
  } catch {
    child.kill(signal);
  }
}
