import type { Address } from 'viem';
import type { Account, Cell } from '../protocols/protocol.ts';
import { type AddressIndex, createAddressIndex, readAddress, WORDS, writeAddress } from './address-index.ts';
import { AMOUNT_WORDS, type Amounts, createAmounts } from './amounts.ts';
import { createKinds, type Kinds, NOTHING } from './kinds.ts';
import { createPage, type Page, rowsOfPage, strideOf } from './page.ts';
import { sumsOf } from './sums.ts';

/** All rows with as many cells as fit one stride, without gaps: rows 0 to `count` - 1, page after page. */
type RowClass = { id: number; stride: number; rowsPerPage: number; count: number; pages: Page[] };

/**
 * The accounts of one market, column by column. A row's number says its class (upper 4 bits) and its place in it; it
 * holds until the next change.
 */
export type Columns = {
  readonly size: number;
  /** By number of cells: none, 1, 2, up to 4, up to 8, ... */
  readonly classes: readonly RowClass[];
  /** Of all the cells there have been. */
  readonly kinds: Kinds;
  /**
   * Adds an account, or replaces the one of that address.
   * @throws RangeError when group or slots are above what `Account` allows, or there are more than 16,384 cells
   */
  upsert(account: Account): void;
  /** Whether there was one. */
  remove(address: Address): boolean;
  has(address: Address): boolean;
  get(address: Address): Account | undefined;
  /** The account of a row. */
  at(row: number): Account;
  addressAt(row: number): Address;
  addresses(): Generator<Address>;
  /** What all accounts together have in the cells of each slot. */
  sums(): Map<number, bigint>;
  /** Memory held, in bytes. */
  bytes(): number;
};

const PLACE_BITS = 27;
const PLACE_MASK = (1 << PLACE_BITS) - 1;
const MAX_CLASS = 15;
const MAX_GROUP = 65_535;
const MAX_SLOT = 65_534;

/** The class of the smallest stride, a power of two, that holds `cells`. */
const classFor = (cells: number): number => (cells === 0 ? 0 : 33 - Math.clz32(cells - 1));

/** The number of a class's row. */
export const rowNumber = (rowClass: RowClass, place: number): number => rowClass.id * (PLACE_MASK + 1) + place;

/** All that columns are made of. The functions below read and change it. */
type State = {
  classes: readonly RowClass[];
  amounts: Amounts;
  kinds: Kinds;
  index: AddressIndex;
  /** The words of the address that was looked for last. */
  wanted: Uint32Array;
};

/**
 * Columns without a row. See {@link Columns}.
 *
 * @example
 * const columns = createColumns();
 * columns.upsert(account);
 */
export function createColumns(): Columns {
  const classes = Array.from({ length: MAX_CLASS + 1 }, (_, id): RowClass => {
    const stride = strideOf(id);
    return { id, stride, rowsPerPage: rowsOfPage(stride), count: 0, pages: [] };
  });
  const index = createAddressIndex((row) => {
    const { page, inPage } = where(classes, row);
    return { words: page.addresses, at: WORDS * inPage };
  });
  const [amounts, kinds] = [createAmounts(), createKinds()];
  const state: State = { classes, amounts, kinds, index, wanted: new Uint32Array(WORDS) };
  return {
    classes,
    kinds,
    get size() {
      return classes.reduce((sum, { count }) => sum + count, 0);
    },
    upsert: (account) => upsert(state, account),
    remove(address) {
      const row = find(state, address);
      if (row >= 0) takeOut(state, row);
      return row >= 0;
    },
    has: (address) => find(state, address) >= 0,
    get(address) {
      const row = find(state, address);
      return row < 0 ? undefined : accountAt(state, row);
    },
    at: (row) => accountAt(state, row),
    addressAt: (row) => addressAt(classes, row),
    addresses: () => addressesIn(classes),
    sums: () => sumsOf(state),
    bytes: () =>
      classes.reduce((sum, { pages }) => sum + pages.reduce((held, page) => held + page.bytes, 0), 0) +
      index.bytes() +
      amounts.bytes(),
  };
}

/** The page that a row is in, and its place there. */
function where(classes: State['classes'], row: number) {
  const rowClass = classes[row >>> PLACE_BITS]!;
  const place = row & PLACE_MASK;
  const inPage = place & (rowClass.rowsPerPage - 1);
  return { rowClass, page: rowClass.pages[(place - inPage) / rowClass.rowsPerPage]!, inPage };
}

function find({ wanted, index }: State, address: Address): number {
  writeAddress(wanted, 0, address);
  return index.find(wanted);
}

