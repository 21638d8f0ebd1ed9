import { type Abi, BaseError, ContractFunctionRevertedError, decodeErrorResult, type Hex, isHex } from 'viem';
import { oneLine } from './one-line.ts';
import { scrub } from './secrets.ts';

/**
 * An error in one line without secrets, URLs' keys or stack. A revert is decoded, with its numbers and with the reverts
 * that it carries, where the ABI knows it: `reverted: LegFailed(0, HealthFactorNotBelowThreshold())`.
 *
 * @param abi - where custom errors are looked up, besides `Error(string)` and `Panic(uint256)`
 */
export function describeError(error: unknown, abi: Abi = []): string {
  const revert = error instanceof Error ? findRevert(error, abi) : undefined;
  return revert ? scrub(`reverted: ${revert}`) : oneLine(error);
}

function findRevert(error: Error, abi: Abi): string | undefined {
  const reverted = error instanceof BaseError && error.walk((cause) => cause instanceof ContractFunctionRevertedError);
  if (reverted instanceof ContractFunctionRevertedError) {
    const { data, raw, reason, signature } = reverted;
    if (data && data.errorName !== 'Error') return call(data.errorName, data.args, abi);
    return (raw && decode(raw, abi)) ?? reason ?? signature;
  }
  const data = revertDataOf(error);
  return data && (decode(data, abi) ?? data.slice(0, 10));
}

/** The data that a call reverted with, from wherever the node put it; `undefined` where the error holds none. */
export function revertDataOf(error: unknown): Hex | undefined {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const data = dataIn((cause as { data?: unknown }).data);
    if (data) return data;
  }
  return undefined;
}

/** Nodes put the revert data either straight into `data` or one level down. */
function dataIn(data: unknown): Hex | undefined {
  const inner = typeof data === 'object' && data !== null && 'data' in data ? data.data : data;
  return isHex(inner) && inner.length >= 10 ? inner : undefined;
}

function decode(data: Hex, abi: Abi): string | undefined {
  try {
    const { errorName, args } = decodeErrorResult({ abi, data });
    return errorName === 'Error' ? String(args?.[0]) : call(errorName, args, abi);
  } catch {
    return undefined;
  }
}

function call(name: string, args: readonly unknown[] | undefined, abi: Abi): string {
  return `${name}(${(args ?? []).map((arg) => argument(arg, abi)).join(', ')})`;
}

/** Bytes that hold a revert of the ABI are shown as that revert. */
function argument(value: unknown, abi: Abi): string {
  if (isHex(value) && value.length >= 10) return decode(value, abi) ?? value;
  if (typeof value !== 'object' || value === null) return String(value);
  return JSON.stringify(value, (_, inner) => (typeof inner === 'bigint' ? inner.toString() : inner)).replaceAll(
    '"',
    '',
  );
}
