import type { TransactionReceipt } from 'viem';
import type { Head } from '../chain/head.ts';
import { paidFor } from '../chain/l1-fee.ts';
import type { DispatcherState, Summary } from './dispatcher-state.ts';
import type { Ended } from './flight.ts';
import type { About, MinedAs, Withdrawn } from './ledger.ts';
import { outcomeOf } from './outcomes.ts';

/**
 * Writes down what became of a plan, leg by leg, and tells it.
 *
 * @param head - the newest block
 * @throws when the node fails; nothing is written then
 * @example
 * for (const ended of await lane.onHead(head.number)) await settle(state, ended, head);
 */
export async function settle(state: DispatcherState, ended: Ended<About>, head: Head): Promise<void> {
  const { ledger, tell, summary } = state;
  const { about } = ended;
  if (ended.state === 'replaced')
    return withdraw(state, about, 'replaced', 'its nonce was used by a transaction that is not ours');
  if (ended.state === 'expired') return withdraw(state, about, 'expired', ended.reason);
  const { receipt } = ended;
  const mined = minedAs(receipt, await timeOf(state, receipt, head));
  if (ended.state === 'cancelled') {
    takeBack(state, about);
    summary.gas += mined.cost;
    return withdraw(state, about, 'cancelled', ended.reason, mined);
  }
  const outcome = { ...(await outcomeOf(state, receipt, about.legs)), prices: ledger.pricesOf(about) };
  takeBack(state, about);
  ledger.mined(about, outcome, mined);
  summary.gas += mined.cost;
  summary.value += outcome.value;
  for (const leg of outcome.legs) summary[COUNTED[leg.state]] += 1;
  tell.outcome(about, receipt, outcome);
}

/** What was given up and is on the chain after all is counted once. */
function takeBack({ withdrawn, summary }: DispatcherState, { id }: About): void {
  summary.cancelled -= withdrawn.get(id) ?? 0;
  withdrawn.delete(id);
}

/** Where a leg counts, by what became of it. */
const COUNTED = {
  landed: 'liquidated',
  skipped: 'skipped',
  lost: 'lost',
  reverted: 'reverted',
  replaced: 'cancelled',
  expired: 'cancelled',
  cancelled: 'cancelled',
} as const satisfies Record<string, keyof Summary>;

function withdraw(state: DispatcherState, about: About, end: Withdrawn, reason: string, mined?: MinedAs): void {
  state.ledger.withdrawn(about, end, reason, mined);
  state.summary.cancelled += about.legs.length;
  if (!mined) state.withdrawn.set(about.id, about.legs.length);
  state.tell.withdrawn(about, end, reason);
}

/** Seconds: of the block it was mined in, which may be older than the head where nobody looked for a while. */
async function timeOf(
  { client }: DispatcherState,
  { blockNumber, blockHash }: TransactionReceipt,
  head: Head,
): Promise<bigint> {
  return blockNumber === head.number ? head.timestamp : (await client.getBlock({ blockHash })).timestamp;
}

const minedAs = (receipt: TransactionReceipt, time: bigint): MinedAs => ({
  hash: receipt.transactionHash,
  block: receipt.blockNumber,
  time,
  gas: receipt.gasUsed,
  cost: paidFor(receipt),
});
