import { isAddressEqual } from 'viem';
import { expect } from 'vitest';
import { liquidations, type Ours } from '../day/check.ts';
import { flyingLegs } from '../harness/legs.ts';
import type { Scene } from '../harness/scene.ts';
import type { ChaosDay } from './day.ts';

/** What keepers said had landed, less what they said was unwound, is on the chain leg by leg; and they said so of all that is. */
export async function logTells(scene: Scene, { watched, from, lost }: ChaosDay): Promise<void> {
  const told = new Set<string>();
  for (const { msg, hash, account, who = account } of watched.lines) {
    if (msg === 'landed') told.add(`${hash} ${account}`.toLowerCase());
    // A keeper that was killed before it could say so finds out at its start.
    if (msg === 'unwound' || msg === 'taken up')
      for (const each of [who].flat()) told.delete(`${hash} ${each}`.toLowerCase());
  }
  const happened = (await liquidations(scene, from)).filter(({ args }) =>
    isAddressEqual(args.liquidator, scene.liquidator),
  );
  const isKept = (line: string) => !lost.has(line.slice(0, 66) as `0x${string}`);
  const onChain = new Set(happened.map(({ transactionHash, args }) => `${transactionHash} ${args.user}`.toLowerCase()));
  expect([...told].filter(isKept).sort()).toEqual([...onChain].filter(isKept).sort());
}

/** Transactions of ours that reverted for an account of which another of ours had taken the same debt meanwhile; reorgs apart. */
export async function beatenByOurselves(scene: Scene, day: ChaosDay, ours: readonly Ours[]): Promise<unknown[]> {
  const { script, watched, from } = day;
  const all = (await liquidations(scene, from)).filter(({ args }) => isAddressEqual(args.liquidator, scene.liquidator));
  const attempts = watched.look((store) => store.attempts.recent(100_000));
  const failed = ours.filter(
    ({ succeeded, block, hash }) => !succeeded && !script.swept.has(block) && !script.kept.has(hash),
  );
  return failed.flatMap(({ hash, block }) => {
    const legs = flyingLegs(attempts.find(({ hashes }) => hashes.includes(hash))?.legs ?? []);
    const first = all.filter(({ blockNumber, args, transactionHash }) => {
      const same = legs.some(
        (leg) => isAddressEqual(leg.account, args.user) && isAddressEqual(leg.debt, args.debtAsset),
      );
      return same && transactionHash !== hash && (blockNumber === block || blockNumber === block - 1n);
    });
    return first.map(({ transactionHash }) => ({ hash, first: transactionHash, block }));
  });
}
