import { parseArgs } from 'node:util';
import { z } from 'zod';
import { withCure } from '../../tools/foundry.mjs';
import { startLab } from './anvil.ts';
import { type BuiltLab, ensureLab } from './build.ts';
import { LAB_CHAIN_ID } from './populate.ts';

const usage = `pnpm lab [--seed <n>] [--quiet] [--serve [--port <n>]]

Builds the lab, a chain with the protocols' published code to fork in tests, and prints where it is.

  --seed <n>   which borrowers and addresses; a whole number from 0 to 4294967295 (default 1)
  --quiet      print nothing unless it fails; with --serve, the URL alone
  --serve      keep the lab running until Ctrl-C and print FORK_URL_31337=<its RPC endpoint>; suites fork it, none writes to it
  --port <n>   where to serve, 1 to 65535 (default: one that is free)
  --help       this text`;

const whole = (least: number, most: number) =>
  z.string().regex(/^\d+$/).transform(Number).pipe(z.number().min(least).max(most));
const seedSchema = whole(0, 2 ** 32 - 1);
const portSchema = whole(1, 65_535).optional();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seed: { type: 'string', default: '1' },
      quiet: { type: 'boolean', default: false },
      serve: { type: 'boolean', default: false },
      port: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(usage);
  const seed = seedSchema.safeParse(values.seed);
  if (!seed.success) throw new Error(`--seed must be a whole number from 0 to 4294967295, not "${values.seed}"`);
  const port = portSchema.safeParse(values.port);
  if (!port.success) throw new Error(`--port must be a whole number from 1 to 65535, not "${values.port}"`);
  if (values.port && !values.serve) throw new Error('--port says where to --serve: give both, or neither');
  const started = performance.now();
  const onProgress = (line: string) => console.log(`${((performance.now() - started) / 1000).toFixed(1)} s  ${line}`);
  const lab = await ensureLab({ seed: seed.data, onProgress: values.quiet ? undefined : onProgress });
  if (!values.quiet) describe(lab);
  if (values.serve) await serve(seed.data, port.data);
}

function describe(lab: BuiltLab): void {
  console.log(`state      ${lab.statePath}`);
  console.log(`block      ${lab.blockNumber} at ${new Date(lab.timestamp * 1000).toISOString()}`);
  console.log(`borrowers  ${lab.directory.borrowers.length}`);
  console.log(`pool       ${lab.directory.aave.pool}`);
}

/** Runs the lab until a signal ends it. */
async function serve(seed: number, port: number | undefined): Promise<void> {
  const lab = await startLab({ seed, anvil: { port: port ?? 0 } });
  console.log(`FORK_URL_${LAB_CHAIN_ID}=${lab.url}`);
  await new Promise<void>((resolve) => process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve()));
  await lab.stop();
}

try {
  await main();
} catch (error) {
  console.error(`lab: ${withCure((error as Error).message)}`);
  process.exitCode = 1;
}
