import { setTimeout as sleep } from 'node:timers/promises';
import type { Lab } from '../lab/anvil.ts';
import type { KeeperProcess, LogLine } from './keeper.ts';

const SETTLED = ['landed', 'lost', 'reverted', 'cancelled', 'replaced'];
/** Heads in a row with nothing sent or settled after which a keeper is through. */
const QUIET_HEADS = 3;
/** Silence of the keeper after which the next block comes, milliseconds. */
const PAUSE = 350;
const MOST_BLOCKS = 60;

/**
 * Lets a chain that does not mine by itself make blocks until the keeper has nothing in flight and has sent nothing for a
 * few heads with accounts under water, or none is left.
 */
export async function mineUntilDone({ client }: Lab, keeper: KeeperProcess): Promise<void> {
  // By account: what lands of a transaction that was sent twice may have another hash.
  const waiting = new Set<unknown>();
  let quiet = 0;
  let done = false;
  let spoke = Date.now();
  const note = ({ msg, account, underwater }: LogLine) => {
    spoke = Date.now();
    // A batch names them all in one line, and lands in a line each.
    for (const each of [account].flat()) {
      if (msg === 'sent') waiting.add(each);
      if (SETTLED.includes(msg)) waiting.delete(each);
    }
    if (msg === 'sent' || SETTLED.includes(msg)) quiet = 0;
    if (msg !== 'head') return;
    quiet += 1;
    done = waiting.size === 0 && (underwater === 0 || quiet >= QUIET_HEADS);
  };
  keeper.onLine(note);
  for (let blocks = 0; !done; ) {
    if (keeper.child.exitCode !== null || blocks > MOST_BLOCKS) {
      throw new Error(`the keeper is not through after ${blocks} blocks:\n${keeper.output().slice(-4_000)}`);
    }
    await sleep(50);
    if (Date.now() - spoke < PAUSE) continue;
    await client.mine({ blocks: 1 });
    blocks += 1;
    spoke = Date.now();
  }
}