function upsert(state: State, account: Account): void {
  check(account);
  const row = find(state, account.address);
  if (row >= 0 && row >>> PLACE_BITS === classFor(account.cells.length)) {
    release(state, row);
    write(state, row, account);
    return;
  }
  // Whoever was near the line is taken to be until the next screen; of a new account nothing is known.
  const slack = row >= 0 ? slackOf(state, row) : Number.NaN;
  if (row >= 0) takeOut(state, row);
  append(state, account, slack);
}

function slackOf({ classes }: State, row: number): number {
  const { page, inPage } = where(classes, row);
  return page.slack[inPage]!;
}

function write({ classes, kinds, amounts }: State, row: number, { group, cells }: Account): void {
  const { page, inPage, rowClass } = where(classes, row);
  page.groups[inPage] = group;
  const first = inPage * rowClass.stride;
  for (let cell = 0; cell < rowClass.stride; cell++) {
    const held = cells[cell];
    page.slots[first + cell] = held ? held.slot + 1 : 0;
    page.kinds[first + cell] = held ? kinds.of(group, held.slot) : NOTHING;
    page.floats[first + cell] = held ? Number(held.amount) : 0;
    amounts.write(page.exact, AMOUNT_WORDS * (first + cell), held?.amount ?? 0n);
  }
}

function release({ classes, amounts }: State, row: number): void {
  const { page, inPage, rowClass } = where(classes, row);
  const first = inPage * rowClass.stride;
  for (let cell = first; cell < first + rowClass.stride; cell++) amounts.release(page.exact, AMOUNT_WORDS * cell);
}

/** Adds the account whose address was looked for last. */
function append(state: State, account: Account, slack: number): void {
  const { classes, index, wanted } = state;
  const rowClass = classes[classFor(account.cells.length)]!;
  const place = rowClass.count++;
  if (place >= rowClass.pages.length * rowClass.rowsPerPage) {
    rowClass.pages.push(createPage(rowClass.stride, rowClass.rowsPerPage));
  }
  const row = rowNumber(rowClass, place);
  const { page, inPage } = where(classes, row);
  page.addresses.set(wanted, WORDS * inPage);
  page.slack[inPage] = slack;
  write(state, row, account);
  index.insert(wanted, 0, row);
}

/** Takes a row out; the last one of its class fills the gap. */
function takeOut(state: State, row: number): void {
  const { classes, index } = state;
  const { rowClass, page, inPage } = where(classes, row);
  release(state, row);
  index.remove(page.addresses, WORDS * inPage, row);
  const last = rowNumber(rowClass, --rowClass.count);
  if (last !== row) {
    const from = where(classes, last);
    index.move(from.page.addresses, WORDS * from.inPage, last, row);
    for (const [name, width] of rowClass.pages[0]!.widths) {
      page[name].set(from.page[name].subarray(width * from.inPage, width * (from.inPage + 1)) as never, width * inPage);
    }
  }
  // One spare page is kept, so that an account that comes and goes costs no allocation.
  if (rowClass.count + 2 * rowClass.rowsPerPage <= rowClass.pages.length * rowClass.rowsPerPage) rowClass.pages.pop();
}

function accountAt({ classes, amounts }: State, row: number): Account {
  const { page, inPage, rowClass } = where(classes, row);
  const cells: Cell[] = [];
  const first = inPage * rowClass.stride;
  for (let cell = first; cell < first + rowClass.stride; cell++) {
    const slot = page.slots[cell]!;
    if (slot > 0) cells.push({ slot: slot - 1, amount: amounts.read(page.exact, AMOUNT_WORDS * cell) });
  }
  return { address: readAddress(page.addresses, WORDS * inPage), group: page.groups[inPage]!, cells };
}

function addressAt(classes: State['classes'], row: number): Address {
  const { page, inPage } = where(classes, row);
  return readAddress(page.addresses, WORDS * inPage);
}

function* addressesIn(classes: State['classes']): Generator<Address> {
  for (const rowClass of classes) {
    for (let place = 0; place < rowClass.count; place++) yield addressAt(classes, rowNumber(rowClass, place));
  }
}

function check({ address, group, cells }: Account): void {
  if (group > MAX_GROUP) throw new RangeError(`${address} is in group ${group}, above ${MAX_GROUP}`);
  if (classFor(cells.length) > MAX_CLASS)
    throw new RangeError(`${address} has ${cells.length} cells, too many for a row`);
  for (const { slot } of cells)
    if (slot > MAX_SLOT) throw new RangeError(`${address} uses slot ${slot}, above ${MAX_SLOT}`);
}
