import type { Abi, Address, Log } from 'viem';
import { decodeRevert } from '../log/revert.ts';
import type { Without } from '../planning/terms.ts';
import type { Sent, SentDeal } from '../store/sent.ts';
import { align } from './align.ts';
import { failedLeg, type OutcomeWorld, protocolOfLeg } from './outcomes.ts';

/** What a run of a plan says of the legs that it did not bring about. */
export type Missed = {
  /** The claims of deals that failed by themselves, and why. */
  failing: ReadonlyMap<string, Without>;
  /** Legs whose whole round was skipped for no fault of theirs: a price has moved, or another leg failed. */
  innocent: number;
};

/**
 * Finds, in the logs of a run, the legs that did not land.
 *
 * @param logs - of the whole run, in order
 * @param sent - the plan's legs
 * @returns nobody where every leg landed
 * @example
 * const { failing } = missedIn(world, simulated.logs, liquidator, offer.sent);
 * failing.get('aave-v3:0x87…/account/0xab…')?.reason; // 'HealthFactorNotBelowThreshold'
 */
export function missedIn(
  world: { errors: Abi; protocolOf: OutcomeWorld['protocolOf'] },
  logs: readonly Log[],
  liquidator: Address,
  sent: readonly Sent[],
): Missed {
  const failing = new Map<string, Without>();
  let innocent = 0;
  for (const [index, told] of align(logs, liquidator, sent).entries()) {
    const leg = sent[index]!;
    const { explain, fates } = protocolOfLeg(world, leg);
    if (!told) innocent += 1;
    else if ('skipped' in told) {
      const failed = failedLeg(decodeRevert(told.skipped, world.errors));
      if (failed?.index !== told.index) innocent += 1;
      else for (const deal of leg.deals) add(failing, deal, explain(failed.revert));
    } else {
      for (const { id, state, reason } of fates(leg, told.own, told.before)) {
        const deal = leg.deals.find((each) => each.id === id);
        if (state !== 'landed' && deal) add(failing, deal, reason ? explain(reason) : 'it does not land');
      }
    }
  }
  return { failing, innocent };
}

function add(failing: Map<string, Without>, { claims }: SentDeal, reason: string): void {
  for (const claim of claims) failing.set(claim, { reason: `fails in rehearsal: ${reason}` });
}
