import type { Address, Hash } from 'viem';
import { describe, expect, test } from 'vitest';
import type { V3State } from '../../src/venues/v3-pool.ts';
import { createTickMemory, heldBefore, rememberBlock, TICK_TOPICS } from '../../src/venues/v3-ticks.ts';

const hash = (number: number, fork = 0): Hash => `0x${fork}${number.toString(16).padStart(63, '0')}`;
const block = (number: number, fork = 0, parentFork = fork) => ({
  hash: hash(number, fork),
  parentHash: hash(number - 1, parentFork),
});
const [A, B]: [Address, Address] = [`0x${'aB'.repeat(20)}`, `0x${'cD'.repeat(20)}`];
const state = {} as V3State;

/** Pools that were read at these blocks. */
function readAt(at: Record<Address, Hash>) {
  const memory = createTickMemory();
  for (const [pool, hash] of Object.entries(at)) memory.pools.set(pool as Address, { state, at: hash });
  return memory;
}

const moved = (...pools: Address[]) => new Set(pools.map((pool) => pool.toLowerCase()));

test('the topics are those of Mint and Burn', () => {
  // As in any log of a pool.
  expect(TICK_TOPICS).toEqual([
    '0x7a53080ba414158be7ec69b987b5fb7d07dee101fe85488f0853ae16239d0bde',
    '0x0c396cd989a39f4459b5fa1aed6a9a8dcdbc45908acfd67e028cd568da98982c',
  ]);
});

describe('ticks hold until the parent of a head', () => {
  test('where they were read at it', () => {
    expect(heldBefore(readAt({ [A]: hash(9), [B]: hash(8) }), block(10))).toEqual(new Set([A]));
  });

  test('where nobody moved them in the blocks since they were read, all of which are known', () => {
    const memory = readAt({ [A]: hash(7), [B]: hash(7) });
    rememberBlock(memory, block(8), moved(B));
    expect(heldBefore(memory, block(10))).toEqual(new Set());
    rememberBlock(memory, block(9), moved());
    expect(heldBefore(memory, block(10))).toEqual(new Set([A]));
  });

  test('also where they moved in the very block that they were read at', () => {
    const memory = readAt({ [A]: hash(8) });
    rememberBlock(memory, block(8), moved(A));
    rememberBlock(memory, block(9), moved(B));
    expect(heldBefore(memory, block(10))).toEqual(new Set([A]));
  });

  test('not where they were read on a chain that was left', () => {
    const memory = readAt({ [A]: hash(9), [B]: hash(8) });
    rememberBlock(memory, block(9), moved());
    rememberBlock(memory, block(9, 1, 0), moved());
    expect(heldBefore(memory, block(10, 1))).toEqual(new Set([B]));
    expect(heldBefore(memory, block(10))).toEqual(new Set([A, B]));
  });

  test('not where they were read too long ago', () => {
    const memory = readAt({ [A]: hash(100), [B]: hash(245) });
    for (let number = 101; number <= 300; number++) rememberBlock(memory, block(number), moved());
    expect(heldBefore(memory, block(301))).toEqual(new Set([B]));
    expect(memory.blocks.size).toBeLessThan(100);
  });
});
