import { setTimeout as sleep } from 'node:timers/promises';
import { numberToHex } from 'viem';
import type { Endpoints, Member } from './endpoints.ts';
import { oddAnswer } from './errors.ts';
import { type Head, headOf } from './head.ts';
import { isLeap } from './standing.ts';

/** What an endpoint is said to have or to lack by the heads that it pushes. */
export const TRUE_HASHES = 'true hashes of new heads';
/** How often a block is asked for that an endpoint pushes before it can be asked for, and the pause between, milliseconds. */
const [TRIES, PAUSE] = [4, 150];

/** The heads that one subscription pushes. */
export type Pushed = {
  endpoints: Endpoints;
  member: Member;
  /** The last that was taken. */
  last: Head | undefined;
  /** Until this is done, heads wait for one that is checked. */
  checking: Promise<void> | undefined;
  /** Called when a head was taken. */
  onTaken(): void;
  /** Called when the subscription tells of blocks that do not exist. */
  onWrong(): void;
};

/**
 * Takes a header as it is pushed. Some nodes push headers without a hash, or with one that is not the block's: nothing can be asked at
 * such a hash. So the first is looked up, and each after it as soon as it does not go on from the one before.
 */
export function takePushed(pushed: Pushed, header: unknown): void {
  const { endpoints, member, last, checking } = pushed;
  let head: Head;
  try {
    head = headOf(header);
  } catch (error) {
    endpoints.lack(member, TRUE_HASHES, error);
    pushed.onWrong();
    return;
  }
  if (!checking && last && head.number === last.number + 1n && head.parentHash === last.hash) {
    take(pushed, head);
    return;
  }
  const mine = (checking ?? Promise.resolve()).then(() => check(pushed, head));
  pushed.checking = mine;
  void mine.finally(() => {
    if (pushed.checking === mine) pushed.checking = undefined;
  });
}

function take(pushed: Pushed, head: Head): void {
  pushed.last = head;
  pushed.onTaken();
  pushed.endpoints.note(pushed.member, head, true);
}

async function check(pushed: Pushed, head: Head): Promise<void> {
  const { endpoints, member } = pushed;
  // Whose chain it is, is found out there.
  if (isLeap(member, head)) return endpoints.look(member).catch(() => {});
  const is = await lookUp(pushed, head);
  // It is known a moment later, or the next that is pushed is.
  if (is === 'late') return;
  if (is === 'unknown') return take(pushed, head);
  if (is === head.hash) {
    endpoints.allow(member, TRUE_HASHES);
    return take(pushed, head);
  }
  endpoints.lack(member, TRUE_HASHES, oddAnswer(`it told of block ${head.number} as ${head.hash}, which is ${is}`));
  pushed.onWrong();
}

/** The hash of the block that an endpoint pushed; `late` where it does not know any at that height, `unknown` where it cannot be asked. */
async function lookUp({ endpoints, member }: Pushed, { hash, number }: Head): Promise<string> {
  const ask = (method: string, block: string) =>
    endpoints.ask(member, { method, params: [block, false] }, { uncharged: () => true });
  try {
    for (let tries = 0; tries < TRIES; tries++) {
      if (tries > 0) await sleep(PAUSE, undefined, { ref: false });
      if (await ask('eth_getBlockByHash', hash)) return hash;
      const block = await ask('eth_getBlockByNumber', numberToHex(number));
      if (block) return (block as Head).hash;
    }
    return 'late';
  } catch {
    return 'unknown';
  }
}
