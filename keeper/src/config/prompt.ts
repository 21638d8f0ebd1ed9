import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { KeeperError } from './error.ts';

/** Asks for a password on the terminal; what is typed is not shown. */
export function promptPassword(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  return new Promise((resolve, reject) => {
    const finish = (settle: () => void) => {
      terminal.close();
      process.stderr.write('\n');
      settle();
    };
    terminal.once('line', (line) => finish(() => resolve(line)));
    // In raw mode the terminal hands Ctrl-C to us instead of raising the signal.
    terminal.once('SIGINT', () => finish(() => reject(new KeeperError('no password was given: interrupted'))));
  });
}
