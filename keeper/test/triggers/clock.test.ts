import { describe, expect, test } from 'vitest';
import { nextMoment } from '../../src/triggers/clock.ts';

const head = { timestamp: 1_700_000_000n, number: 41n };

describe('the next block', () => {
  test.each([
    ['Ethereum, 12 s', 1, 12n],
    ['Base, 2 s', 8453, 2n],
    ['a chain of 250 ms: never the second of the head', 42161, 1n],
    ['a chain of 1.7 s: rounded up', 43114, 2n],
    ['a chain without a preset: soon, so that nobody is judged too late', 987_654_321, 1n],
  ])('comes one block time later: %s', (_, chainId, seconds) => {
    expect(nextMoment(head, chainId)).toEqual({ timestamp: head.timestamp + seconds, number: 42n });
  });
});
