import type { Address } from 'viem';
import type { Account, Cell } from '../protocols/protocol.ts';
import { createAddressIndex, readAddress, WORDS, writeAddress } from './address-index.ts';
import { AMOUNT_WORDS, createAmounts } from './amounts.ts';
import { createKinds, type Kinds, NOTHING } from './kinds.ts';
import { createPage, type Page, rowsOfPage, strideOf } from './page.ts';

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

/**
 * Columns without a row. See {@link Columns}.
 * @example
 * const columns = createColumns();
 * columns.upsert(account);
 */
export function createColumns(): Columns {
  const classes = Array.from({ length: MAX_CLASS + 1 }, (_, id): RowClass => {
    const stride = strideOf(id);
    return { id, stride, rowsPerPage: rowsOfPage(stride), count: 0, pages: [] };
  });
  const amounts = createAmounts();
  const kinds = createKinds();
  const scratch = new Uint32Array(WORDS);

  const where = (row: number) => {
    const rowClass = classes[row >>> PLACE_BITS]!;
    const place = row & PLACE_MASK;
    const inPage = place & (rowClass.rowsPerPage - 1);
    return { rowClass, place, page: rowClass.pages[(place - inPage) / rowClass.rowsPerPage]!, inPage };
  };
  const index = createAddressIndex((row) => {
    const { page, inPage } = where(row);
    return { words: page.addresses, at: WORDS * inPage };
  });

  const slackOf = (row: number): number => {
    const { page, inPage } = where(row);
    return page.slack[inPage]!;
  };

  const find = (address: Address): number => {
    writeAddress(scratch, 0, address);
    return index.find(scratch);
  };

  function write(row: number, { group, cells }: Account): void {
    const { page, inPage, rowClass } = where(row);
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

  function release(row: number): void {
    const { page, inPage, rowClass } = where(row);
    const first = inPage * rowClass.stride;
    for (let cell = first; cell < first + rowClass.stride; cell++) amounts.release(page.exact, AMOUNT_WORDS * cell);
  }

  function append(account: Account, slack: number): void {
    const rowClass = classes[classFor(account.cells.length)]!;
    const place = rowClass.count++;
    if (place >= rowClass.pages.length * rowClass.rowsPerPage) {
      rowClass.pages.push(createPage(rowClass.stride, rowClass.rowsPerPage));
    }
    const row = rowNumber(rowClass, place);
    const { page, inPage } = where(row);
    page.addresses.set(scratch, WORDS * inPage);
    page.slack[inPage] = slack;
    write(row, account);
    index.insert(scratch, 0, row);
  }

  /** Takes a row out; the last one of its class fills the gap. */
  function takeOut(row: number): void {
    const { rowClass, page, inPage } = where(row);
    release(row);
    index.remove(page.addresses, WORDS * inPage, row);
    const last = rowNumber(rowClass, --rowClass.count);
    if (last !== row) {
      const from = where(last);
      index.move(from.page.addresses, WORDS * from.inPage, last, row);
      for (const [name, width] of rowClass.pages[0]!.widths) {
        page[name].set(
          from.page[name].subarray(width * from.inPage, width * (from.inPage + 1)) as never,
          width * inPage,
        );
      }
    }
    // One spare page is kept, so that an account that comes and goes costs no allocation.
    if (rowClass.count + 2 * rowClass.rowsPerPage <= rowClass.pages.length * rowClass.rowsPerPage) rowClass.pages.pop();
  }

  function at(row: number): Account {
    const { page, inPage, rowClass } = where(row);
    const cells: Cell[] = [];
    const first = inPage * rowClass.stride;
    for (let cell = first; cell < first + rowClass.stride; cell++) {
      const slot = page.slots[cell]!;
      if (slot > 0) cells.push({ slot: slot - 1, amount: amounts.read(page.exact, AMOUNT_WORDS * cell) });
    }
    return { address: readAddress(page.addresses, WORDS * inPage), group: page.groups[inPage]!, cells };
  }

  return {
    classes,
    kinds,
    get size() {
      return classes.reduce((sum, { count }) => sum + count, 0);
    },

    upsert(account) {
      check(account);
      const row = find(account.address);
      if (row >= 0 && row >>> PLACE_BITS === classFor(account.cells.length)) {
        release(row);
        write(row, account);
        return;
      }
      // Whoever was near the line is taken to be until the next screen; of a new account nothing is known.
      const slack = row >= 0 ? slackOf(row) : Number.NaN;
      if (row >= 0) takeOut(row);
      append(account, slack);
    },

    remove(address) {
      const row = find(address);
      if (row >= 0) takeOut(row);
      return row >= 0;
    },

    has: (address) => find(address) >= 0,

    get(address) {
      const row = find(address);
      return row < 0 ? undefined : at(row);
    },

    at,

    addressAt(row) {
      const { page, inPage } = where(row);
      return readAddress(page.addresses, WORDS * inPage);
    },

    *addresses() {
      for (const rowClass of classes) {
        for (let place = 0; place < rowClass.count; place++) {
          const { page, inPage } = where(rowNumber(rowClass, place));
          yield readAddress(page.addresses, WORDS * inPage);
        }
      }
    },

    bytes: () =>
      classes.reduce((sum, { pages }) => sum + pages.reduce((held, page) => held + page.bytes, 0), 0) +
      index.bytes() +
      amounts.bytes(),
  };
}

function check({ address, group, cells }: Account): void {
  if (group > MAX_GROUP) throw new RangeError(`${address} is in group ${group}, above ${MAX_GROUP}`);
  if (classFor(cells.length) > MAX_CLASS)
    throw new RangeError(`${address} has ${cells.length} cells, too many for a row`);
  for (const { slot } of cells)
    if (slot > MAX_SLOT) throw new RangeError(`${address} uses slot ${slot}, above ${MAX_SLOT}`);
}
