import type { Address } from 'viem';
import type { Account, Health, Market, MarketState, Option, Protocol } from '../protocols/protocol.ts';
import { createColumns, rowNumber } from './columns.ts';
import { createQueue, rankOf } from './priority.ts';
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
  /** `count` accounts from the `first`-th on, beginning again at the first after the last; each at most once. */
  slice(first: number, count: number): Address[];
  /**
   * All at `timestamp` (seconds): the exact health of those under water, and why others cannot be judged. `screened` is how
   * many the screen left to be looked at.
   *
   * @param dust - base currency: who owes less is not looked at. An account of a millionth of a cent is too small for the screen
   * to tell on which side of the line it is; whoever opened a hundred thousand of them would have them all judged at every head.
   */
  judge(market: Market, state: MarketState, timestamp: bigint, dust?: number): Judged;
  /**
   * Whom of the accounts that are due to plan for at this head, as `Queue` says. To be asked once a head, after `judge`.
   *
   * @param due - of those under water
   */
  first(due: readonly Address[], underwater: ReadonlyMap<Address, Health>, places: number): Address[];
  /** The accounts with debt that were nearest to the line when they were last judged, the nearest first. */
  nearest(count: number): Near[];
  /** Every legal liquidation of an account at `timestamp`. */
  options(market: Market, state: MarketState, account: Address, timestamp: bigint): Option[];
};

export type Judged = { underwater: Map<Address, Health>; unjudged: Map<Address, string>; screened: number };

export function createBook(protocol: Protocol): Book {
  let columns = createColumns();
  let screen = createScreen(columns);
  const volatility = createVolatility();
  const queue = createQueue();
  const get = (address: Address) => columns.get(address.toLowerCase() as Address);

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

    judge(market, state, timestamp, dust) {
      const underwater = new Map<Address, Health>();
      const unjudged = new Map<Address, string>();
      const coefficients = protocol.coefficients(market, state, timestamp);
      volatility.observe(coefficients);
      const candidates = screen.candidates(coefficients, dust);
      for (const row of candidates) {
        const account = columns.at(row);
        const health = protocol.health(market, state, account, timestamp);
        if ('error' in health) unjudged.set(account.address, health.error);
        else if (health.underwater) underwater.set(account.address, health);
      }
      return { underwater, unjudged, screened: candidates.length };
    },

    first(due, underwater, places) {
      const rank = (account: Address) => rankOf(underwater.get(account)!, volatility.of(get(account)!));
      return queue.take(new Map(due.map((account) => [account, rank(account)])), places);
    },

    nearest: (count) => screen.nearest(count),

    options(market, state, address, timestamp) {
      const account = get(address);
      return account ? protocol.options(market, state, account, timestamp) : [];
    },
  };
}
