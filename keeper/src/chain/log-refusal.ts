import { isRateLimit, isUnreachable, retryAfterOf, wordsOf } from './errors.ts';

/** Why a search for logs was refused, and what the node's words say of what it would take. */
export type Refusal =
  /** Too many blocks, logs or bytes; `blocks` is how many it takes, `to` the last block it would have taken. */
  | { kind: 'range'; blocks?: bigint; to?: bigint }
  /** It took too long: fewer blocks may go. */
  | { kind: 'timeout' }
  /** Asked too often; `retryAfter` milliseconds where it says so. */
  | { kind: 'rate'; retryAfter?: number };

const RANGE =
  /too (many|large|big|wide|high|long)|(more|greater) than [\d,]+|block[- ]?range|(query|log|max\w*|requested|span|wide)\W+(block\W+)?range|ranges? .*(exceed|limit|large|wide|over|not supported)|ranges over|response size|(response|payload|body|content).*(limit|large|exceed)|exceeds? .*(limit|max|size|range|results)|limit(ed)? (to|is)|limit ?exceeded|up to an? [\d,]+|maximum .*(blocks|is set|allowed)|too much data|retry with the range|block range should work|\b413\b/i;
const TIMEOUT = /time[d-]?[ -]?out|took too long|no answer within|deadline|context canceled|execution aborted/i;
const NO_RANGE = /beyond (the )?(current )?head|invalid block range|block(s specified[^.]*)? (can)?not (be )?found/i;

/** What an error says, in the words of one of the many nodes, of a search for logs; undefined when it is about something else. */
export function refusalOf(error: unknown): Refusal | undefined {
  // It tells what is wrong with each endpoint, in their words.
  if (isUnreachable(error)) return undefined;
  const words = wordsOf(error);
  const suggested = suggestedEnd(words, error);
  // Some name their limit of results in the same breath as a rate.
  if (suggested !== undefined) return { kind: 'range', to: suggested };
  if (isRateLimit(error)) {
    const retryAfter = retryAfterOf(error);
    return { kind: 'rate', ...(retryAfter === undefined ? {} : { retryAfter }) };
  }
  if (statusOf(error) === 413) return { kind: 'range' };
  if (NO_RANGE.test(words)) return undefined;
  const blocks = statedBlocks(words);
  if (blocks !== undefined) return { kind: 'range', blocks };
  if (TIMEOUT.test(words) || [408, 504, 524].includes(statusOf(error) ?? 0)) return { kind: 'timeout' };
  return RANGE.test(words) ? { kind: 'range' } : undefined;
}

/** The end of the range that the node proposes, `[0x10, 0x20]` or `16-32`. */
function suggestedEnd(words: string, error: unknown): bigint | undefined {
  const written =
    /range[^[\]]*\[\s*(0x[0-9a-f]+)\s*,\s*(0x[0-9a-f]+)\s*\]/i.exec(words) ??
    /with the range:? (\d+)\s*-\s*(\d+)/i.exec(words);
  if (written) return BigInt(written[2]!);
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = (cause as Error).cause) {
    const { to, limit } = ((cause as { data?: unknown }).data ?? {}) as { to?: unknown; limit?: unknown };
    if (limit !== undefined && typeof to === 'string' && /^0x[0-9a-f]+$/i.test(to)) return BigInt(to);
  }
  return undefined;
}

const NUMBER = String.raw`(\d[\d,_]*)\s*(k\b)?`;
const STATED = [
  String.raw`limited to (?:a |an |0 ?- ?)?${NUMBER}\s*-?(?:blocks?)?`,
  `up to an? ${NUMBER} ?-?block`,
  `max(?:imum)?(?: allowed)?(?: block)?(?: range)?(?: is)?(?: set to)?:? ${NUMBER}`,
  `max(?:imum)? (?:block )?range(?: is| of)?:? ?=? ?${NUMBER}`,
  `ranges? over ${NUMBER} blocks`,
  `(?:maximum|max) (?:allowed )?(?:number of )?(?:requested )?blocks(?: is| per query| distance)?:? ${NUMBER}`,
  `more than ${NUMBER} blocks`,
  `range[^.]*? exceeds? (?:the )?(?:limit|maximum)(?: of)?:? ${NUMBER}`,
  `blocks? range[^.]*?(?:limit(?: is| of|:)?|less than|larger than|greater than|exceeds?) ${NUMBER}`,
  String.raw`(?:range|blocks)[^.]*\(?max(?:imum)?:? ${NUMBER}`,
].map((pattern) => new RegExp(pattern, 'i'));

/** How many blocks the node takes, if it says so. A number of results, bytes or credits is none. */
function statedBlocks(words: string): bigint | undefined {
  if (
    /results|logs (over|in|per)|returned more|response size|bytes|credits/i.test(words) &&
    !/block range|requested blocks/i.test(words)
  ) {
    return undefined;
  }
  for (const pattern of STATED) {
    const found = pattern.exec(words);
    if (!found) continue;
    const blocks = BigInt(found[1]!.replace(/[,_]/g, '') || 0) * (found[2] ? 1_000n : 1n);
    if (blocks > 0n) return blocks;
  }
  return undefined;
}

function statusOf(error: unknown): number | undefined {
  for (let cause = error; typeof cause === 'object' && cause !== null; cause = (cause as Error).cause) {
    const { status } = cause as { status?: unknown };
    if (typeof status === 'number') return status;
  }
  return undefined;
}
