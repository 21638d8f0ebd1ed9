import type { Address, Hex } from 'viem';

/** The same address on every chain that has it (https://www.multicall3.com). */
export const MULTICALL3: Address = '0xcA11bde05977b3631167028862bE2a173976CA11';

/** `aggregate3((address target, bool allowFailure, bytes callData)[])` of Multicall3. */
const AGGREGATE3 = '0x82ad56cb';
/** Hex digits of a word. */
const WORD = 64;

const word = (value: number): string => value.toString(16).padStart(WORD, '0');
const [ONE, OFFSET_OF_LIST, OFFSET_OF_DATA] = [word(1), word(32), word(96)];

/** One call of an aggregate: what is sent to whom; and what came back. */
export type RawCall = { to: Address; data: Hex };
export type RawAnswer = { success: boolean; data: Hex };

/**
 * Calldata of `aggregate3` for calls each of which may fail. By hand, because the accounts of a first sync are hundreds of
 * thousands of calls and a general encoder takes most of its time.
 */
export function encodeAggregate(calls: readonly RawCall[]): Hex {
  const offsets: string[] = [];
  const tuples: string[] = [];
  let offset = 32 * calls.length;
  for (const { to, data } of calls) {
    const digits = data.length - 2;
    const padded = Math.ceil(digits / WORD) * WORD;
    offsets.push(word(offset));
    tuples.push(
      to.slice(2).toLowerCase().padStart(WORD, '0') +
        ONE +
        OFFSET_OF_DATA +
        word(digits / 2) +
        data.slice(2).padEnd(padded, '0'),
    );
    offset += 4 * 32 + padded / 2;
  }
  return `${AGGREGATE3}${OFFSET_OF_LIST}${word(calls.length)}${offsets.join('')}${tuples.join('')}`;
}

/**
 * What `aggregate3` returned, `(bool success, bytes returnData)[]`, call by call.
 * @throws when it is cut short
 */
export function decodeAggregate(answer: Hex): RawAnswer[] {
  const numberAt = (digit: number): number => {
    const text = answer.slice(digit, digit + WORD);
    if (text.length < WORD) throw new Error(`an aggregate of calls was answered with ${(answer.length - 2) / 2} bytes`);
    return Number(`0x${text}`);
  };
  const list = 2 + 2 * numberAt(2);
  const first = list + WORD;
  return Array.from({ length: numberAt(list) }, (_, index) => {
    const tuple = first + 2 * numberAt(first + index * WORD);
    const bytes = tuple + 2 * numberAt(tuple + WORD);
    const from = bytes + WORD;
    const end = from + 2 * numberAt(bytes);
    if (end > answer.length)
      throw new Error(`an aggregate of calls was answered with ${(answer.length - 2) / 2} bytes`);
    return { success: numberAt(tuple) === 1, data: `0x${answer.slice(from, end)}` };
  });
}
