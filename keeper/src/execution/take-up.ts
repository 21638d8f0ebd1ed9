import { whyNotBump } from './bump.ts';
import { countNonces, type LaneState } from './lane-state.ts';
import { isKnown } from './submit.ts';

/**
 * Finds out, after a restart or a reorg, what became of each transaction in flight. One that is mined or that a node knows is left
 * alone. One that no node knows is sent if it would still succeed behind those before it: the bytes are the same, so it cannot
 * happen twice. If it would not succeed, its nonce is free: it is given up with all that wait behind it, and their accounts are
 * planned anew. Where a node knows one of those behind it, its nonce must be used, and the next head cancels it.
 *
 * @example
 * await takeUp(lane);
 * lane.nextNonce = await nonceBehindAll(lane);
 */
export async function takeUp<T>(lane: LaneState<T>): Promise<void> {
  const { client, flights } = lane;
  if (flights.length === 0) return;
  flights.sort((a, b) => a.nonce - b.nonce);
  const used = await countNonces(lane, 'latest');
  const known = await Promise.all(flights.map(({ nonce, hashes }) => nonce < used || isKnown(lane, hashes)));
  const free = known.lastIndexOf(true) + 1;
  for (const [index, flight] of [...flights].entries()) {
    if (known[index]) continue;
    const reason = flight.cancelling ?? (await whyNotBump(lane, flight, flight.fees, 'pending'));
    if (!reason) {
      await client.sendRawTransaction({ serializedTransaction: flight.signed }).catch(() => {});
    } else if (index < free) {
      flight.sentAt = 0n; // the next head cancels it
    } else {
      giveUpFrom(lane, index, reason);
      return;
    }
  }
}

function giveUpFrom<T>({ flights, ended, forgotten }: LaneState<T>, index: number, reason: string): void {
  for (const [place, flight] of flights.splice(index).entries()) {
    const why = place === 0 ? reason : 'it waited behind one that is not sent';
    ended.push({ state: 'expired', about: flight.about, reason: `no node has it: ${why}` });
    forgotten.push(flight);
  }
}
