import type { Store } from '../../keeper/src/store/store.ts';
import { flying, lookInto, taken } from '../harness/blocks.ts';
import type { KeeperProcess, LogLine } from '../harness/keeper.ts';
import type { FlyingLeg } from '../harness/legs.ts';
import type { Scene } from '../harness/scene.ts';

/** A keeper with a store, which may be killed and started again any number of times. */
export type Watched = {
  /** What all its processes have said. */
  readonly lines: readonly LogLine[];
  readonly process: KeeperProcess;
  /**
   * @param env - of its process, beside what every process has
   * @param more - flags of this one alone
   */
  start(env?: NodeJS.ProcessEnv, more?: readonly string[]): void;
  /** As kill -9 does. */
  kill(): Promise<void>;
  /** Waits until it is done with the newest head. */
  taken(): Promise<void>;
  /** Waits until something is on its way, or it is done with the newest head and nothing is. */
  acts(): Promise<void>;
  /** Of the liquidations that are planned or sent, the legs. */
  flying(): readonly FlyingLeg[];
  /** Looks into its store. */
  look<T>(read: (store: Store) => T): T;
};

/** @param flags - besides `--store`, which is `path` */
export function watchKeeper(scene: Scene, path: string, flags: readonly string[], url?: string): Watched {
  const lines: LogLine[] = [];
  let current: KeeperProcess | undefined;
  const onItsWay = () => flying(scene, current!);

  return {
    lines,
    get process() {
      return current!;
    },
    start(env = {}, more = []) {
      current = scene.keeper(['--store', path, ...flags, ...more], url, { env });
      current.onLine((line) => lines.push(line));
    },
    async kill() {
      current!.child.kill('SIGKILL');
      await current!.ended;
    },
    taken: () => taken(scene, current!),
    acts: () => taken(scene, current!, () => onItsWay().length > 0),
    flying: onItsWay,
    look: (read) => lookInto(current!, read),
  };
}
