import type { Address, Hash } from 'viem';
import { lower } from './bytes.ts';
import type { StoreFile } from './file.ts';
import type { MarketKey } from './markets.ts';

/** One liquidation that landed. Amounts in smallest units, values in wei; addresses come back in lower case. */
export type Position = {
  hash: Hash;
  /** Which of the transaction's liquidations, counted from 0. */
  leg: number;
  market: MarketKey;
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

export type Positions = {
  /** The same leg of the same transaction again takes the place of what is there: told twice, it counts once. */
  add(position: Position): void;
  /** The transaction is no longer on the chain. */
  remove(hash: Hash): void;
  /** The last `count` by block, newest first. */
  recent(count: number): Position[];
};

type PositionRow = {
  hash: Hash;
  leg: bigint;
  protocol: string;
  market: Address;
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

export function openPositions({ db, run }: StoreFile): Positions {
  const add = db.prepare('INSERT OR REPLACE INTO positions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)');
  const remove = db.prepare('DELETE FROM positions WHERE hash = ?');
  const recent = db.prepare('SELECT * FROM positions ORDER BY block DESC, rowid DESC LIMIT ?');
  recent.setReadBigInts(true);

  return {
    add: (position) => {
      const { market, account, debt, collateral } = position;
      const profits = position.profits.map(({ token, amount }) => [lower(token), amount.toString()]);
      run(() =>
        add.run(
          lower(position.hash),
          position.leg,
          market.protocol,
          ...[market.address, account, debt, collateral].map(lower),
          position.repaid.toString(),
          position.seized.toString(),
          JSON.stringify(profits),
          position.value.toString(),
          position.gasCost.toString(),
          position.block,
          position.time,
        ),
      );
    },
    remove: (hash) => {
      run(() => remove.run(lower(hash)));
    },
    recent: (count) => run(() => (recent.all(count) as unknown as PositionRow[]).map(positionOf)),
  };
}

const positionOf = (row: PositionRow): Position => ({
  hash: row.hash,
  leg: Number(row.leg),
  market: { protocol: row.protocol, address: row.market },
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
