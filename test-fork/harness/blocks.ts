import { setTimeout as sleep } from 'node:timers/promises';
import type { Address } from 'viem';
import { openStore, type Store } from '../../keeper/src/store/store.ts';
import type { Lab } from '../lab/anvil.ts';
import type { KeeperProcess } from './keeper.ts';
import { type FlyingLeg, flyingLegs } from './legs.ts';
import type { Scene } from './scene.ts';

/** Milliseconds a keeper may take for a head, on however busy a machine, before it is taken for stuck. */
const STUCK = 300_000;
/** Heads in a row without a word of a transaction after which a keeper is through: more than it ever sets an account aside for. */
const QUIET_HEADS = 6;
const MOST_BLOCKS = 80;
const BUSY = [
  'sent',
  'landed',
  'lost',
  'reverted',
  'cancelled',
  'replaced',
  'expired',
  'bumped',
  'taken up',
  'unwound',
];

/** Looks into the store of a keeper. @throws while there is none */
export function lookInto<T>({ store: path }: Pick<KeeperProcess, 'store'>, read: (store: Store) => T): T {
  const store = openStore({ path, readOnly: true });
  try {
    return read(store);
  } finally {
    store.close();
  }
}

/** Of the liquidations that a keeper has planned or sent, the legs. */
export const flying = ({ operator }: Scene, keeper: KeeperProcess): readonly FlyingLeg[] =>
  lookInto(keeper, (store) => store.attempts.open(operator).flatMap(({ legs }) => flyingLegs(legs)));

/**
 * Waits until a keeper has done all there was to do at the newest head: a block that came sooner would pass it by, and on a
 * slow machine plans would be of the past before they are sent.
 * @param enough - whether to wait no longer
 */
export async function taken(
  { client }: Pick<Lab, 'client'>,
  keeper: KeeperProcess,
  enough = () => false,
): Promise<void> {
  const { number, hash } = await client.getBlock();
  for (const late = Date.now() + STUCK; !isDone(keeper, hash, number) && !enough(); ) {
    const { exitCode, signalCode } = keeper.child;
    if (exitCode !== null || signalCode !== null || Date.now() > late)
      throw new Error(`the keeper has not taken block ${number}:\n${keeper.output().slice(-4_000)}`);
    await sleep(10);
  }
}

function isDone(keeper: KeeperProcess, hash: string, number: bigint): boolean {
  // It says so when it cannot take a head, and does not write down that it has.
  const given = keeper.lines.findLast(({ msg }) => msg.startsWith('this head is given up'));
  if (given && BigInt(given.head as string) === number) return true;
  try {
    return lookInto(keeper, (store) => store.readStatus()?.head.hash === hash);
  } catch {
    return false; // there is nothing in it yet
  }
}

/**
 * Lets a chain that does not mine by itself make blocks, each when the keeper is done with the one before, until it has nothing
 * on its way and has said nothing of a transaction for a while.
 */
export async function mineUntilDone(scene: Scene, keeper: KeeperProcess): Promise<void> {
  await mineUntilAllDone(scene, [{ keeper, operator: scene.operator }]);
}

/** As {@link mineUntilDone}, of several keepers side by side: each block waits for all of them. */
export async function mineUntilAllDone(
  { client }: Pick<Lab, 'client'>,
  running: readonly { keeper: KeeperProcess; operator: Address }[],
): Promise<void> {
  const allTaken = () => Promise.all(running.map(({ keeper }) => taken({ client }, keeper)));
  await allTaken();
  for (let quiet = 0, mined = 0; quiet < QUIET_HEADS; mined++) {
    if (mined > MOST_BLOCKS) {
      const said = running.map(({ keeper }) => keeper.output().slice(-4_000));
      throw new Error(`the keeper finds no rest:\n${said.join('\n')}`);
    }
    const before = running.map(({ keeper }) => keeper.lines.length);
    await client.mine({ blocks: 1 });
    await allTaken();
    const busy = running.some(
      ({ keeper, operator }, index) =>
        keeper.lines.slice(before[index]).some(({ msg }) => BUSY.includes(msg)) ||
        lookInto(keeper, (store) => store.attempts.open(operator).length > 0),
    );
    quiet = busy ? 0 : quiet + 1;
  }
}

/** Tells a keeper to stop and mines until it has: it sees to its end what it has on its way. Gives its exit code. */
export async function endOf({ client }: Lab, keeper: KeeperProcess): Promise<number | null> {
  let over = false;
  const stopped = keeper.stop().finally(() => {
    over = true;
  });
  while (!over) {
    await client.mine({ blocks: 1 });
    await Promise.race([stopped, sleep(200)]);
  }
  return stopped;
}
