import type { Health } from '../protocols/protocol.ts';

/**
 * Less gas than a liquidation takes in a transaction it shares with many: more of them than the block's gas limit holds need
 * not be planned at one head.
 */
const LEG_GAS = 150_000n;
/** About as many as four transactions carry. Where blocks hold more, those who are planned for after these would come too late. */
const MOST = 400n;

/**
 * Accounts that are planned for at one head.
 *
 * @param gasLimit - of a block
 * @example
 * placesIn(30_000_000n); // 200
 */
export const placesIn = (gasLimit: bigint): number => {
  const fit = gasLimit / LEG_GAS;
  return Number(fit < 1n ? 1n : fit < MOST ? fit : MOST);
};

const LINE = 1e18;

/**
 * What an account under water is ranked by: value at stake x closeness x volatility, in floats. Value is what a liquidation is
 * of, the debt or what collateral there is for it (base currency). Closeness is 1 at the line and grows by as much as health is
 * below it, up to 2: who is deeper is still under water when the transaction lands, and nearer to where the collateral no longer
 * covers the debt.
 *
 * @param volatility - mean relative move of the account's assets a head
 * @example
 * rankOf(health, 0.001) > rankOf(healthier, 0.001);
 */
export function rankOf({ healthFactor, collateralBase, debtBase }: Health, volatility: number): number {
  const value = Number(collateralBase < debtBase ? collateralBase : debtBase);
  return value * (2 - Math.min(1, Number(healthFactor) / LINE)) * volatility;
}

/** Who is planned for where more accounts are due than there are places. */
export type Queue<Key> = {
  /**
   * Three quarters of the `places` go to those of the highest rank, the rest to those who have waited the longest, so that
   * accounts of little value that nothing can be done about keep nobody waiting for ever: whoever stays due has a place after
   * 4 · due / places heads.
   *
   * @param due - all that are due, with their rank
   * @returns the highest rank first
   */
  take(due: ReadonlyMap<Key, number>, places: number): Key[];
};

/**
 * A queue in which nobody waits yet. See {@link Queue}.
 * @example
 * createQueue<string>().take(new Map([['a', 1], ['b', 2]]), 1); // ['b']
 */
export function createQueue<Key>(): Queue<Key> {
  /** Who is due and had no place yet, the first to come first; of those who came at once the highest rank. */
  const waiting = new Set<Key>();
  return {
    take(due, places) {
      const ranked = [...due].sort(([, a], [, b]) => b - a).map(([account]) => account);
      const taken = new Set(ranked.slice(0, Math.floor((3 * places) / 4)));
      for (const account of waiting) if (!due.has(account)) waiting.delete(account);
      for (const account of ranked) waiting.add(account);
      for (const account of taken) waiting.delete(account);
      for (const account of waiting) {
        if (taken.size >= places) break;
        taken.add(account);
        waiting.delete(account);
      }
      return ranked.filter((account) => taken.has(account));
    },
  };
}
