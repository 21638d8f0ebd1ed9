import type { Head } from '../chain/head.ts';
import { chainPreset } from '../config/chains.ts';
import type { Moment } from '../protocols/protocol.ts';

/** Taken for the milliseconds between blocks of a chain without a preset: short, so that no account is judged too late. */
const UNKNOWN_BLOCK_TIME = 1_000;

/**
 * The moment of the block after `head`, at which accounts are judged and plans are made: one usual block time later, in whole
 * seconds, rounded up. A block that comes later than usual has let more interest accrue, never less, so that an account which
 * is underwater at this moment still is when that block comes.
 *
 * @param chainId - names the chain's usual block time
 * @example
 * nextMoment(head, 1); // head.timestamp + 12, head.number + 1
 */
export function nextMoment(head: Pick<Head, 'timestamp' | 'number'>, chainId: number): Moment {
  const blockTime = chainPreset(chainId)?.blockTime ?? UNKNOWN_BLOCK_TIME;
  return { timestamp: head.timestamp + BigInt(Math.ceil(blockTime / 1_000)), number: head.number + 1n };
}
