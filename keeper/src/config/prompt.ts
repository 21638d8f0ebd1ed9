import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';

/** Asks for a password on the terminal; what is typed is not shown. */
export function promptPassword(question: string): Promise<string> {
  // Takes the terminal's echo off, so it comes before the question: an answer may be typed ahead.
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const terminal = createInterface({ input: process.stdin, output: silent, terminal: true });
  process.stderr.write(question);
  return new Promise((resolve) => {
    const finish = () => {
      terminal.close();
      process.stderr.write('\n');
    };
    terminal.once('line', (line) => {
      finish();
      resolve(line);
    });
    // The terminal hands us Ctrl-C as a key; make it the signal it is everywhere else.
    terminal.once('SIGINT', () => {
      finish();
      process.kill(process.pid, 'SIGINT');
    });
  });
}
