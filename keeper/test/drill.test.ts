import type { Address } from 'viem';
import { expect, test, vi } from 'vitest';
import type { Tracker } from '../src/book/tracker.ts';
import type { Head } from '../src/chain/head.ts';
import { openDrill } from '../src/drill.ts';
import type { Due, Planner } from '../src/planning/planner.ts';

const head = (n: number) => ({ number: BigInt(n), hash: `0x${n}`, timestamp: 1_000n }) as unknown as Head;
const key = (n: number) => `0x${n}` as Address;

/** A tracker at a head with so many accounts, nearest first. */
const trackerAt = (n: number, accounts: number): Tracker =>
  ({
    name: `market of ${accounts}`,
    state: { block: { hash: `0x${n}` } },
    market: { assets: [] },
    book: {
      nearest: (count: number) => Array.from({ length: Math.min(count, accounts) }, (_, at) => ({ address: key(at) })),
    },
    stressed: (moment: unknown) => ({ stressed: moment }),
  }) as unknown as Tracker;

function opened() {
  const plan = vi.fn(async (_due: readonly Due[], _head: Head) => ({ offers: ['an offer'], without: new Map() }));
  return { plan, drill: openDrill({ plan } as unknown as Planner, 1) };
}

test('plans for the sixty accounts nearest to the line of every market at the head, as if they had fallen', async () => {
  const { plan, drill } = opened();
  expect(await drill([trackerAt(1, 100), trackerAt(1, 3), trackerAt(0, 9)], head(1))).toEqual(['an offer']);
  const [due, at] = plan.mock.calls[0]!;
  expect(at).toEqual(head(1));
  expect(due.map(({ name, keys }) => [name, keys.length])).toEqual([
    ['market of 100', 60],
    ['market of 3', 3],
  ]);
  // Twelve seconds later, one block on: what the next block of Ethereum would see.
  expect(due[0]!.view).toEqual({ stressed: { timestamp: 1_012n, number: 2n } });
});

test('comes at each of the first sixty heads, and then at every sixteenth', async () => {
  const { plan, drill } = opened();
  const heads: number[] = [];
  for (let n = 1; n <= 100; n++) if (await drill([trackerAt(n, 5)], head(n))) heads.push(n);
  expect(heads).toEqual([...Array.from({ length: 60 }, (_, at) => at + 1), 64, 80, 96]);
  expect(plan).toHaveBeenCalledTimes(63);
});

test('without anybody who owes there is none, and it does not count', async () => {
  const { plan, drill } = opened();
  for (let n = 1; n <= 30; n++) expect(await drill([trackerAt(n, 0)], head(n))).toBeUndefined();
  expect(plan).not.toHaveBeenCalled();
  expect(await drill([trackerAt(31, 1)], head(31))).toBeDefined();
});
