import type { Log } from 'viem';
import { expect, test } from 'vitest';
import { align } from '../../src/execution/align.ts';
import { frozen, legSkipped, liquidated, other, planExecuted, type RpcLog, roundSkipped } from './events.ts';
import { LIQUIDATOR } from './node.ts';
import { address, sentLeg } from './sent.ts';

const told = (logs: RpcLog[], rounds: number[]) =>
  align(
    logs as unknown as Log[],
    LIQUIDATOR,
    rounds.map((round, n) => sentLeg(n, round)),
  );

test('one event a leg, in order, whatever index and borrower it names', () => {
  const events = [liquidated(9), legSkipped(8, 45n, '0x'), frozen(7), liquidated(9)];
  expect(told([...events, planExecuted(1n)], [0, 0, 1, 1])).toEqual(events.map((own) => ({ own, before: [] })));
});

test('the logs before a leg’s own event are those since the contract’s last one', () => {
  const [a, b, c, d] = [1, 2, 3, 4].map(other) as [RpcLog, RpcLog, RpcLog, RpcLog];
  const [first, second] = [liquidated(1), liquidated(2)];
  const skipped = roundSkipped(1, '0x1234');
  expect(told([a, b, first, c, skipped, d, second, a, planExecuted(1n)], [0, 1, 2])).toEqual([
    { own: first, before: [a, b] },
    { skipped: '0x1234', index: 0 },
    { own: second, before: [d] },
  ]);
});

test('a round that was skipped tells of all its legs at once', () => {
  const [first, last] = [roundSkipped(0, '0x01'), liquidated(1)];
  expect(told([first, last, roundSkipped(2, '0x03')], [0, 0, 1, 2, 2, 2])).toEqual([
    { skipped: '0x01', index: 0 },
    { skipped: '0x01', index: 1 },
    { own: last, before: [] },
    { skipped: '0x03', index: 0 },
    { skipped: '0x03', index: 1 },
    { skipped: '0x03', index: 2 },
  ]);
});

test('rounds without legs are passed over, skipped or not', () => {
  const [a, b] = [liquidated(1), liquidated(2)];
  // Rounds 0, 2 and 3 only sell: of them the skipped ones tell.
  expect(told([roundSkipped(0, '0x'), a, roundSkipped(2, '0x'), b], [1, 4])).toEqual([
    { own: a, before: [] },
    { own: b, before: [] },
  ]);
});

test('events of the same name from another contract are none', () => {
  const foreign = liquidated(1, 1n, 1n, address(0x501));
  const own = liquidated(1);
  expect(told([foreign, own], [0])).toEqual([{ own, before: [foreign] }]);
});

test('a log of the contract that no ABI knows is passed over', () => {
  const strange = { ...other(5), address: LIQUIDATOR };
  const own = liquidated(1);
  expect(told([strange, own], [0])).toEqual([{ own, before: [strange] }]);
});

test('where an event is missing, its leg is told nothing of', () => {
  const own = liquidated(1);
  expect(told([own], [0, 0])).toEqual([{ own, before: [] }, undefined]);
  // The next round's is not taken for it.
  expect(told([roundSkipped(1, '0x05')], [0, 1])).toEqual([undefined, { skipped: '0x05', index: 0 }]);
  expect(told([], [0])).toEqual([undefined]);
});
