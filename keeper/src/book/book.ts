import type { Address } from 'viem';
import type { Account, Health, View } from '../protocols/protocol.ts';
import { createColumns, rowNumber } from './columns.ts';
import { rankOf } from './priority.ts';
import { createScreen, type Near } from './screen.ts';
import { createVolatility } from './volatility.ts';

/** Every tracked account of one market. Addresses are lower case unless said otherwise. */
export type Book = {
  readonly size: number;
  /** Memory the accounts take. */
  bytes(): number;
  has(address: Address): boolean;
  get(address: Address): Account | undefined;
  /** Adds an account, or replaces the one of that address. */
  set(account: Account): void;
  delete(address: Address): void;
  clear(): void;
  addresses(): Iterable<Address>;
  /** What all accounts together have in the cells of each slot. */
  sums(): ReadonlyMap<number, bigint>;
  /** `count` accounts from the `first`-th on, beginning again at the first after the last; each at most once. */
  slice(first: number, count: number): Address[];
  /**
   * All at the view's moment: the exact health of those under water, and why others cannot be judged. `screened` is how many the
   * screen left to be looked at.
   *
   * @param view - of this book's accounts: one whose accounts are asked of `get`
   * @param dust - base currency: who owes less is not looked at. An account of a millionth of a cent is too small for the screen
   * to tell on which side of the line it is; whoever opened a hundred thousand of them would have them all judged at every head.
   * @param also - accounts that are judged whatever the screen says
   */
  judge(view: View, dust?: number, also?: readonly Address[]): Judged;
  /** What an account under water is ranked by, base currency; to be asked after `judge`. See `rankOf`. */
  rank(address: Address, health: Health): number;
  /** The accounts with debt that were nearest to the line when they were last judged, the nearest first. */
  nearest(count: number): Near[];
};

export type Judged = { underwater: Map<Address, Health>; unjudged: Map<Address, string>; screened: number };

/**
 * An empty book. See {@link Book}.
 * @example
 * const book = createBook();
 * book.set(account);
 * book.judge(market.at(state, book.get, moment)).underwater;
 */
export function createBook(): Book {
  let columns = createColumns();
  let screen = createScreen(columns);
  const volatility = createVolatility();
  /** The account that is judged: its view asks for it at once, and reading it out of the columns twice would double the work. */
  let judging: Account | undefined;
  const get = (address: Address) =>
    judging?.address === address ? judging : columns.get(address.toLowerCase() as Address);

  function judgeOne(view: View, account: Account, into: Judged): void {
    judging = account;
    const health = view.health(account.address);
    if ('error' in health) into.unjudged.set(account.address, health.error);
    else if (health.underwater) into.underwater.set(account.address, health);
  }

  return {
    get size() {
      return columns.size;
    },
    bytes: () => columns.bytes(),
    has: (address) => columns.has(address),
    get,
    set: (account) => columns.upsert(account),
    delete: (address) => columns.remove(address),
    addresses: () => columns.addresses(),
    sums: () => columns.sums(),

    clear() {
      columns = createColumns();
      screen = createScreen(columns);
    },

    slice(first, count) {
      const found: Address[] = [];
      const { size } = columns;
      for (let taken = 0; taken < Math.min(count, size); taken++) {
        let place = (first + taken) % size;
        for (const rowClass of columns.classes) {
          if (place < rowClass.count) {
            found.push(columns.addressAt(rowNumber(rowClass, place)));
            break;
          }
          place -= rowClass.count;
        }
      }
      return found;
    },

    judge(view, dust, also = []) {
      const { coefficients } = view;
      volatility.observe(coefficients);
      const suspects = screen.suspects(coefficients, dust);
      const judged: Judged = { underwater: new Map(), unjudged: new Map(), screened: suspects.length };
      for (const row of suspects) judgeOne(view, columns.at(row), judged);
      for (const address of also) {
        const account = columns.get(address);
        if (account) judgeOne(view, account, judged);
      }
      judging = undefined;
      return judged;
    },

    rank: (address, health) => rankOf(health, volatility.of(get(address)!)),

    nearest: (count) => screen.nearest(count),
  };
}
