import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { forkLab, type Lab } from '../lab/anvil.ts';
import { testClient } from '../lab/chain.ts';
import { readDirectory } from '../lab/directory.ts';
import { root } from '../lab/paths.ts';

/** The demo's chain, and the process to end when it is kept. */
export type DemoChain = Lab<'core'> & { pid: number };

/** A fork of the lab that ends with the demo. */
export async function ownChain(): Promise<DemoChain> {
  return { ...(await forkLab({ scope: 'core' })), pid: process.pid };
}

/** A fork of the lab that outlives the demo; `stop` is for when the demo fails. */
export async function keptChain(): Promise<DemoChain> {
  const host = join(root, 'test-fork/demo/host.ts');
  const child = spawn(process.execPath, [...process.execArgv, host], {
    cwd: root,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  const first = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  const greeting = String(first[0]);
  if (!greeting.startsWith('{')) throw new Error('the chain to keep did not start');
  const { url, pid } = JSON.parse(greeting) as { url: string; pid: number };
  lines.close();
  child.stdout.destroy();
  child.unref();
  const client = testClient(url);
  const directory = await readDirectory(client, 'core');
  const stop = async () => {
    process.kill(pid, 'SIGTERM');
  };
  return { url, wsUrl: url.replace('http', 'ws'), client, directory, stop, pid };
}
