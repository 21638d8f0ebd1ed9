import { type Columns, createColumns } from '../src/book/columns.ts';
import type { Coefficients } from '../src/protocols/protocol.ts';
import { random } from '../test/book/random.ts';

const RESERVES = 24;
const GROUPS = 8;
const SLOTS = 2 * RESERVES;

/** Two collaterals and two debts an account, of 24 reserves and 8 groups; about one in a hundred is near the line. */
export function inventBook(accounts: number): Columns {
  const rng = random(accounts);
  const columns = createColumns();
  for (let index = 0; index < accounts; index++) {
    const ids = [0, 6, 12, 18].map((from) => from + rng.below(6));
    const sizes = rng.next() < 0.01 ? [5, 5, 5, 5] : [9, 8, 2, 3];
    const cells = ids.map((id, at) => ({
      slot: at < 2 ? 2 * id + 1 : 2 * id,
      amount: BigInt(Math.floor(sizes[at]! * (0.9 + 0.2 * rng.next()) * 1e15)) * 10n ** 6n,
    }));
    columns.upsert({ address: rng.address(), group: rng.below(GROUPS), cells });
  }
  return columns;
}

/** Collateral at about 1 and 80 %, debt at about 0.8. */
export function inventCoefficients(): Coefficients {
  const rng = random(1);
  const values = Float64Array.from(
    { length: GROUPS * SLOTS },
    (_, at) => (at % 2 === 1 ? 0.8 : -0.8) * (0.95 + 0.1 * rng.next()) * 1e-10,
  );
  return { groups: GROUPS, slots: SLOTS, values, rounding: 2 };
}
