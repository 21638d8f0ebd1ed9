import type { StoreFile } from './file.ts';
import { type MarketKey, partsOf } from './key.ts';

/**
 * What an earlier version kept of a market under another address that its users know it by, Aave's `PoolAddressesProvider` for
 * instance, goes over to the market's key: accounts, journal, attempts, standings, liquidations. Where both have something of
 * the same kind, the key's own stays, but for the search through the history: the one that came further stays, and the accounts
 * that only the other found are read anew.
 *
 * @example
 * store.adopt('aave-v3:0x2f39…', 'aave-v3:0x8787…');
 */
export function adopt(file: StoreFile, alias: MarketKey, key: MarketKey): void {
  if (alias === key) return;
  file.atomic(() => {
    adoptMarket(file, alias, key);
    adoptClaims(file, alias, key);
    const { db } = file;
    db.prepare('UPDATE liquidations SET market = ? WHERE market = ?').run(key, alias);
    // In the JSON every key, id and claim of the market begins behind a quotation mark.
    const [from, to] = [`"${alias}`, `"${key}`];
    db.prepare(
      `UPDATE attempts SET legs = replace(legs, ?1, ?2), outcomes = replace(outcomes, ?1, ?2)
        WHERE instr(legs, ?1) > 0`,
    ).run(from, to);
  });
}

/** Those that the key has itself are newer: only they are kept. */
function adoptClaims({ db }: StoreFile, alias: MarketKey, key: MarketKey): void {
  const first = `${alias}/`;
  const isAlias = 'substr(claim, 1, length(?1)) = ?1';
  db.prepare(`UPDATE OR IGNORE standings SET claim = ?2 || substr(claim, length(?1) + 1) WHERE ${isAlias}`).run(
    first,
    `${key}/`,
  );
  db.prepare(`DELETE FROM standings WHERE ${isAlias}`).run(first);
}

function adoptMarket({ db }: StoreFile, alias: MarketKey, key: MarketKey): void {
  const find = db.prepare(
    `SELECT id, coalesce(backfill_done, 0) AS done, coalesce(backfill_next, -1) AS next FROM markets
      WHERE protocol = ? AND address = ?`,
  );
  const rowOf = (market: MarketKey) => {
    const { protocol, address } = partsOf(market);
    return find.get(protocol, address) as { id: number; done: number; next: number } | undefined;
  };
  const [from, to] = [rowOf(alias), rowOf(key)];
  if (!from) return;
  const isFurther = !to || from.done > to.done || (from.done === to.done && from.next > to.next);
  const [kept, dropped] = isFurther ? [from, to] : [to, from];
  if (dropped) {
    db.prepare(
      'INSERT OR IGNORE INTO accounts (market, address) SELECT ?1, address FROM accounts WHERE market = ?2',
    ).run(kept.id, dropped.id);
    for (const table of ['accounts', 'blocks']) db.prepare(`DELETE FROM ${table} WHERE market = ?`).run(dropped.id);
    db.prepare('DELETE FROM markets WHERE id = ?').run(dropped.id);
  }
  const { protocol, address } = partsOf(key);
  db.prepare('UPDATE markets SET protocol = ?, address = ? WHERE id = ?').run(protocol, address, kept.id);
}
