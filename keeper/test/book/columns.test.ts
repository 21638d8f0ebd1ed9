import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import { type Columns, createColumns } from '../../src/book/columns.ts';
import type { Account } from '../../src/protocols/protocol.ts';
import { type Random, random } from './random.ts';

function invent(rng: Random, address: Address): Account {
  const count = rng.among([0, 1, 2, 2, 3, 4, 4, 5, 8, 9, 17, 40]);
  const cells = Array.from({ length: count }, (_, index) => ({
    slot: 2 * index + rng.below(2),
    amount: rng.next() < 0.1 ? rng.sized(256) : rng.sized(120),
  }));
  return { address, group: rng.below(30), cells };
}

const contents = (columns: Columns): Map<Address, Account> =>
  new Map([...columns.addresses()].map((address) => [address, columns.get(address)!]));

describe('columns', () => {
  test('after 10,000 random changes equal those built from what is left, and hold no more', () => {
    const rng = random(1);
    const columns = createColumns();
    const expected = new Map<Address, Account>();
    const known: Address[] = [];
    for (let change = 0; change < 10_000; change++) {
      const old = known.length > 0 && rng.next() < 0.6 ? rng.among(known) : undefined;
      if (old && rng.next() < 0.5) {
        expect(columns.remove(old)).toBe(expected.delete(old));
        continue;
      }
      const account = invent(rng, old ?? rng.address());
      if (!old) known.push(account.address);
      columns.upsert(account);
      expected.set(account.address, account);
    }
    expect(expected.size).toBeGreaterThan(2_000);
    expect(columns.size).toBe(expected.size);
    expect(contents(columns)).toEqual(expected);

    const rebuilt = createColumns();
    for (const account of expected.values()) rebuilt.upsert(account);
    expect(contents(rebuilt)).toEqual(expected);
    for (const { id, count, pages, rowsPerPage } of columns.classes) {
      expect(count).toBe(rebuilt.classes[id]!.count);
      // In place: no more than one spare page a class.
      expect(pages.length).toBeLessThanOrEqual(Math.ceil(count / rowsPerPage) + 1);
    }
  });

  test('finds an address in any case, and nobody else', () => {
    const columns = createColumns();
    const account = invent(random(3), '0xabcdefabcdefabcdefabcdefabcdefabcdefabcd');
    columns.upsert(account);
    expect(columns.get('0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD')).toEqual(account);
    expect(columns.get('0xabcdefabcdefabcdefabcdefabcdefabcdefabce')).toBeUndefined();
    expect(columns.remove('0xabcdefabcdefabcdefabcdefabcdefabcdefabce')).toBe(false);
    expect(columns.remove('0xABCDEFabcdefABCDEFabcdefABCDEFabcdefABCD')).toBe(true);
    expect(columns.size).toBe(0);
    expect(columns.get(account.address)).toBeUndefined();
  });

  test('amounts over 2^127 come back exactly after their neighbours have left', () => {
    const columns = createColumns();
    const address = (index: number) => `0x${index.toString(16).padStart(40, '0')}` as Address;
    const large = (index: number) => 2n ** 256n - 1n - BigInt(index);
    for (let index = 0; index < 100; index++) {
      columns.upsert({ address: address(index), group: 0, cells: [{ slot: 0, amount: large(index) }] });
    }
    for (let index = 0; index < 100; index += 2) columns.remove(address(index));
    const before = columns.bytes();
    for (let index = 100; index < 150; index++) {
      columns.upsert({ address: address(index), group: 0, cells: [{ slot: 0, amount: large(index) }] });
    }
    for (let index = 1; index < 100; index += 2)
      expect(columns.get(address(index))!.cells[0]!.amount).toBe(large(index));
    for (let index = 100; index < 150; index++)
      expect(columns.get(address(index))!.cells[0]!.amount).toBe(large(index));
    expect(columns.bytes()).toBe(before);
  });

  test('memory is given back when accounts leave', () => {
    const rng = random(5);
    const columns = createColumns();
    const empty = columns.bytes();
    const accounts = Array.from({ length: 20_000 }, () => invent(rng, rng.address()));
    for (const account of accounts) columns.upsert(account);
    const full = columns.bytes();
    for (const { address } of accounts) columns.remove(address);
    expect(columns.size).toBe(0);
    expect(full - empty).toBeGreaterThan(20_000 * 100);
    expect(columns.bytes() - empty).toBeLessThan((full - empty) / 2);
  });

  test('100,000 accounts of 4 cells take at most 300 bytes each', () => {
    const rng = random(9);
    const columns = createColumns();
    for (let index = 0; index < 100_000; index++) {
      const cells = [0, 3, 4, 7].map((slot) => ({ slot, amount: BigInt(index) << 70n }));
      columns.upsert({ address: rng.address(), group: 0, cells });
    }
    expect(columns.size).toBe(100_000);
    expect(columns.bytes() / 100_000).toBeLessThanOrEqual(300);
    // All columns of a cell and of a row, each full once.
    expect(columns.bytes() / 100_000).toBeGreaterThan(4 * (2 + 8 + 16) + 2 + 20 + 8);
  });

  test('refuse what does not fit a row, and stay as they were', () => {
    const columns = createColumns();
    const address = `0x${'01'.repeat(20)}` as const;
    expect(() => columns.upsert({ address, group: 65_536, cells: [] })).toThrow('is in group 65536, above 65535');
    const cells = [{ slot: 65_535, amount: 1n }];
    expect(() => columns.upsert({ address, group: 0, cells })).toThrow('uses slot 65535, above 65534');
    expect(columns.size).toBe(0);
  });
});
