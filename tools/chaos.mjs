// The scripted day behind endpoints that fail in turn: `pnpm chaos --seed N [--blocks N] [--kills K] [--only NAME] [--all] [--log FILE]`.
// The same seed brings the same faults, blows, people and prices again; the moment at which one of them meets the keeper is the machine's.
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

const usage = `pnpm chaos [--seed <n>] [--blocks <n>] [--kills <n>] [--only <name,name>] [--all] [--log <file>]

  --seed <n>     of the day: faults, blows, people, prices (default: one of the clock, which is printed)
  --blocks <n>   blocks of the day (default 300)
  --kills <n>    how often the keeper is killed, its store cut short or its clock moved (default: every 20 blocks)
  --only <name>  these faults alone, by their names in test-fork/chaos/faults.ts
  --all          also those that take minutes, and those that the keeper does not stand yet
  --log <file>   where to write what the keepers said
  --help         this text`;

const { values } = parseArgs({
  options: {
    seed: { type: 'string' },
    blocks: { type: 'string', default: '300' },
    kills: { type: 'string' },
    only: { type: 'string' },
    all: { type: 'boolean', default: false },
    log: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(usage);
  process.exit(0);
}
const whole = (name, text) => {
  if (/^\d{1,9}$/.test(text)) return text;
  console.error(`--${name} must be a whole number, not "${text}"\n\n${usage}`);
  process.exit(2);
};
const seed = whole('seed', values.seed ?? String(Date.now() % 1_000_000));
const blocks = whole('blocks', values.blocks);
const kills = whole('kills', values.kills ?? String(Math.floor(Number(blocks) / 20)));
console.log(`pnpm chaos --seed ${seed} --blocks ${blocks} --kills ${kills}`);
const env = {
  ...process.env,
  CHAOS_SEED: seed,
  CHAOS_BLOCKS: blocks,
  CHAOS_KILLS: kills,
  ...(values.only ? { CHAOS_ONLY: values.only } : {}),
  ...(values.all ? { CHAOS_ALL: 'true' } : {}),
  ...(values.log ? { CHAOS_LOG: resolve(values.log) } : {}),
};
const vitest = resolve(import.meta.dirname, '../node_modules/vitest/vitest.mjs');
const run = spawn(process.execPath, [vitest, 'run', '--project', 'fork', 'test-fork/chaos'], { stdio: 'inherit', env });
run.on('exit', (code) => process.exit(code ?? 1));
