import type { EMode } from '../../src/protocols/aave-v3/state.ts';
import type { Account, Cell } from '../../src/protocols/protocol.ts';
import { type ReserveChange, type Scene, scene } from '../aave-v3/scene.ts';
import type { Random } from './random.ts';

const RAY = 10n ** 27n;

/** A market of ordinary reserves, or one that strains every limit: prices of nothing, of 2^200, units of 1 and 10^36. */
export function inventMarket(rng: Random, revision: bigint, extreme: boolean): Scene {
  const reserve = (): ReserveChange => ({
    decimals: extreme ? rng.among([0, 2, 6, 18, 27, 36]) : rng.among([6, 8, 18]),
    price: extreme ? rng.among([0n, 1n, 10n ** 8n, rng.sized(64), rng.sized(200)]) : 1n + rng.sized(44),
    liquidationThreshold: extreme ? rng.among([0n, 1n, 8000n, 10_000n, 65_535n]) : BigInt(5_000 + rng.below(4_500)),
    liquidityIndex: extreme ? RAY + rng.sized(127) : RAY + rng.sized(88),
    variableBorrowIndex: extreme ? RAY + rng.sized(127) : RAY + rng.sized(89),
    liquidityRate: rng.sized(85),
    variableBorrowRate: rng.sized(86),
  });
  const reserves = Array.from({ length: 2 + rng.below(12) }, reserve);
  const eModes: Record<number, EMode> = {};
  for (let id = 1; id <= 3; id++) {
    eModes[id] = {
      liquidationThreshold: BigInt(8_500 + rng.below(1_400)),
      liquidationBonus: 10_100n,
      collateralBitmap: rng.sized(reserves.length),
      // Up to 3.1 a category may value its reserves itself.
      ...(revision <= 4n && id < 3 ? { price: { value: 1n + rng.sized(44) } } : {}),
    };
  }
  return scene(revision, reserves, [], { eModes });
}

/** What the market values one unit of a cell at, as a fraction of base currency; not rounded. */
export type Worth = (slot: number, group: number) => { numerator: bigint; denominator: bigint };

/**
 * An account whose last debt is chosen so that weighted collateral and debt are equal but for a few units of base currency,
 * or a part in 10^11 to 10^18 of it.
 */
export function inventAccount(rng: Random, reserves: number, worth: Worth, extreme: boolean): Account {
  const group = rng.below(4);
  const amount = () => {
    if (extreme) return rng.among([0n, 1n, 2n, rng.sized(64), rng.sized(120), 2n ** 120n - 1n, rng.sized(255)]);
    return 1n + rng.sized(rng.among([8, 40, 80, 100]));
  };
  const slots = new Set<number>();
  for (let count = 1 + rng.below(rng.among([2, 3, 6, 12])); count > 0; count--) slots.add(rng.below(2 * reserves));
  const debt = 2 * rng.below(reserves);
  slots.delete(debt);
  const cells: Cell[] = [...slots].map((slot) => ({ slot, amount: amount() }));

  // Everything over one denominator: exact.
  let [numerator, denominator] = [0n, 1n];
  for (const cell of cells) {
    const each = worth(cell.slot, group);
    const sign = cell.slot % 2 === 0 ? -1n : 1n;
    numerator = numerator * each.denominator + sign * cell.amount * each.numerator * denominator;
    denominator *= each.denominator;
  }
  const per = worth(debt, group);
  if (numerator > 0n && per.numerator > 0n) {
    const even = (numerator * per.denominator) / (denominator * per.numerator);
    const base = per.denominator / per.numerator + 1n;
    const off = rng.among([0n, 1n, 2n, base, 3n * base, even / 10n ** BigInt(11 + rng.below(8)), even / 100n]);
    const chosen = rng.next() < 0.5 ? even + off : even - off;
    if (chosen >= 0n && chosen < 2n ** 255n) cells.push({ slot: debt, amount: chosen });
  } else if (rng.next() < 0.5) {
    cells.push({ slot: debt, amount: amount() });
  }
  cells.sort((a, b) => a.slot - b.slot);
  return { address: rng.address(), group, cells };
}
