import type { Head } from '../chain/head.ts';

/** Heads of which the last can be had once more: for what came to light after it was taken, and cannot wait for the next. */
export type Again = {
  /** Asks for the last head once more, unless a new one comes first. */
  ask(): void;
  /** The heads, each once, and the last again whenever that is asked for. */
  of(heads: AsyncGenerator<Head, void>): AsyncGenerator<Head, void>;
};

/**
 * For one reader. See {@link Again}.
 * @example
 * const again = createAgain();
 * for await (const head of again.of(ready.heads(stop))) await take(head); // the same head twice after again.ask()
 */
export function createAgain(): Again {
  let wanted = false;
  let wake = () => {};
  return {
    ask() {
      wanted = true;
      wake();
    },
    async *of(heads) {
      let last: Head | undefined;
      let next: ReturnType<typeof heads.next> | undefined;
      while (true) {
        const { promise: asked, resolve } = Promise.withResolvers<undefined>();
        wake = () => resolve(undefined);
        if (wanted) wake();
        // Asked for only now: whoever was busy for five blocks is given the fifth.
        next ??= heads.next();
        const got = await Promise.race([next, asked]);
        wanted = false;
        if (got) {
          if (got.done) return;
          last = got.value;
          next = undefined;
        }
        if (last) yield last;
      }
    },
  };
}
