import type { Address, Hash } from 'viem';
import { hexToBytes, packAddresses, unpackAddresses } from './bytes.ts';
import type { StoreFile } from './file.ts';
import { type MarketKey, marketKey, partsOf } from './key.ts';

/** The block a market was last read at. `timestamp` is its time, seconds. */
type Cursor = { number: bigint; hash: Hash; timestamp: bigint };

/** How far the history has been searched for accounts: from `fromBlock`, up to but without `nextBlock`. */
export type Backfill = { fromBlock: bigint; nextBlock: bigint; done: boolean };

/** A block the keeper has been at, and the accounts its logs touched; `found`: those of them that were new. */
export type StoredBlock = {
  number: bigint;
  hash: Hash;
  parentHash: Hash;
  touched: readonly Address[];
  found: readonly Address[];
};

/** An account's row as the book encoded it; null when the account was found but not read yet. */
type StoredRow = Uint8Array | null;

/** Everything that is kept of a market. Addresses are lower case. */
type StoredMarket = {
  cursor: Cursor | undefined;
  backfill: Backfill | undefined;
  /** Oldest first. */
  journal: StoredBlock[];
  /** How many accounts there are. */
  size: number;
  /** Each account once, in the order of their addresses; read from the file as they are taken, so that there is no second copy. */
  accounts: Iterable<readonly [Address, StoredRow]>;
};

/** What a step of the keeper changes. All of it is kept or nothing. */
type Change = {
  /** Rows that were read; in place of those before. */
  rows?: Iterable<readonly [Address, StoredRow]>;
  /** Accounts that were found; one that is known keeps its row. */
  found?: Iterable<Address>;
  /** Accounts that are no longer tracked. */
  removed?: Iterable<Address>;
  cursor?: Cursor;
  backfill?: Backfill;
  journal?: {
    /** Blocks above this number are taken out first. */
    dropAbove?: bigint;
    add?: readonly StoredBlock[];
    /** Then all but so many of the highest are taken out. */
    keep?: number;
  };
};

export type MarketStore = {
  readonly key: MarketKey;
  load(): StoredMarket;
  /** One transaction. @throws KeeperError, with nothing changed */
  commit(change: Change): void;
  /** Forgets accounts, cursor, backfill and journal, for a resync; what became of plans stays. */
  clear(): void;
};

/** A market as a reader sees it from outside. */
export type MarketSummary = {
  key: MarketKey;
  accounts: number;
  cursor: Cursor | undefined;
  backfill: Backfill | undefined;
};

type MarketRow = {
  id: bigint;
  protocol: string;
  address: Address;
  cursor_number: bigint | null;
  cursor_hash: Hash;
  cursor_timestamp: bigint;
  backfill_from: bigint | null;
  backfill_next: bigint;
  backfill_done: bigint;
};

const cursorOf = (row: MarketRow | undefined): Cursor | undefined =>
  row && row.cursor_number !== null
    ? { number: row.cursor_number, hash: row.cursor_hash, timestamp: row.cursor_timestamp }
    : undefined;

const backfillOf = (row: MarketRow | undefined): Backfill | undefined =>
  row && row.backfill_from !== null
    ? { fromBlock: row.backfill_from, nextBlock: row.backfill_next, done: row.backfill_done === 1n }
    : undefined;

/**
 * The markets of a store.
 *
 * @example
 * const { accounts, journal } = openMarkets(file).market(key).load();
 */
export function openMarkets(file: StoreFile) {
  const tables: Tables = { file, ...statementsOf(file) };
  return {
    market: (key: MarketKey): MarketStore => ({
      key,
      load: () => file.run(() => load(tables, key)),
      commit: (change) => file.atomic(() => commit(tables, key, change)),
      clear: () => file.atomic(() => clear(tables, key)),
    }),
    markets: (): MarketSummary[] =>
      file.run(() =>
        (tables.all.all() as unknown as MarketRow[]).map((row) => ({
          key: marketKey(row.protocol, row.address),
          accounts: countOf(tables, row.id),
          cursor: cursorOf(row),
          backfill: backfillOf(row),
        })),
      ),
  };
}

type Tables = { file: StoreFile } & ReturnType<typeof statementsOf>;

