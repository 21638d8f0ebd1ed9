// `pnpm bench [--json] [word...]`: what the keeper's parts cost. Every keeper/bench/*.bench.ts is run in a process of its
// own; with words, only those whose file name has one of them. One that takes over a minute says `export const slow = true`: it
// runs only where a word names it, has 20 minutes, and else is listed as not run. Prints a table, or one JSON object a line.
import './check-node.mjs';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals: words } = parseArgs({
  options: { json: { type: 'boolean', default: false }, file: { type: 'string' } },
  allowPositionals: true,
});
const folder = join(import.meta.dirname, '..', 'keeper', 'bench');
// As the keeper runs.
const flags = readFileSync(join(folder, '..', 'node-flags'), 'utf8')
  .trim()
  .split(' ');
const [BENCH, LONGEST] = ['.bench.ts', 20 * 60_000];

if (values.file) {
  const { default: bench } = await import(pathToFileURL(values.file).href);
  for (const row of await bench()) console.log(JSON.stringify(row));
} else {
  const files = readdirSync(folder).filter((file) => file.endsWith(BENCH));
  const wanted = files.filter((file) => words.length === 0 || words.some((word) => file.includes(word)));
  if (wanted.length === 0) {
    console.error(`bench: no file in keeper/bench has ${words.join(' or ')} in its name: ${files.join(', ')}`);
    process.exit(1);
  }
  const rows = wanted.sort().flatMap((file) => (words.length === 0 && isSlow(file) ? notRun(file) : run(file)));
  if (values.json) {
    for (const { name, value, unit, target = null, note } of rows) {
      console.log(JSON.stringify({ name, value, unit, target, ...(value === null ? { note } : {}) }));
    }
  } else {
    console.table(rows.map(shown));
    for (const { name, value, note } of rows) if (note && value !== null) console.log(`${name}: ${note}`);
  }
}

/** Read and not imported, which would load all that it measures. */
function isSlow(file) {
  return /^export const slow = true;$/m.test(readFileSync(join(folder, file), 'utf8'));
}

function notRun(file) {
  const word = file.slice(0, -BENCH.length);
  return [
    { name: word, value: null, unit: '', isRun: false, note: `takes minutes, runs by its word: pnpm bench ${word}` },
  ];
}

function run(file) {
  const args = [...flags, '--import', './tools/register.mjs', import.meta.filename, '--file', join(folder, file)];
  const out = execFileSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: join(folder, '..', '..'),
    timeout: LONGEST,
  });
  return out.split('\n').filter(Boolean).map(JSON.parse);
}

function shown({ name, value, unit, target, atLeast, note, isRun = true }) {
  const number = (of) => of.toLocaleString('en', { maximumSignificantDigits: 4 });
  const met = () => ((atLeast ? value >= target : value <= target) ? 'yes' : 'no');
  return {
    name,
    value: value === null ? `not ${isRun ? 'measured' : 'run'}: ${note}` : `${number(value)} ${unit}`,
    target: target === undefined ? '' : `${atLeast ? '≥' : '≤'} ${number(target)}`,
    met: target === undefined || value === null ? '' : met(),
  };
}
