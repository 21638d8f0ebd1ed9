import { type Address, numberToHex, type PublicClient } from 'viem';
import { oneLine } from '../log/one-line.ts';
import { type RawLog, rawLogs } from './raw-log.ts';

/** The block a contract was created in, or why that could not be found out. */
export type Birth = { block: bigint; reason?: undefined } | { block?: undefined; reason: string };

/**
 * The first block in which an address has code, by bisection on eth_getCode (some 25 requests on a long chain). Supposes
 * that code, once there, stays.
 *
 * Needs an endpoint with old state. From one without, or where there is no code at all, the reason comes back instead and
 * the caller goes by what it knows. Some nodes answer for old state they no longer have as if it were empty: what they say is held
 * against the logs of the blocks before, and not believed where these contradict it.
 *
 * @example
 * const { block = 0n } = await birthBlock(client, pool, head.number);
 */
export async function birthBlock(client: PublicClient, address: Address, latest?: bigint): Promise<Birth> {
  try {
    const newest = latest ?? (await client.getBlockNumber({ cacheTime: 0 }));
    if (!(await hasCode(client, address, newest))) return { reason: `there is no code at ${address}` };
    let [without, withCode] = [-1n, newest];
    while (withCode - without > 1n) {
      const middle = (without + withCode) / 2n;
      if (await hasCode(client, address, middle)) withCode = middle;
      else without = middle;
    }
    const reason = await contradiction(client, address, withCode, newest);
    return reason === undefined ? { block: withCode } : { reason };
  } catch (error) {
    return { reason: `the endpoint has no old state: ${oneLine(error)}` };
  }
}

/** Whether an address has code at the end of a block. @throws when the node fails */
export async function hasCode(client: PublicClient, address: Address, blockNumber: bigint): Promise<boolean> {
  return (await client.getCode({ address, blockNumber })) !== undefined;
}

/** Blocks before a birth that are searched for logs of the contract itself: the first of these that the node takes. */
const OWN_LOGS = [1_000n, 100n, 10n];
/** Blocks that are searched for anybody's logs: one is enough on a busy chain, and of more there the answer would be huge. */
const ANY_LOGS = [1n, 16n];
/** Where logs of anybody are looked for, in quarters of the way to the birth. */
const QUARTERS = [4n, 3n, 2n, 1n];

/** Why a contract cannot have been born in a block, as far as the logs before it tell. */
async function contradiction(
  client: PublicClient,
  address: Address,
  birth: bigint,
  newest: bigint,
): Promise<string | undefined> {
  if (birth === 0n) return undefined;
  for (const length of OWN_LOGS) {
    const logs = await logsUpTo(client, birth - 1n, length, address);
    const [first] = logs ?? [];
    if (first)
      return `the endpoint gives no code at ${address} before block ${birth}, but a log of block ${first.blockNumber}`;
    if (logs) break;
  }
  for (const quarter of QUARTERS) {
    const witness = await witnessAt(client, ((birth - 1n) * quarter) / 4n, newest);
    if (witness === 'sound') return undefined;
    if (witness) return witness;
  }
  return undefined;
}

/**
 * Holds the node's old state against a log: whoever wrote one had code then.
 *
 * @returns `sound` where the state has that code, the contradiction where it has not, and `undefined` where nobody logged nearby
 */
async function witnessAt(client: PublicClient, block: bigint, newest: bigint): Promise<string | undefined> {
  for (const length of ANY_LOGS) {
    const last = (await logsUpTo(client, block, length))?.at(-1);
    if (!last) continue;
    const { address, blockNumber } = last;
    if (await hasCode(client, address, blockNumber)) return 'sound';
    // What has destroyed itself since may have done so in that very block.
    if (!(await hasCode(client, address, newest))) continue;
    return `the endpoint gives no code at ${address} in block ${blockNumber}, but a log of it`;
  }
  return undefined;
}

/** The logs of some blocks up to one, of a contract or of anybody; `undefined` where the node refuses so many blocks. */
async function logsUpTo(
  { request }: PublicClient,
  last: bigint,
  length: bigint,
  address?: Address,
): Promise<RawLog[] | undefined> {
  const fromBlock = numberToHex(last >= length ? last - length + 1n : 0n);
  const filter = { ...(address && { address }), fromBlock, toBlock: numberToHex(last) };
  try {
    return rawLogs(await request({ method: 'eth_getLogs', params: [filter] }, { retryCount: 0 }));
  } catch {
    return undefined;
  }
}
