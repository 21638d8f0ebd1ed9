import { parseArgs } from 'node:util';
import { z } from 'zod';
import { ensureLab } from './build.ts';

const usage = `pnpm lab [--seed <n>] [--quiet]

Builds the lab, a chain with the protocols' published code to fork in tests, and prints where it is.

  --seed <n>   which borrowers and addresses; a whole number from 0 to 4294967295 (default 1)
  --quiet      print nothing unless it fails
  --help       this text`;

const seedSchema = z
  .string()
  .regex(/^\d+$/)
  .transform(Number)
  .pipe(z.number().max(2 ** 32 - 1));

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      quiet: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const seed = seedSchema.safeParse(values.seed);
  if (!seed.success) throw new Error(`--seed must be a whole number from 0 to 4294967295, not "${values.seed}"`);
  const started = performance.now();
  const onProgress = (line: string) => console.log(`${((performance.now() - started) / 1000).toFixed(1)} s  ${line}`);
  const lab = await ensureLab({ seed: seed.data, onProgress: values.quiet ? undefined : onProgress });
  if (values.quiet) return;
  console.log(`state      ${lab.statePath}`);
  console.log(`block      ${lab.blockNumber} at ${new Date(lab.timestamp * 1000).toISOString()}`);
  console.log(`borrowers  ${lab.directory.borrowers.length}`);
  console.log(`pool       ${lab.directory.aave.pool}`);
}

try {
  await main();
} catch (error) {
  console.error(`lab: ${(error as Error).message}`);
  process.exitCode = 1;
}