function statementsOf({ db }: StoreFile) {
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    statement.setReadBigInts(true);
    return statement;
  };
  return {
    find: prepare('SELECT * FROM markets WHERE protocol = ? AND address = ?'),
    all: prepare('SELECT * FROM markets ORDER BY protocol, address'),
    create: prepare('INSERT INTO markets (protocol, address) VALUES (?, ?)'),
    count: prepare('SELECT count(*) AS accounts FROM accounts WHERE market = ?'),
    upsert: prepare(
      'INSERT INTO accounts (market, address, row) VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row',
    ),
    insert: prepare('INSERT INTO accounts (market, address) VALUES (?, ?) ON CONFLICT DO NOTHING'),
    remove: prepare('DELETE FROM accounts WHERE market = ? AND address = ?'),
    setCursor: prepare('UPDATE markets SET cursor_number = ?2, cursor_hash = ?3, cursor_timestamp = ?4 WHERE id = ?1'),
    setBackfill: prepare('UPDATE markets SET backfill_from = ?2, backfill_next = ?3, backfill_done = ?4 WHERE id = ?1'),
    blocks: prepare('SELECT * FROM blocks WHERE market = ? ORDER BY number'),
    addBlock: prepare('INSERT OR REPLACE INTO blocks VALUES (?, ?, ?, ?, ?, ?)'),
    dropAbove: prepare('DELETE FROM blocks WHERE market = ? AND number > ?'),
    keepNewest: prepare(
      `DELETE FROM blocks WHERE market = ?1 AND number <= (
        SELECT number FROM blocks WHERE market = ?1 ORDER BY number DESC LIMIT 1 OFFSET ?2
      )`,
    ),
  };
}

function rowOf({ find }: Tables, key: MarketKey): MarketRow | undefined {
  const { protocol, address } = partsOf(key);
  return find.get(protocol, address) as unknown as MarketRow | undefined;
}

function idOf(tables: Tables, key: MarketKey): bigint {
  const { protocol, address } = partsOf(key);
  return rowOf(tables, key)?.id ?? BigInt(tables.create.run(protocol, address).lastInsertRowid);
}

const countOf = ({ count }: Tables, id: bigint) => Number(count.get(id)!.accounts);

function load(tables: Tables, key: MarketKey): StoredMarket {
  const row = rowOf(tables, key);
  if (!row) return { cursor: undefined, backfill: undefined, journal: [], size: 0, accounts: [] };
  return {
    cursor: cursorOf(row),
    backfill: backfillOf(row),
    journal: (tables.blocks.all(row.id) as unknown as BlockRow[]).map(blockOf),
    size: countOf(tables, row.id),
    accounts: { [Symbol.iterator]: () => accountsOf(tables.file, row.id) },
  };
}

function* accountsOf({ db, explain }: StoreFile, id: bigint): Generator<readonly [Address, StoredRow]> {
  // A statement of its own: another load may begin before this one has been read to its end.
  // And SQLite's hex: a text is made quicker than an array of bytes.
  const statement = db.prepare("SELECT '0x' || lower(hex(address)), row FROM accounts WHERE market = ?");
  statement.setReturnArrays(true);
  try {
    for (const row of statement.iterate(id)) yield row as unknown as [Address, StoredRow];
  } catch (error) {
    throw explain(error);
  }
}

function commit(tables: Tables, key: MarketKey, change: Change): void {
  const { rows = [], found = [], removed = [], cursor, backfill, journal } = change;
  const id = idOf(tables, key);
  for (const [address, row] of rows) tables.upsert.run(id, hexToBytes(address), row);
  for (const address of found) tables.insert.run(id, hexToBytes(address));
  for (const address of removed) tables.remove.run(id, hexToBytes(address));
  if (cursor) tables.setCursor.run(id, cursor.number, cursor.hash, cursor.timestamp);
  if (backfill) tables.setBackfill.run(id, backfill.fromBlock, backfill.nextBlock, backfill.done ? 1 : 0);
  if (!journal) return;
  if (journal.dropAbove !== undefined) tables.dropAbove.run(id, journal.dropAbove);
  for (const { number, hash, parentHash, touched, found } of journal.add ?? []) {
    tables.addBlock.run(id, number, hash, parentHash, packAddresses(touched), packAddresses(found));
  }
  if (journal.keep !== undefined) tables.keepNewest.run(id, journal.keep);
}

function clear(tables: Tables, key: MarketKey): void {
  const row = rowOf(tables, key);
  if (!row) return;
  for (const table of ['accounts', 'blocks']) {
    tables.file.db.prepare(`DELETE FROM ${table} WHERE market = ?`).run(row.id);
  }
  tables.setCursor.run(row.id, null, null, null);
  tables.setBackfill.run(row.id, null, null, null);
}

type BlockRow = { number: bigint; hash: Hash; parent_hash: Hash; touched: Uint8Array; found: Uint8Array };

const blockOf = ({ number, hash, parent_hash: parentHash, touched, found }: BlockRow): StoredBlock => ({
  number,
  hash,
  parentHash,
  touched: unpackAddresses(touched),
  found: unpackAddresses(found),
});
