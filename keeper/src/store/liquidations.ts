import type { Address, Hash } from 'viem';
import { lower } from './bytes.ts';
import type { StoreFile } from './file.ts';
import type { MarketKey } from './key.ts';

/** One leg that landed. Amounts in smallest units, values in wei; addresses come back in lower case. */
export type Liquidation = {
  hash: Hash;
  /** Which of the plan's legs, counted from 0. */
  leg: number;
  market: MarketKey;
  /** As the contract's event names it. */
  account: Address;
  debt: Address;
  collateral: Address;
  repaid: bigint;
  seized: bigint;
  /** What the treasury received. */
  profits: readonly { token: Address; amount: bigint }[];
  /** What that is worth, before gas. */
  value: bigint;
  gasCost: bigint;
  block: bigint;
  /** The block's, seconds. */
  time: bigint;
};

export type Liquidations = {
  /** The same leg of the same transaction again takes the place of what is there: told twice, it counts once. */
  add(liquidation: Liquidation): void;
  /** The transaction is no longer on the chain. */
  remove(hash: Hash): void;
  /** Those of a transaction, in the order of its legs. */
  of(hash: Hash): Liquidation[];
  /** The last `count` by block, newest first. */
  recent(count: number): Liquidation[];
};

type LiquidationRow = {
  hash: Hash;
  leg: bigint;
  market: MarketKey;
  account: Address;
  debt: Address;
  collateral: Address;
  repaid: string;
  seized: string;
  profits: string;
  value: string;
  gas_cost: string;
  block: bigint;
  time: bigint;
};

/**
 * The liquidations of a store: the legs that landed. See {@link Liquidations}.
 * @example
 * openLiquidations(file).recent(20); // the newest first
 */
export function openLiquidations({ db, run }: StoreFile): Liquidations {
  const add = db.prepare('INSERT OR REPLACE INTO liquidations VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM liquidations WHERE hash = ?');
  const of = db.prepare('SELECT * FROM liquidations WHERE hash = ? ORDER BY leg');
  const recent = db.prepare('SELECT * FROM liquidations ORDER BY block DESC, rowid DESC LIMIT ?');
  for (const statement of [of, recent]) statement.setReadBigInts(true);
  const read = (rows: unknown) => (rows as LiquidationRow[]).map(liquidationOf);

  return {
    add: (liquidation) => {
      run(() => add.run(...columnsOf(liquidation)));
    },
    remove: (hash) => {
      run(() => remove.run(lower(hash)));
    },
    of: (hash) => run(() => read(of.all(lower(hash)))),
    recent: (count) => run(() => read(recent.all(count))),
  };
}

const columnsOf = (liquidation: Liquidation) => [
  lower(liquidation.hash),
  liquidation.leg,
  liquidation.market,
  lower(liquidation.account),
  lower(liquidation.debt),
  lower(liquidation.collateral),
  liquidation.repaid.toString(),
  liquidation.seized.toString(),
  JSON.stringify(liquidation.profits.map(({ token, amount }) => [lower(token), amount.toString()])),
  liquidation.value.toString(),
  liquidation.gasCost.toString(),
  liquidation.block,
  liquidation.time,
];

const liquidationOf = (row: LiquidationRow): Liquidation => ({
  hash: row.hash,
  leg: Number(row.leg),
  market: row.market,
  account: row.account,
  debt: row.debt,
  collateral: row.collateral,
  repaid: BigInt(row.repaid),
  seized: BigInt(row.seized),
  profits: (JSON.parse(row.profits) as [Address, string][]).map(([token, amount]) => ({
    token,
    amount: BigInt(amount),
  })),
  value: BigInt(row.value),
  gasCost: BigInt(row.gas_cost),
  block: row.block,
  time: row.time,
});
