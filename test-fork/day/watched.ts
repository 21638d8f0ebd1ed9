import { existsSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PlannedLeg } from '../../keeper/src/store/attempts.ts';
import { openStore, type Store } from '../../keeper/src/store/store.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import type { Scene } from '../harness/scene.ts';

const LAB_CHAIN_ID = 31337;
/** Milliseconds a keeper may take for a head before it is taken for stuck. */
const STUCK = 90_000;
/** Heads in a row without a word of a transaction after which a keeper is through: more than it ever sets an account aside for. */
const QUIET_HEADS = 6;
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

/** A keeper with a store, which may be killed and started again any number of times. */
export type Watched = {
  /** What all its processes have said. */
  readonly lines: readonly LogLine[];
  readonly process: KeeperProcess;
  start(): void;
  /** As kill -9 does. */
  kill(): Promise<void>;
  /** Waits until it is done with the newest head. */
  taken(): Promise<void>;
  /** Of the liquidations that are planned or sent, the legs. */
  flying(): readonly PlannedLeg[];
  /** Looks into its store. */
  look<T>(read: (store: Store) => T): T;
};

/** @param flags - besides `--store`, which is `path` */
export function watchKeeper(scene: Scene, path: string, flags: readonly string[], url?: string): Watched {
  const lines: LogLine[] = [];
  let current: KeeperProcess | undefined;

  function look<T>(read: (store: Store) => T): T {
    const store = openStore({ path, chainId: LAB_CHAIN_ID, readOnly: true });
    try {
      return read(store);
    } finally {
      store.close();
    }
  }

  function isDone(hash: string, number: bigint): boolean {
    if (!existsSync(path)) return false;
    // It says so when it cannot take a head, and does not write down that it has.
    const given = current!.lines.findLast(({ msg }) => msg.startsWith('this head is given up'));
    if (given && BigInt(given.head as string) === number) return true;
    try {
      return look((store) => store.readStatus()?.head.hash === hash);
    } catch {
      return false; // killed before there was anything in it, and not started again yet
    }
  }

  return {
    lines,
    get process() {
      return current!;
    },
    start() {
      current = scene.keeper(['--store', path, ...flags], url);
      current.onLine((line) => lines.push(line));
    },
    async kill() {
      current!.child.kill('SIGKILL');
      await current!.ended;
    },
    async taken() {
      const { number, hash } = await scene.client.getBlock();
      for (const late = Date.now() + STUCK; !isDone(hash!, number!); ) {
        if (current!.child.exitCode !== null || Date.now() > late)
          throw new Error(`the keeper has not taken block ${number}:\n${current!.output().slice(-4_000)}`);
        await sleep(10);
      }
    },
    flying: () => look((store) => store.attempts.open(scene.operator).flatMap(({ legs }) => legs)),
    look,
  };
}

/** Mines blocks without news until the keeper has nothing on its way and has said nothing of a transaction for a while. */
export async function settle(scene: Scene, watched: Watched, most = 80): Promise<void> {
  for (let quiet = 0, mined = 0; quiet < QUIET_HEADS; mined++) {
    if (mined > most) throw new Error(`the keeper finds no rest:\n${watched.process.output().slice(-4_000)}`);
    const said = watched.lines.length;
    await scene.client.mine({ blocks: 1 });
    await watched.taken();
    const busy = watched.lines.slice(said).some(({ msg }) => BUSY.includes(msg)) || watched.flying().length > 0;
    quiet = busy ? 0 : quiet + 1;
  }
}
