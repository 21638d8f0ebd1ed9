import { describe, expect, test } from 'vitest';
import { isIdleRaise, larger, least, raisedFees } from '../../src/execution/fees.ts';

describe('raised fees', () => {
  test('are a quarter more, rounded up, so that a node takes them', () => {
    const fees = { maxFeePerGas: 101n, maxPriorityFeePerGas: 5n };
    expect(raisedFees(fees, { baseFee: 0n, priority: 0n })).toEqual({ maxFeePerGas: 127n, maxPriorityFeePerGas: 7n });
    const even = { maxFeePerGas: 100n, maxPriorityFeePerGas: 4n };
    expect(raisedFees(even, { baseFee: 0n, priority: 0n })).toEqual({ maxFeePerGas: 125n, maxPriorityFeePerGas: 5n });
  });

  test('are what the chain asks now, if that is more', () => {
    const fees = { maxFeePerGas: 100n, maxPriorityFeePerGas: 4n };
    expect(raisedFees(fees, { baseFee: 200n, priority: 9n })).toEqual({ maxFeePerGas: 209n, maxPriorityFeePerGas: 9n });
    // The base fee alone may rise, and the tip is raised all the same.
    expect(raisedFees(fees, { baseFee: 200n, priority: 1n })).toEqual({ maxFeePerGas: 205n, maxPriorityFeePerGas: 5n });
  });
});

describe('a raise gains nothing', () => {
  const now = { baseFee: 100n, priority: 10n };
  test.each([
    ['four times the tip of the market', { maxFeePerGas: 300n, maxPriorityFeePerGas: 32n }, false],
    ['more than four times the tip', { maxFeePerGas: 300n, maxPriorityFeePerGas: 33n }, true],
    ['more than four times what gas costs', { maxFeePerGas: 353n, maxPriorityFeePerGas: 10n }, true],
    [
      'a tip that is dear, of one that does not pay the base fee',
      { maxFeePerGas: 109n, maxPriorityFeePerGas: 33n },
      false,
    ],
    ['a max fee that is dear, of one whose tip is too low', { maxFeePerGas: 353n, maxPriorityFeePerGas: 9n }, false],
  ])('that offers %s: %s', (_, fees, idle) => {
    expect(isIdleRaise(fees, raisedFees(fees, now), now)).toBe(idle);
  });
});

test('the smaller and the larger of two', () => {
  expect([least(1n, 2n), least(2n, 1n), least(2n, 2n)]).toEqual([1n, 1n, 2n]);
  expect([larger(1n, 2n), larger(2n, 1n), larger(2n, 2n)]).toEqual([2n, 2n, 2n]);
});
