import { decodeFunctionData, encodeFunctionResult, type Hex, multicall3Abi, numberToHex } from 'viem';
import { describe, expect, test } from 'vitest';
import { decodeAggregate, encodeAggregate } from '../src/chain/aggregate.ts';
import { random } from './book/random.ts';

const rng = random(5);
const bytes = (size: number): Hex => (size === 0 ? '0x' : numberToHex(rng.sized(8 * size), { size }));

describe('an aggregate of calls', () => {
  test.each([0, 1, 2, 300])('of %i calls is what viem decodes', (count) => {
    const calls = Array.from({ length: count }, () => ({ to: rng.address(), data: bytes(rng.below(100)) }));
    const { functionName, args } = decodeFunctionData({ abi: multicall3Abi, data: encodeAggregate(calls) });
    const [decoded] = args as readonly [readonly { target: Hex; allowFailure: boolean; callData: Hex }[]];
    expect(functionName).toBe('aggregate3');
    expect(decoded.map(({ target, callData }) => ({ to: target.toLowerCase(), data: callData }))).toEqual(calls);
    expect(decoded.every(({ allowFailure }) => allowFailure)).toBe(true);
  });

  test.each([0, 1, 2, 300])('with %i answers is what viem encodes', (count) => {
    const answers = Array.from({ length: count }, () => ({ success: rng.next() < 0.5, data: bytes(rng.below(100)) }));
    const result = answers.map(({ success, data }) => ({ success, returnData: data }));
    const answer = encodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', result });
    expect(decodeAggregate(answer)).toEqual(answers);
  });

  test('an answer that is cut short is refused', () => {
    const result = [{ success: true, returnData: bytes(32) }];
    const answer = encodeFunctionResult({ abi: multicall3Abi, functionName: 'aggregate3', result });
    for (const length of [2, 66, 130, answer.length - 2]) {
      expect(() => decodeAggregate(answer.slice(0, length) as Hex)).toThrow('an aggregate of calls was answered with');
    }
  });
});
