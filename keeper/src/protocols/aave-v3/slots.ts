import type { Account } from '../protocol.ts';

/**
 * An Aave account's cells are the bits of its flags: slot 2·id is the scaled debt in reserve `id`, 2·id + 1 the scaled
 * collateral. Its group is its eMode category.
 */
export const debtSlot = (id: number): number => 2 * id;
export const collateralSlot = (id: number): number => 2 * id + 1;

/** Above those of 128 reserves, three slots a reserve for stable debt: principal, its rate, and when it was last written. */
const FIRST_STABLE_SLOT = 256;
export const stableSlot = (id: number): number => FIRST_STABLE_SLOT + 3 * id;

/**
 * The slots of a user's flags, rising.
 *
 * @example
 * slotsOfBitmap(0b1001n); // [0, 3]: debt in reserve 0, collateral in reserve 1
 */
export function slotsOfBitmap(bitmap: bigint): number[] {
  const slots: number[] = [];
  for (let slot = 0, rest = bitmap; rest > 0n; slot++, rest >>= 1n) if (rest & 1n) slots.push(slot);
  return slots;
}

/** An account's stake in one reserve. A scaled amount is 0 where its flag is off: it then does not count. */
export type Position = {
  id: number;
  collateral: boolean;
  borrowing: boolean;
  scaledSupply: bigint;
  scaledDebt: bigint;
  /** Debt at a stable rate (ray a year), as it was written at `lastUpdate` (seconds). */
  stable: { principal: bigint; rate: bigint; lastUpdate: bigint };
};

/**
 * An account's cells by reserve, in order of id as the Pool walks them.
 *
 * @example
 * positionsOf(account).filter(({ borrowing }) => borrowing).map(({ id }) => id);
 */
export function positionsOf({ cells }: Account): Position[] {
  const positions: Position[] = [];
  for (const { slot, amount } of cells) {
    if (slot >= FIRST_STABLE_SLOT) {
      const [id, part] = [Math.floor((slot - FIRST_STABLE_SLOT) / 3), (slot - FIRST_STABLE_SLOT) % 3];
      // Stable cells come last, and never without the flag of their reserve's debt.
      const { stable } = positions.find((position) => position.id === id)!;
      stable[(['principal', 'rate', 'lastUpdate'] as const)[part]!] = amount;
      continue;
    }
    const id = slot >> 1;
    let position = positions.at(-1);
    if (position?.id !== id) {
      const stable = { principal: 0n, rate: 0n, lastUpdate: 0n };
      position = { id, collateral: false, borrowing: false, scaledSupply: 0n, scaledDebt: 0n, stable };
      positions.push(position);
    }
    if (slot === debtSlot(id)) {
      position.borrowing = true;
      position.scaledDebt = amount;
    } else {
      position.collateral = true;
      position.scaledSupply = amount;
    }
  }
  return positions;
}
