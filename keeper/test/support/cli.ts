import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..');
const PATH = [join(root, 'node_modules', '.bin'), process.env.PATH].join(delimiter);

export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface RunOptions {
  env?: Record<string, string>;
  /** Files to put into the folder it runs in. */
  files?: Record<string, string>;
  /** Signals, one after the other, each sent when standard output says the word before it. */
  signals?: [after: string, signal: NodeJS.Signals][];
}

/** Runs the keeper as a user would, in an empty folder of its own and with a bare environment. */
export function runCli(args: readonly string[], { env = {}, files = {}, signals = [] }: RunOptions = {}): Promise<Run> {
  const cwd = temporaryFolder();
  for (const [name, content] of Object.entries(files)) writeFileSync(join(cwd, name), content, { mode: 0o600 });
  const entry = [join(root, 'keeper/src/cli.ts'), ...args];
  const child = spawn(
    process.execPath,
    // The warning is ts-node's, about itself.
    ['--disable-warning=DEP0180', '--import', join(root, 'tools/register.mjs'), ...entry],
    {
      cwd,
      env: { PATH, HOME: cwd, TS_NODE_PROJECT: join(root, 'tsconfig.json'), ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let [stdout, stderr] = ['', ''];
  const due = [...signals];
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    const [next] = due;
    if (next && stdout.includes(next[0])) child.kill(due.shift()![1]);
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** An empty folder outside the repository. */
export function temporaryFolder(): string {
  return mkdtempSync(join(tmpdir(), 'plimsoll-'));
}

/** A port of this machine that nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Runs Foundry's cast. */
export async function cast(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('cast', args, { env: { PATH } });
  return stdout;
}
