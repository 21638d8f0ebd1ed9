import { describe, expect, test } from 'vitest';
import { firstFees, least, raisedFees } from '../../src/execution/fees.ts';

describe('the first fees', () => {
  test('leave room for the base fee to double, with the usual tip', () => {
    expect(firstFees({ baseFee: 100n, priority: 7n }, 1_000n)).toEqual({
      maxFeePerGas: 207n,
      maxPriorityFeePerGas: 7n,
    });
  });

  test.each([
    [207n, 207n, 7n],
    [206n, 206n, 7n],
    [7n, 7n, 7n],
    [3n, 3n, 3n],
  ])('stay under a limit of %s', (limit, maxFeePerGas, maxPriorityFeePerGas) => {
    expect(firstFees({ baseFee: 100n, priority: 7n }, limit)).toEqual({ maxFeePerGas, maxPriorityFeePerGas });
  });
});

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

test('the smaller of two', () => {
  expect([least(1n, 2n), least(2n, 1n), least(2n, 2n)]).toEqual([1n, 1n, 2n]);
});
