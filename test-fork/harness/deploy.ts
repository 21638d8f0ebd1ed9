import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Address } from 'viem';
import { whyNotStarted } from '../../tools/foundry.mjs';
import { root } from '../lab/paths.ts';

const run = promisify(execFile);

/** Who gets what of a new Liquidator. */
export type Roles = { owner: Address; treasury: Address; operators: readonly Address[] };

/** The repository's binaries before those of the machine. */
export const withBinaries = (env: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  ...env,
});

/**
 * A build of the script's own. Sharing `out` with `forge test` would compile all Solidity tests before anything here can
 * deploy, and a forge that writes there at the same time leaves the script without bytecode.
 */
const ownBuild = { FOUNDRY_OUT: 'out-deploy', FOUNDRY_CACHE_PATH: 'cache-deploy' };

/** The script needs nothing of what lies there. */
const TESTS = 'contracts/test/**';

/** How a run of forge ended, and what it printed. */
type ForgeRun = { code: number; stdout: string; stderr: string };

/**
 * Runs `forge script Deploy --broadcast` whatever comes of it.
 *
 * @param url - the chain; without one the script runs on an empty chain inside forge, and nothing is sent
 * @param signer - forge's flags for who signs and pays
 * @param env - OWNER, TREASURY, OPERATORS; an empty string leaves one unset
 */
export async function forgeDeploy(
  url: string | undefined,
  signer: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<ForgeRun> {
  const rpc = url ? ['--rpc-url', url] : [];
  const args = ['script', 'Deploy', ...rpc, ...signer, '--broadcast', '--non-interactive', '--skip', TESTS];
  try {
    return { code: 0, ...(await run('forge', args, { cwd: root, env: withBinaries({ ...ownBuild, ...env }) })) };
  } catch (error) {
    const { code, stdout, stderr } = error as ForgeRun;
    if (typeof code !== 'number') throw new Error(whyNotStarted(error, 'forge'), { cause: error });
    return { code, stdout, stderr };
  }
}

/** Compiles the script, so that whoever deploys finds it compiled. */
export async function compileDeploy(): Promise<void> {
  const { stdout, stderr } = await forgeDeploy(undefined, [], { OWNER: '', TREASURY: '', OPERATORS: '' });
  // It has compiled when it gets as far as missing its inputs.
  if (!stderr.includes('set OWNER')) throw new Error(`forge script Deploy does not compile: ${stderr || stdout}`);
}

/** The environment that `forge script Deploy` reads. */
export const deployEnv = ({ owner, treasury, operators }: Roles): NodeJS.ProcessEnv => ({
  OWNER: owner,
  TREASURY: treasury,
  OPERATORS: operators.join(','),
});

/**
 * Runs `forge script Deploy` as a user would, and reads the address it prints.
 *
 * @param sender - an account the node signs for, which pays
 * @throws with forge's own words when it fails
 */
export async function deploy(
  url: string,
  sender: Address,
  roles: Roles,
): Promise<{ liquidator: Address; output: string }> {
  // forge records what it broadcasts; runs side by side must not share the record.
  const broadcast = await mkdtemp(join(tmpdir(), 'plimsoll-broadcast-'));
  try {
    const env = { ...deployEnv(roles), FOUNDRY_BROADCAST: broadcast };
    const { code, stdout, stderr } = await forgeDeploy(url, ['--unlocked', '--sender', sender], env);
    if (code !== 0) throw new Error(`forge script Deploy failed: ${stderr || stdout}`);
    const found = /Liquidator (0x[0-9a-fA-F]{40}) on chain/.exec(stdout);
    if (!found) throw new Error(`forge script Deploy named no address:\n${stdout}`);
    return { liquidator: found[1] as Address, output: stdout };
  } finally {
    await rm(broadcast, { recursive: true, force: true });
  }
}
