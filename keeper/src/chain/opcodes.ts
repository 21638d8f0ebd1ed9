import type { Hex, PublicClient } from 'viem';
import { faultOf } from './errors.ts';

/** Init code that returns nothing after TSTORE, TLOAD and MCOPY: it fails on a chain before cancun. */
const CANCUN_PROBE: Hex = '0x60015f5d5f5c505f5f5f5e5f5ff3';

/**
 * Whether a chain runs the opcodes of cancun, which the Liquidator is made of.
 *
 * @returns `undefined` where no endpoint can say
 * @example
 * if ((await runsCancun(client)) === false) log.warn('only --dry-run works here');
 */
export async function runsCancun(client: PublicClient): Promise<boolean | undefined> {
  try {
    await client.call({ data: CANCUN_PROBE });
    return true;
  } catch (error) {
    return faultOf(error) === 'answer' ? false : undefined;
  }
}
