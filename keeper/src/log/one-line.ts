import { scrub } from './secrets.ts';

/** The longest line an error makes: some carry the calldata of a transaction. */
const LONGEST = 500;

/**
 * What an error says, in one line without secrets or stack: viem's short message and the detail it got from the node, or
 * the error's message.
 */
export function oneLine(error: unknown): string {
  if (!(error instanceof Error)) return tidy(String(error));
  const { shortMessage, details } = error as { shortMessage?: unknown; details?: unknown };
  const message = typeof shortMessage === 'string' ? shortMessage : error.message || error.name;
  const detail = typeof details === 'string' && !message.includes(details) ? details : '';
  const why = rootCause(error);
  return tidy([message, detail, why && !`${message}${detail}`.includes(why) ? `(${why})` : ''].join(' '));
}

/** The system's word for a failed connection (ECONNREFUSED, ENOTFOUND), which fetch hides in its causes. */
function rootCause(error: Error): string | undefined {
  let code: string | undefined;
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const own = (cause as NodeJS.ErrnoException).code;
    if (typeof own === 'string') code = own;
  }
  return code;
}

function tidy(text: string): string {
  const line = scrub(text).replace(/\s+/g, ' ').trim();
  return line.length > LONGEST ? `${line.slice(0, LONGEST)}…` : line;
}
