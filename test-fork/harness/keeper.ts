import { type ChildProcess, spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Hex } from 'viem';
import type { CoreDirectory } from '../lab/directory.ts';
import { root } from '../lab/paths.ts';
import { withBinaries } from './deploy.ts';

/** One line of the keeper's JSON log. */
export type LogLine = { level: string; msg: string; [field: string]: unknown };

/** A keeper in a process of its own, as a user starts it. */
export type KeeperProcess = {
  child: ChildProcess;
  /** Path of its store, or `memory`. */
  store: string;
  lines: readonly LogLine[];
  /** All it printed, both streams. */
  output(): string;
  /** Called with each line of the log as it comes. */
  onLine(listener: (line: LogLine) => void): void;
  /** The first line, past or future, that fits; rejects when the keeper ends or the time is over before. */
  waitFor(fits: (line: LogLine) => boolean, milliseconds?: number): Promise<LogLine>;
  /** Asks it to stop, as Ctrl-C does, and waits; gives the exit code. */
  stop(): Promise<number | null>;
  /** Its exit code, once it ends by itself. */
  ended: Promise<number | null>;
};

/** The flags that tell a keeper where things are in a lab. */
export const labFlags = (
  directory: CoreDirectory,
  url: string,
  markets: readonly string[] = [directory.aave.pool],
): string[] => [
  ...['--protocol', 'aave-v3', '--rpc', url],
  ...markets.flatMap((market) => ['--market', market]),
  ...['--wrapped-native', directory.tokens.WETH.address],
  ...['--uniswap-v3-factory', directory.uniswapV3.factory],
];

/** Starts `keeper/src/cli.ts` with the flags given, its log in JSON. */
export function startKeeper(flags: readonly string[], key?: Hex, env: NodeJS.ProcessEnv = {}): KeeperProcess {
  const register = join(root, 'tools/register.mjs');
  const cli = join(root, 'keeper/src/cli.ts');
  // Unless a test says otherwise, a keeper begins with nothing and leaves nothing.
  const place = flags.lastIndexOf('--store') + 1;
  const store = place > 0 ? flags[place]! : 'memory';
  const child = spawn(
    process.execPath,
    ['--import', register, cli, '--log-format', 'json', '--store', store, ...flags],
    {
      cwd: root,
      env: withBinaries({ ...(key ? { PLIMSOLL_PRIVATE_KEY: key } : {}), ...env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = once(child, 'exit').then(([code]) => {
    process.off('exit', kill);
    emitter.emit('end');
    return code as number | null;
  });

  const emitter = new EventEmitter();
  const lines: LogLine[] = [];
  let printed = '';
  child.stderr.on('data', (data) => {
    printed += data;
  });
  createInterface({ input: child.stdout }).on('line', (text) => {
    printed += `${text}\n`;
    try {
      lines.push(JSON.parse(text) as LogLine);
    } catch {
      return; // not of the log; output() has it
    }
    emitter.emit('line', lines.at(-1));
  });

  return {
    child,
    store,
    lines,
    output: () => printed,
    ended,
    onLine: (listener) => emitter.on('line', listener),
    async waitFor(fits, milliseconds = 300_000) {
      const past = lines.find(fits);
      if (past) return past;
      return new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer);
          emitter.off('line', look).off('end', gone);
          settle();
        };
        const look = (line: LogLine) => fits(line) && finish(() => resolve(line));
        const gone = () => finish(() => reject(new Error(`the keeper ended first:\n${printed.slice(-4_000)}`)));
        const late = () =>
          finish(() => reject(new Error(`no such line in ${milliseconds} ms:\n${printed.slice(-4_000)}`)));
        const timer = setTimeout(late, milliseconds);
        emitter.on('line', look).on('end', gone);
      });
    },
    async stop() {
      child.kill('SIGINT');
      return ended;
    },
  };
}
