import { faultOf } from './errors.ts';

/** Most requests of a frame: as many as gateways take over a WebSocket. */
const MOST_TOGETHER = 20;
/** Longest frame, characters: the multicalls of a head fit, and those that read thousands of accounts are worked on side by side. */
const LONGEST_TOGETHER = 200_000;
/** Sockets that may be closed on their first frame before it is taken for the reason. */
const MOST_FATAL = 2;

/** What is known of how much an endpoint takes in a frame, whichever socket it was learned on. */
export type Frames = {
  /** Whether it takes several requests in a frame; undefined until it has answered one. */
  taken: boolean | undefined;
  /** Most requests of one. */
  most: number;
  /** How often a socket was closed before the first frame was answered. */
  fatal: number;
};

/** Nothing is known yet. */
export const newFrames = (): Frames => ({ taken: undefined, most: MOST_TOGETHER, fatal: 0 });

/**
 * Most requests that an endpoint takes together; undefined until it was tried.
 *
 * @example
 * mostOf(newFrames()); // undefined
 */
export function mostOf({ taken, most }: Frames): number | undefined {
  if (taken === undefined) return undefined;
  return taken ? most : 1;
}

/** A frame of so many requests was refused: fewer go together from now on, or each by itself where none was ever taken. */
export function shrink(frames: Frames, refused: number): void {
  if (frames.taken === undefined) frames.most = 1;
  else frames.most = Math.min(frames.most, Math.floor(refused / 2));
  if (frames.most < 2) frames.taken = false;
}

/** A socket was closed while its first frame was unanswered: some gateways hang up on whoever sends one. */
export function hungUp(frames: Frames): void {
  frames.fatal += 1;
  if (frames.fatal >= MOST_FATAL) frames.taken = false;
}

/**
 * Puts requests into as few frames as an endpoint takes.
 *
 * @param lengthOf - characters of a request
 */
export function inFrames(
  { taken, most }: Frames,
  ids: readonly number[],
  lengthOf: (id: number) => number,
): number[][] {
  if (!taken) return ids.map((id) => [id]);
  const frames: number[][] = [];
  let room = 0;
  for (const id of ids) {
    const length = lengthOf(id);
    const last = frames.at(-1);
    if (last && last.length < most && length <= room) last.push(id);
    else {
      frames.push([id]);
      room = LONGEST_TOGETHER;
    }
    room -= length;
  }
  return frames;
}

/** Whether all requests of a frame or batch failed with the same words, none of them the chain's: then it is refused as a whole. */
export function isRefusedWhole(said: readonly ({ error?: { code: number; message: string } } | null)[]): boolean {
  const [first, ...more] = said;
  if (!first?.error || more.length === 0) return false;
  const { message } = first.error;
  if (more.some((each) => each?.error?.message !== message)) return false;
  return faultOf(Object.assign(new Error(message), first.error)) === 'odd';
}
