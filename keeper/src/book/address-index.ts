import type { Address } from 'viem';

/** An address as five 32-bit words, so that it can be kept and compared without making a string of it. */
export const WORDS = 5;

export function writeAddress(words: Uint32Array, at: number, address: Address): void {
  for (let word = 0; word < WORDS; word++) {
    words[at + word] = Number.parseInt(address.slice(2 + 8 * word, 10 + 8 * word), 16);
  }
}

const text = Buffer.from(`0x${'0'.repeat(8 * WORDS)}`, 'latin1');
const DIGITS = Buffer.from('0123456789abcdef', 'latin1');

/** Lower case. Strings that are put together of parts are slow to compare: this one is of one piece. */
export function readAddress(words: Uint32Array, at: number): Address {
  for (let word = 0; word < WORDS; word++) {
    const value = words[at + word]!;
    for (let digit = 0; digit < 8; digit++) text[2 + 8 * word + digit] = DIGITS[(value >>> (28 - 4 * digit)) & 15]!;
  }
  return text.toString('latin1') as Address;
}

/** Where the words of a row's address are. */
type Locate = (row: number) => { words: Uint32Array; at: number };

/** Rows by address. It keeps row numbers only; the addresses stay where the rows are. */
export type AddressIndex = {
  /** The row of the address at `words[0..4]`, or -1. */
  find(words: Uint32Array): number;
  /** The address must not be there yet. */
  insert(words: Uint32Array, at: number, row: number): void;
  /** Says that the row `from` with this address is now `to`. */
  move(words: Uint32Array, at: number, from: number, to: number): void;
  remove(words: Uint32Array, at: number, row: number): void;
  bytes(): number;
};

const EMPTY = -1;
const SEGMENTS = 256;
const FIRST_CAPACITY = 16;

function hashOfWords(seed: number, words: Uint32Array, at: number): number {
  let mixed = seed;
  for (let word = 0; word < WORDS; word++) {
    mixed = Math.imul(mixed ^ words[at + word]!, 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  mixed = Math.imul(mixed, 0x85ebca6b);
  return (mixed ^ (mixed >>> 13)) >>> 0;
}

function put(table: Int32Array, hashed: number, row: number): void {
  const mask = table.length - 1;
  let slot = hashed & mask;
  while (table[slot] !== EMPTY) slot = (slot + 1) & mask;
  table[slot] = row;
}

/** The slot of a row that is in the table. */
function slotOf(table: Int32Array, hashed: number, row: number): number {
  const mask = table.length - 1;
  let slot = hashed & mask;
  while (table[slot] !== row) slot = (slot + 1) & mask;
  return slot;
}

/**
 * Open addressing with linear probing, in 256 tables of their own: when one is full, 1/256 of the index is written anew,
 * so that no single insertion holds the keeper up.
 */
export function createAddressIndex(locate: Locate): AddressIndex {
  // Of this process alone, so that nobody can choose addresses that fall together.
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const tables = Array.from({ length: SEGMENTS }, () => new Int32Array(FIRST_CAPACITY).fill(EMPTY));
  const counts = new Uint32Array(SEGMENTS);

  const hash = (words: Uint32Array, at: number): number => hashOfWords(seed, words, at);
  const hashOf = (row: number): number => {
    const { words, at } = locate(row);
    return hash(words, at);
  };

  return {
    find(wanted) {
      const hashed = hash(wanted, 0);
      const table = tables[hashed >>> 24]!;
      const mask = table.length - 1;
      for (let slot = hashed & mask; ; slot = (slot + 1) & mask) {
        const row = table[slot]!;
        if (row === EMPTY) return EMPTY;
        const { words, at } = locate(row);
        let word = 0;
        while (word < WORDS && words[at + word] === wanted[word]) word++;
        if (word === WORDS) return row;
      }
    },

    insert(words, at, row) {
      const hashed = hash(words, at);
      const segment = hashed >>> 24;
      let table = tables[segment]!;
      if (4 * (counts[segment]! + 1) > 3 * table.length) {
        const larger = new Int32Array(2 * table.length).fill(EMPTY);
        for (const held of table) if (held !== EMPTY) put(larger, hashOf(held), held);
        tables[segment] = table = larger;
      }
      counts[segment]!++;
      put(table, hashed, row);
    },

    move(words, at, from, to) {
      const hashed = hash(words, at);
      const table = tables[hashed >>> 24]!;
      table[slotOf(table, hashed, from)] = to;
    },

    remove(words, at, row) {
      const hashed = hash(words, at);
      const table = tables[hashed >>> 24]!;
      const mask = table.length - 1;
      let hole = slotOf(table, hashed, row);
      // Those behind that could stand in the hole move up, so that no probe ends early.
      for (let slot = (hole + 1) & mask; table[slot] !== EMPTY; slot = (slot + 1) & mask) {
        const wanted = hashOf(table[slot]!) & mask;
        if (((slot - wanted) & mask) < ((slot - hole) & mask)) continue;
        table[hole] = table[slot]!;
        hole = slot;
      }
      table[hole] = EMPTY;
      counts[hashed >>> 24]!--;
    },

    bytes: () => tables.reduce((sum, { byteLength }) => sum + byteLength, counts.byteLength),
  };
}
