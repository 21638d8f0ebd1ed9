import type { Address } from 'viem';
import { z } from 'zod';
import { USUAL_V2_FEE, type V2Factory } from './chains.ts';

// A setting arrives as text (flag, environment) or as JSON (config file); each parser here takes both and says in one
// clause what it expected. The reader of the settings puts the flag's or variable's name and the value before it.

// viem takes long to load and is loaded by the one parser that needs it, at parsing: `--help` and the first line of the log
// do not wait for it.

type Context = { addIssue: (issue: { code: 'custom'; message: string }) => void };

function refuse(ctx: Context, message: string): never {
  ctx.addIssue({ code: 'custom', message });
  return z.NEVER;
}

/** Non-empty text. */
export function text(expected = 'expected text') {
  return z.unknown().transform((value, ctx): string => {
    if (typeof value === 'string' && value.trim() !== '') return value.trim();
    return refuse(ctx, expected);
  });
}

/** A switch: JSON true or false; in the environment also 1/0 and yes/no. */
export function onOff() {
  return z.unknown().transform((value, ctx): boolean => {
    const word = String(value).trim().toLowerCase();
    if (['true', '1', 'yes', 'on'].includes(word)) return true;
    if (['false', '0', 'no', 'off'].includes(word)) return false;
    return refuse(ctx, 'expected true or false');
  });
}

/** One of a few words. `refusals` gives a better answer to words that could be expected to work. */
export function oneOf<const Word extends string>(words: readonly Word[], refusals: Record<string, string> = {}) {
  return z.unknown().transform((value, ctx): Word => {
    const word = String(value).trim().toLowerCase();
    const found = words.find((known) => known === word);
    if (found !== undefined) return found;
    return refuse(ctx, refusals[word] ?? `expected ${words.length > 1 ? 'one of ' : ''}${words.join(', ')}`);
  });
}

/** A whole number between two bounds, both allowed. */
export function whole(bounds: { min: number; max: number; of?: string }) {
  const expected = `expected a whole number${bounds.of ? ` of ${bounds.of}` : ''} from ${bounds.min} to ${bounds.max}`;
  return z.unknown().transform((value, ctx): number => {
    const written = String(value).trim();
    const number = Number(written);
    if (/^-?\d+$/.test(written) && number >= bounds.min && number <= bounds.max) return number;
    return refuse(ctx, expected);
  });
}

/** A block number. */
export function block() {
  const max = Number.MAX_SAFE_INTEGER;
  return whole({ min: 0, max }).transform((number): bigint => BigInt(number));
}

/**
 * A decimal number of a unit with `decimals` decimals, as a count of its smallest part (wei). Both bounds are allowed.
 * More digits after the point than the unit has are refused, not rounded.
 */
export function decimal(bounds: { min: string; max: string; decimals: number; of: string }) {
  const expected = `expected a decimal number of ${bounds.of} from ${bounds.min} to ${bounds.max}, like 0.01`;
  const pattern = new RegExp(`^\\d+(\\.\\d{1,${bounds.decimals}})?$`);
  const scaled = (number: string) => {
    const [whole = '', fraction = ''] = number.split('.');
    return BigInt(whole + fraction.padEnd(bounds.decimals, '0'));
  };
  return z.unknown().transform((value, ctx): bigint => {
    const written = String(value).trim();
    if (!pattern.test(written)) return refuse(ctx, expected);
    const amount = scaled(written);
    return amount >= scaled(bounds.min) && amount <= scaled(bounds.max) ? amount : refuse(ctx, expected);
  });
}

/** An address; one in mixed case must carry the right EIP-55 checksum. */
export function address() {
  return z.unknown().transform(async (value, ctx): Promise<Address> => {
    const { getAddress, isAddress } = await import('viem/utils');
    const written = String(value).trim();
    if (isAddress(written)) return getAddress(written);
    const lower = written.toLowerCase();
    if (isAddress(lower)) return refuse(ctx, `the checksum is wrong; check for a typing error or write it as ${lower}`);
    return refuse(ctx, 'expected an address: 0x and 40 hex digits');
  });
}

/** Factories of Uniswap v2 and its forks, `address` or `address:bps`, as a list or with commas between; `none` for none. */
export function v2Factories() {
  const expected = 'expected an address, or one with its fee in bps like 0xcA143Ce32Fe78f1f7019d7d551a6402fC5350c73:25';
  const one = z.tuple([address(), whole({ min: 0, max: 1_000, of: 'bps' })]);
  return words(expected).transform(async (list, ctx): Promise<V2Factory[]> => {
    if (list.length === 1 && list[0]!.toLowerCase() === 'none') return [];
    const read = await Promise.all(
      list.map((entry) => {
        const [factory, fee = USUAL_V2_FEE, ...more] = entry.split(':');
        return one.safeParseAsync([factory, ...more, fee]);
      }),
    );
    const wrong = read.find(({ success }) => !success);
    if (wrong)
      return refuse(ctx, wrong.error!.issues[0]?.code === 'custom' ? wrong.error!.issues[0].message : expected);
    return read.map(({ data }) => ({ factory: data![0], fee: data![1] }));
  });
}

/** 32 bytes of hex, with or without 0x. */
export function hexKey() {
  return z.unknown().transform((value, ctx): `0x${string}` => {
    const digits = String(value).trim().replace(/^0x/i, '');
    if (/^[0-9a-f]{64}$/i.test(digits)) return `0x${digits.toLowerCase()}`;
    return refuse(ctx, 'expected a private key: 64 hex digits, with or without 0x');
  });
}

/** One or more words, as a list or with commas between. */
export function words(expected: string) {
  return z.unknown().transform((value, ctx): string[] => {
    const list = (Array.isArray(value) ? value : [value])
      .flatMap((entry) => String(entry).split(','))
      .map((entry) => entry.trim());
    if (list.length > 0 && list.every((entry) => entry !== '')) return [...new Set(list)];
    return refuse(ctx, expected);
  });
}

/** One or more of a few words, each once, as a list or with commas between. `refusals` as for one. */
export function someOf<const Word extends string>(known: readonly Word[], refusals: Record<string, string> = {}) {
  const one = oneOf(known, refusals);
  return words(`expected ${known.join(', ')}`).transform((list, ctx): Word[] => {
    const read = list.map((word) => one.safeParse(word));
    const wrong = read.find(({ success }) => !success);
    if (wrong) return refuse(ctx, wrong.error!.issues[0]!.message);
    return [...new Set(read.map(({ data }) => data!))];
  });
}

/** Endpoints: http(s) and ws(s) URLs or IPC paths, as a list or with commas between. */
export function endpoints() {
  return z.unknown().transform((value, ctx): string[] => {
    const list = (Array.isArray(value) ? value : [value])
      .flatMap((entry) => String(entry).split(','))
      .map((entry) => entry.trim())
      .filter((entry) => entry !== '');
    const isEndpoint = (entry: string) =>
      isIpcPath(entry) || (/^(https?|wss?):\/\//i.test(entry) && URL.canParse(entry));
    if (list.length > 0 && list.every(isEndpoint)) return [...new Set(list)];
    return refuse(ctx, 'expected an http(s):// or ws(s):// URL, or the path of an IPC socket');
  });
}

/** Whether an endpoint names a socket file rather than a URL. */
export function isIpcPath(endpoint: string): boolean {
  return !endpoint.includes('://') && (/^[./\\]/.test(endpoint) || endpoint.endsWith('.ipc'));
}
