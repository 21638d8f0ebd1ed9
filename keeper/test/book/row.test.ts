import { expect, test } from 'vitest';
import { decodeRow, encodeRow } from '../../src/book/row.ts';
import type { Account } from '../../src/protocols/protocol.ts';
import { random } from './random.ts';

const address = `0x${'ab'.repeat(20)}` as const;

test('a row is its group, then slot, length and digits of each cell', () => {
  const account: Account = {
    address,
    group: 258,
    cells: [
      { slot: 1, amount: 0n },
      { slot: 2, amount: 255n },
      { slot: 65_534, amount: 256n },
    ],
  };
  const bytes = encodeRow(account);
  expect(Buffer.from(bytes).toString('hex')).toBe(['0102', '000100', '000201ff', 'fffe020100'].join(''));
  expect(decodeRow(address, bytes)).toEqual(account);
});

test('every uint256 comes back exactly, under the address in lower case', () => {
  const rng = random(7);
  const edges = [0n, 1n, 2n ** 63n, 2n ** 64n, 2n ** 127n, 2n ** 128n, 2n ** 256n - 1n];
  for (let round = 0; round < 2_000; round++) {
    const account: Account = {
      address: rng.address(),
      group: rng.below(65_536),
      cells: Array.from({ length: rng.below(20) }, (_, slot) => ({
        slot: 3 * slot,
        amount: rng.next() < 0.2 ? rng.among(edges) : rng.sized(256),
      })),
    };
    const upper = account.address.toUpperCase().replace('0X', '0x') as `0x${string}`;
    expect(decodeRow(upper, encodeRow(account))).toEqual(account);
  }
});

test('an account without cells is two bytes', () => {
  expect(encodeRow({ address, group: 0, cells: [] })).toHaveLength(2);
});

test('what is no row is refused', () => {
  const cells = (slot: number, amount: bigint) => ({ address, group: 0, cells: [{ slot, amount }] });
  expect(() => encodeRow(cells(0, -1n))).toThrow(RangeError);
  expect(() => encodeRow(cells(0, 2n ** 256n))).toThrow(RangeError);
  expect(() => encodeRow(cells(65_536, 1n))).toThrow(RangeError);
  expect(() => encodeRow({ address, group: 65_536, cells: [] })).toThrow(RangeError);
  const bytes = encodeRow(cells(1, 2n ** 64n));
  for (let length = 0; length < bytes.length; length++) {
    if (length === 2) continue;
    expect(() => decodeRow(address, bytes.subarray(0, length))).toThrow(RangeError);
  }
});
