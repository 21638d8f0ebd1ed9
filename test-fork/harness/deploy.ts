import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Address } from 'viem';
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
    const args = ['script', 'Deploy', '--rpc-url', url, '--unlocked', '--sender', sender, '--broadcast'];
    const { stdout } = await run('forge', [...args, '--non-interactive', '--skip', 'test'], {
      cwd: root,
      env: withBinaries({
        OWNER: roles.owner,
        TREASURY: roles.treasury,
        OPERATORS: roles.operators.join(','),
        FOUNDRY_BROADCAST: broadcast,
      }),
    });
    const found = /Liquidator (0x[0-9a-fA-F]{40}) on chain/.exec(stdout);
    if (!found) throw new Error(`forge script Deploy named no address:\n${stdout}`);
    return { liquidator: found[1] as Address, output: stdout };
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`forge script Deploy failed: ${stderr || stdout || (error as Error).message}`, { cause: error });
  } finally {
    await rm(broadcast, { recursive: true, force: true });
  }
}
