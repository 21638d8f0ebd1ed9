import { expect, test } from 'vitest';
import type { Head } from '../../src/chain/head.ts';
import { createAgain } from '../../src/triggers/again.ts';

const head = (number: number) => ({ number: BigInt(number) }) as Head;

/** Heads that come when a test says so. */
function source() {
  const waiting: ((head: Head | undefined) => void)[] = [];
  async function* heads(): AsyncGenerator<Head, void> {
    while (true) {
      const next = await new Promise<Head | undefined>((resolve) => waiting.push(resolve));
      if (!next) return;
      yield next;
    }
  }
  const give = async (next?: Head) => {
    while (waiting.length === 0) await Promise.resolve();
    waiting.shift()!(next);
  };
  return { heads: heads(), give };
}

test('each head is given once, and the last again when that is asked for', async () => {
  const { heads, give } = source();
  const again = createAgain();
  const given = again.of(heads);
  const first = given.next();
  await give(head(1));
  expect((await first).value).toEqual(head(1));
  again.ask();
  again.ask();
  expect((await given.next()).value).toEqual(head(1));
  // Asked while it is waited for.
  const third = given.next();
  again.ask();
  expect((await third).value).toEqual(head(1));
  const fourth = given.next();
  await give(head(2));
  expect((await fourth).value).toEqual(head(2));
  const end = given.next();
  await give();
  expect((await end).done).toBe(true);
});

test('before the first there is none to give again', async () => {
  const { heads, give } = source();
  const again = createAgain();
  again.ask();
  const first = again.of(heads).next();
  await give(head(7));
  expect((await first).value).toEqual(head(7));
});

test('who ends is ended, whether a head is waited for or not', async () => {
  const { heads, give } = source();
  const given = createAgain().of(heads);
  const first = given.next();
  await give(head(1));
  await first;
  expect((await given.return()).done).toBe(true);
});
