import { expect, test } from 'vitest';
import { whyUndone } from '../src/once.ts';

const summary = { liquidated: 0, skipped: 0, lost: 0, reverted: 0, cancelled: 0, value: 0n, gas: 0n };
const once = { acted: true, failed: false, due: 3, would: 0 };

test('a run of one head has something to show where something landed, would have, or nobody was due', () => {
  expect(whyUndone(once, { ...summary, liquidated: 1 })).toBeUndefined();
  expect(whyUndone({ ...once, would: 1 }, summary)).toBeUndefined();
  expect(whyUndone({ ...once, due: 0 }, summary)).toBeUndefined();
});

test('and nothing where everybody was skipped, lost or reverted, or the head failed', () => {
  const nothing = '--once: 3 accounts are under water and nothing was done about any of them; the lines above say why';
  expect(whyUndone(once, summary)).toBe(nothing);
  expect(whyUndone(once, { ...summary, lost: 2, reverted: 1 })).toBe(nothing);
  const failed = '--once: the head failed; the lines above say why';
  expect(whyUndone({ ...once, due: 0, failed: true }, { ...summary, liquidated: 1 })).toBe(failed);
});
