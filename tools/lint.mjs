// `pnpm lint`: every static check side by side, each by its own name, its output shown if it fails.
import './check-node.mjs';
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whyNotStarted } from './foundry.mjs';

const run = (command, args, env = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (data) => {
      output += data;
    });
    child.stderr.on('data', (data) => {
      output += data;
    });
    child.on('error', (error) => resolve({ ok: false, output: whyNotStarted(error, command) }));
    child.on('close', (code) => resolve({ ok: code === 0, output }));
  });

/** The committed bindings must be what the contract's ABI makes now. */
async function bindings() {
  const build = await run('forge', ['build', 'contracts/Liquidator.sol']);
  if (!build.ok) return build;
  const folder = await mkdtemp(join(tmpdir(), 'plimsoll-bindings-'));
  try {
    const fresh = join(folder, 'bindings.ts');
    const generated = await run('wagmi', ['generate'], { BINDINGS_OUT: fresh, NODE_NO_WARNINGS: '1' });
    if (!generated.ok) return generated;
    const ok = (await readFile(fresh, 'utf8')) === (await readFile('keeper/src/bindings.ts', 'utf8'));
    return { ok, output: 'keeper/src/bindings.ts is not what the contract says: run pnpm bindings and commit it' };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const checks = {
  types: () => run('tsc', ['-p', 'tsconfig.json', '--pretty']),
  biome: () => run('biome', ['check', '--error-on-warnings']),
  'forge fmt': () => run('forge', ['fmt', '--check']),
  // It compiles without bytecode; in the shared folder `forge test` would then find nothing to run.
  'forge lint': () =>
    run('forge', ['lint', '--deny', 'warnings'], { FOUNDRY_OUT: 'out-lint', FOUNDRY_CACHE_PATH: 'cache-lint' }),
  bindings,
  'contract docs': () => run('node', ['tools/contract-docs.mjs']),
  rooms: async () => {
    const checked = await run(process.execPath, ['tools/check-rooms.mjs']);
    return checked.ok ? { ...checked, summary: checked.output.trim() } : checked;
  },
};

const results = await Promise.all(
  Object.entries(checks).map(async ([name, check]) => {
    const { ok, output, summary = name } = await check();
    console.log(`${ok ? 'ok  ' : 'FAIL'} ${summary}`);
    return { ok, text: ok ? '' : `\n--- ${name}\n${output}` };
  }),
);
const failed = results.filter(({ ok }) => !ok);
for (const { text } of failed) console.log(text);
console.log(`lint: ${results.length - failed.length} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
