import { dirname, join } from 'node:path';
import { Instance } from 'prool';
import { type HttpTransport, http } from 'viem';
import { whyNotStarted } from '../../tools/foundry.mjs';
import { rootRequire } from './paths.ts';

/** A running anvil. */
export type Anvil = {
  /** Its HTTP endpoint; the WebSocket one is the same port. */
  url: string;
  wsUrl: string;
  port: number;
  pid: number;
  /** Ends it and resolves when it is gone; calling it again is harmless. */
  stop(): Promise<void>;
};

/** Options of anvil, as prool names them (anvil's own flags in camel case). */
export type AnvilOptions = Instance.anvil.Parameters & Record<string, unknown>;

/** Milliseconds: below the five minutes after which fetch gives up by itself. */
const LONGEST = 280_000;

/**
 * How a test talks to an anvil of its own. A request is sent once, however long the node takes for it on a busy machine: a
 * second `anvil_reorg` beside the first, a second block or a second transaction is not the same as one.
 */
export const nodeTransport = (url: string): HttpTransport => http(url, { timeout: LONGEST, retryCount: 0 });

/** Path of the native anvil: the npm package of this platform if it is installed, else `anvil` from PATH. */
export function anvilBinary(): string {
  const arch = process.arch === 'x64' ? 'amd64' : process.arch;
  try {
    const manifest = rootRequire.resolve(`@foundry-rs/anvil-${process.platform}-${arch}/package.json`);
    return join(dirname(manifest), 'bin', 'anvil');
  } catch {
    return 'anvil';
  }
}

/**
 * Starts an anvil on 127.0.0.1 at a free port (unless `port` is given), with EIP-7825's cap on the gas of one transaction.
 * It dies with this process, however that ends short of SIGKILL.
 * @throws when anvil does not start, with what it printed.
 */
export async function startAnvil(options: AnvilOptions = {}): Promise<Anvil> {
  const parameters: AnvilOptions = {
    binary: anvilBinary(),
    host: '127.0.0.1',
    port: 0,
    enableTxGasLimit: true,
    ...options,
  };
  const instance = Instance.anvil(parameters as Instance.anvil.Parameters, { timeout: 300_000 });
  let port = 0;
  // With port 0 the system picks one that is free, and only anvil's greeting tells which.
  instance.on('stdout', (text) => {
    port ||= Number(/Listening on [^\s]*:(\d+)/.exec(text)?.[1] ?? 0);
  });
  await instance.start().catch((error: unknown) => {
    throw new Error(whyNotStarted(error, anvilBinary()), { cause: error });
  });
  const child = (instance._internal as { process: { pid: number } }).process;

  const gone = new Promise<void>((resolve) => instance.once('exit', () => resolve()));
  let stopping: Promise<void> | undefined;
  // prool's own stop() goes through execa's kill(), which arms a five-second timer to kill harder; prool then drops the
  // listeners that would disarm it, and the timer keeps the process alive. A signal to the pid arms nothing.
  const stop = () => {
    if (!stopping && instance.status !== 'stopped') process.kill(child.pid, 'SIGTERM');
    stopping ??= instance.status === 'stopped' ? Promise.resolve() : gone;
    return stopping;
  };
  return { url: `http://127.0.0.1:${port}`, wsUrl: `ws://127.0.0.1:${port}`, port, pid: child.pid, stop };
}
