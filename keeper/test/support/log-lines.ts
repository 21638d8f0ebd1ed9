import { setTimeout as sleep } from 'node:timers/promises';
import { createLogger, type Logger } from '../../src/log/log.ts';

type Line = { level: string; msg: string; [field: string]: unknown };

/** A log that can be read. */
export async function readableLog(): Promise<{ log: Logger; lines: Line[]; said(msg: string): Line[] }> {
  const lines: Line[] = [];
  const log = await createLogger(
    { format: 'json', level: 'debug' },
    { write: (line) => lines.push(JSON.parse(line) as Line) },
  );
  return { log, lines, said: (msg) => lines.filter((line) => line.msg === msg) };
}

/** Waits for what must come; the test's own timeout ends what does not. */
export async function until(is: () => boolean): Promise<void> {
  while (!is()) await sleep(5);
}
