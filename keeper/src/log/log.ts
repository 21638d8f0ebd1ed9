import pino, { type DestinationStream, type Logger } from 'pino';
import { oneLine } from './one-line.ts';
import { inWords } from './people.ts';
import { scrub } from './secrets.ts';

export { addSecret, addSecretUrl, scrub } from './secrets.ts';
export { describeUrl } from './url.ts';
export type { Logger };

/**
 * The keeper's log. Whatever is written passes one scrubber at the stream, so that no secret or full endpoint URL gets out
 * whichever field, message or error holds it. Amounts (bigint) appear as decimal strings. Errors are one line; at `debug`
 * their causes are added. Stack traces are not logged.
 *
 * @param destination - standard output unless given
 */
export async function createLogger(
  options: { format: 'pretty' | 'json'; level: string },
  destination: DestinationStream = pino.destination({ dest: 1, sync: true }),
): Promise<Logger> {
  const render = options.format === 'pretty' ? await prettyLines() : (line: string) => line;
  const withCauses = options.level === 'debug' || options.level === 'trace';
  return pino(
    {
      level: options.level,
      base: undefined,
      timestamp: pino.stdTimeFunctions.isoTime,
      // `plain` has done it.
      serializers: { err: (described) => described },
      formatters: {
        level: (label) => ({ level: label }),
        log: (fields) => plain(fields, withCauses, 0) as Record<string, unknown>,
      },
    },
    // Before rendering as well: the pretty form drops some of the escapes that a secret would be known by.
    { write: (line) => destination.write(scrub(render(scrub(line)))) },
  );
}

async function prettyLines(): Promise<(line: string) => string> {
  const { prettyFactory } = await import('pino-pretty');
  const colorize = process.stdout.isTTY === true && !process.env.NO_COLOR;
  // What the coin is called is said once the chain is known.
  let coin = 'coins';
  return prettyFactory({
    ...{ colorize, hideObject: true, translateTime: 'SYS:HH:MM:ss' },
    messageFormat(line) {
      if (typeof line.coin === 'string') coin = line.coin;
      return inWords(line, coin);
    },
  });
}

/** JSON-ready copy: bigint to decimal string, errors to one line each, Map and Set to what they hold. */
function plain(value: unknown, withCauses: boolean, depth: number): unknown {
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Error) return describe(value, withCauses);
  if (depth > 6) return '…';
  if (Array.isArray(value)) return value.map((entry) => plain(entry, withCauses, depth + 1));
  if (value instanceof Set) return [...value].map((entry) => plain(entry, withCauses, depth + 1));
  if (value instanceof Date || value instanceof URL) return value;
  const entries = value instanceof Map ? [...value] : Object.entries(value);
  return Object.fromEntries(entries.map(([key, entry]) => [String(key), plain(entry, withCauses, depth + 1)]));
}

function describe(error: Error, withCauses: boolean): unknown {
  const about = { type: error.name, message: oneLine(error) };
  if (!withCauses || !error.cause) return about;
  const causes: string[] = [];
  for (let cause: unknown = error.cause; cause instanceof Error && causes.length < 8; cause = cause.cause) {
    causes.push(oneLine(cause));
  }
  return { ...about, causes };
}
