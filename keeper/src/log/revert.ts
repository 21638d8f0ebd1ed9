import { type Abi, decodeErrorResult, type Hex, isHex } from 'viem';

/**
 * What a call reverted with: the error's name and arguments, and the revert that one of its arguments holds. An error that no ABI
 * knows is named by its selector, a revert without data by `''`.
 *
 * @example
 * // LegFailed(3, HealthFactorNotBelowThreshold())
 * { name: 'LegFailed', args: [3n, '0x…'], inner: { name: 'HealthFactorNotBelowThreshold', args: [], data: '0x…' }, data: '0x…' }
 */
export type Revert = { name: string; args: readonly unknown[]; inner?: Revert; data: Hex };

/** Characters of `0x` and a selector. */
const SELECTOR = 10;

/**
 * Decodes revert data, and the reverts that it carries.
 *
 * @param abi - where custom errors are looked up, besides `Error(string)` and `Panic(uint256)`
 */
export function decodeRevert(data: Hex, abi: Abi): Revert {
  const known = tryDecode(data, abi);
  if (!known) return { name: data.length >= SELECTOR ? data.slice(0, SELECTOR) : '', args: [], data };
  const inner = known.args.findLast((arg): arg is Hex => isRevert(arg));
  return inner === undefined ? { ...known, data } : { ...known, inner: decodeRevert(inner, abi), data };
}

/** A revert in one line: `LegFailed(0, HealthFactorNotBelowThreshold())`; of `Error(string)` the string alone. */
export function showRevert({ name, args, inner, data }: Revert): string {
  if (name === 'Error') return String(args[0]);
  if (name === '') return 'no reason';
  if (name.startsWith('0x')) return data.length > SELECTOR + 64 ? `${name}…` : data;
  const shown = args.map((arg) => (inner !== undefined && arg === inner.data ? showRevert(inner) : showArgument(arg)));
  return `${name}(${shown.join(', ')})`;
}

/** The revert itself and what it carries, the outermost first. */
export function* withInner(revert: Revert): Generator<Revert> {
  for (let each: Revert | undefined = revert; each; each = each.inner) yield each;
}

const isRevert = (arg: unknown): arg is Hex =>
  isHex(arg) && arg.length >= SELECTOR && (arg.length - SELECTOR) % 64 === 0;

function tryDecode(data: Hex, abi: Abi): Omit<Revert, 'data'> | undefined {
  try {
    const { errorName, args } = decodeErrorResult({ abi, data });
    return { name: errorName, args: args ?? [] };
  } catch {
    return undefined;
  }
}

function showArgument(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? inner.toString() : inner)).replaceAll(
    '"',
    '',
  );
}
