import type { DatabaseSync } from 'node:sqlite';
import { rewriteLegs } from './rewrite-legs.ts';

/** Marks a SQLite file as ours: "Plim". */
export const APPLICATION_ID = 0x50_6c_69_6d;

// Amounts are decimal text: they are exact at any size and sign. Block numbers and times are integers (64 bits), so that they
// sort. Addresses and hashes are lower-case text, but for `accounts` and what blocks touched, which are many: bytes there.
const first = `
CREATE TABLE store (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  chain_id INTEGER NOT NULL,
  pid INTEGER,
  started_at TEXT,
  stopped_at TEXT
) STRICT;

CREATE TABLE snapshot (id INTEGER PRIMARY KEY CHECK (id = 1), json TEXT NOT NULL) STRICT;

CREATE TABLE markets (
  id INTEGER PRIMARY KEY,
  protocol TEXT NOT NULL,
  address TEXT NOT NULL,
  cursor_number INTEGER,
  cursor_hash TEXT,
  cursor_timestamp INTEGER,
  backfill_from INTEGER,
  backfill_next INTEGER,
  backfill_done INTEGER,
  UNIQUE (protocol, address)
) STRICT;

CREATE TABLE accounts (
  market INTEGER NOT NULL,
  address BLOB NOT NULL CHECK (length(address) = 20),
  row BLOB,
  PRIMARY KEY (market, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE blocks (
  market INTEGER NOT NULL,
  number INTEGER NOT NULL,
  hash TEXT NOT NULL,
  parent_hash TEXT NOT NULL,
  touched BLOB NOT NULL,
  found BLOB NOT NULL,
  PRIMARY KEY (market, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  protocol TEXT NOT NULL,
  market TEXT NOT NULL,
  legs TEXT NOT NULL,
  operator TEXT NOT NULL,
  nonce INTEGER,
  recipient TEXT NOT NULL,
  data BLOB NOT NULL,
  signed BLOB,
  hashes TEXT NOT NULL,
  state TEXT NOT NULL CHECK (
    state IN ('planned', 'sent', 'landed', 'lost', 'reverted', 'expired', 'replaced', 'cancelled')
  ),
  reason TEXT,
  value TEXT NOT NULL,
  gas TEXT NOT NULL,
  cost TEXT,
  budget TEXT NOT NULL,
  max_fee TEXT,
  priority_fee TEXT,
  valid_until TEXT NOT NULL,
  sent_at INTEGER,
  created_at TEXT NOT NULL,
  updated_at TEXT NOT NULL
) STRICT;
CREATE INDEX open_attempts ON attempts (operator, id) WHERE state IN ('planned', 'sent');

CREATE TABLE candidates (
  protocol TEXT NOT NULL,
  market TEXT NOT NULL,
  account TEXT NOT NULL,
  state TEXT NOT NULL CHECK (
    state IN ('watched', 'planned', 'sent', 'landed', 'lost', 'reverted', 'expired', 'set aside')
  ),
  reason TEXT,
  retry_block INTEGER,
  retry_time INTEGER,
  updated_at TEXT NOT NULL,
  PRIMARY KEY (protocol, market, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE positions (
  hash TEXT NOT NULL,
  leg INTEGER NOT NULL,
  protocol TEXT NOT NULL,
  market TEXT NOT NULL,
  account TEXT NOT NULL,
  debt TEXT NOT NULL,
  collateral TEXT NOT NULL,
  repaid TEXT NOT NULL,
  seized TEXT NOT NULL,
  profits TEXT NOT NULL,
  value TEXT NOT NULL,
  gas_cost TEXT NOT NULL,
  block INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (hash, leg)
) STRICT;
CREATE INDEX positions_by_block ON positions (block);
`;

// A market's key is one text in all that is told of accounts, so that a plan may hold legs of several. What was `candidates` is by
// claim; what was `positions` are the legs that landed.
const second = `
ALTER TABLE attempts ADD COLUMN outcomes TEXT;

CREATE TABLE standings (
  claim TEXT PRIMARY KEY,
  state TEXT NOT NULL CHECK (
    state IN (
      'watched', 'planned', 'sent', 'landed', 'skipped', 'lost', 'reverted', 'replaced', 'expired', 'cancelled', 'set aside'
    )
  ),
  reason TEXT,
  retry_block INTEGER,
  updated_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO standings
  SELECT protocol || ':' || market || '/account/' || account, state, reason, retry_block, updated_at FROM candidates;
DROP TABLE candidates;

CREATE TABLE liquidations (
  hash TEXT NOT NULL,
  leg INTEGER NOT NULL,
  market TEXT NOT NULL,
  account TEXT NOT NULL,
  debt TEXT NOT NULL,
  collateral TEXT NOT NULL,
  repaid TEXT NOT NULL,
  seized TEXT NOT NULL,
  profits TEXT NOT NULL,
  value TEXT NOT NULL,
  gas_cost TEXT NOT NULL,
  block INTEGER NOT NULL,
  time INTEGER NOT NULL,
  PRIMARY KEY (hash, leg)
) STRICT;
INSERT INTO liquidations
  SELECT
    hash, leg, protocol || ':' || market, account, debt, collateral, repaid, seized, profits, value, gas_cost, block, time
  FROM positions ORDER BY rowid;
DROP TABLE positions;
CREATE INDEX liquidations_by_block ON liquidations (block);
`;

const dropMarket = `
ALTER TABLE attempts DROP COLUMN protocol;
ALTER TABLE attempts DROP COLUMN market;
`;

/** What brings a store from schema n to n + 1, at index n. Only ever added to: released ones are in users' files. */
export const migrations: readonly ((db: DatabaseSync) => void)[] = [
  (db) => db.exec(first),
  (db) => {
    db.exec(second);
    rewriteLegs(db);
    db.exec(dropMarket);
  },
];
