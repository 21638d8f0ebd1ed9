import type { Deal } from '../protocols/protocol.ts';
import type { Bundle } from './bundles.ts';
import type { Situation } from './situation.ts';

// Running sums of what the deals of a sketch draw on stocks, in floats: a bound to choose by. What is chosen is then walked
// through exactly.

/** Stocks that would not do for all deals there are, by name and by number, with what there is of each. */
export type Stocks = { numbers: ReadonlyMap<string, number>; there: readonly number[] };

/** What a deal takes of a scarce stock: all of it, and for each unit that is spent. Less than nothing is brought. */
export type ScarceDraw = { stock: number; amount: number; rate: number; over: boolean };

/** A deal as it is placed, as far as stocks are concerned: what comes with it comes before it. */
export type Drawing = {
  deal: { spend: number; draws: readonly ScarceDraw[] };
  whole: boolean;
  spend: number;
  brings: readonly { draws: readonly ScarceDraw[] }[];
};

/** A stock is scarce where all the positive draws on it together are more than it holds. */
export function openStocks({ drawn }: Pick<Situation, 'drawn'>, bundles: readonly Bundle[]): Stocks {
  const wanted = new Map<string, { amount: bigint; bundle: Bundle }>();
  for (const bundle of bundles) {
    for (const { draws } of bundle.deals) {
      for (const { on, amount } of draws) {
        if (amount <= 0n) continue;
        const known = wanted.get(on);
        if (known) known.amount += amount;
        else wanted.set(on, { amount, bundle });
      }
    }
  }
  const numbers = new Map<string, number>();
  const there: number[] = [];
  for (const [on, { amount, bundle }] of wanted) {
    const stock = bundle.view.stock(on) - (drawn.get(on) ?? 0n);
    if (amount <= stock) continue;
    numbers.set(on, there.length);
    there.push(Number(stock));
  }
  return { numbers, there };
}

/** A deal's draws on scarce stocks, in its order. */
export function scarceDraws({ numbers }: Stocks, { draws, spend }: Deal): ScarceDraw[] {
  if (numbers.size === 0) return [];
  return draws.flatMap(({ on, amount, over }): ScarceDraw[] => {
    const stock = numbers.get(on);
    if (stock === undefined) return [];
    const all = Number(amount);
    return [{ stock, amount: all, rate: spend ? all / Number(spend.amount) : 0, over: over === true }];
  });
}

const amountOf = ({ deal, whole, spend }: Drawing, { amount, rate }: ScarceDraw): number =>
  whole || deal.spend === 0 ? amount : rate * spend;

/** How much more an overdrawn stock must have held, of itself, so that rounding does not empty it. */
const SOME = 1e-9;

/**
 * The most that a deal may spend at a place in a plan so that no stock is ever drawn on for more than it holds; infinite where
 * nothing it draws on is scarce, less than nothing where it cannot be there at all.
 *
 * @param before - what is placed before it, in order, and `behind` it
 * @param brings - what comes with it
 */
export function roomFor(
  { there }: Stocks,
  before: Iterable<Drawing>,
  behind: Iterable<Drawing>,
  deal: Drawing['deal'],
  brings: Drawing['brings'],
): number {
  if (deal.draws.length === 0) return Number.POSITIVE_INFINITY;
  const held = [...there];
  const take = (each: Drawing) => {
    for (const { draws } of each.brings) for (const { stock, amount } of draws) held[stock]! -= amount;
    for (const draw of each.deal.draws) held[draw.stock]! -= amountOf(each, draw);
  };
  for (const each of before) take(each);
  for (const { draws } of brings) for (const { stock, amount } of draws) held[stock]! -= amount;
  const here = [...held];
  // What those behind it leave of each stock, at the least.
  const spare: number[] = there.map(() => Number.POSITIVE_INFINITY);
  for (const each of behind) {
    for (const { draws } of each.brings) for (const { stock, amount } of draws) held[stock]! -= amount;
    for (const draw of each.deal.draws) {
      const { stock, over } = draw;
      const had = held[stock]!;
      held[stock] = had - amountOf(each, draw);
      if (draw.amount > 0) spare[stock] = Math.min(spare[stock]!, over ? had * (1 - SOME) : held[stock]!);
    }
  }
  let room = Number.POSITIVE_INFINITY;
  for (const { stock, amount, rate, over } of deal.draws) {
    if (amount <= 0) continue;
    if (over && here[stock]! <= 0) return Number.NEGATIVE_INFINITY;
    const most = over ? spare[stock]! : Math.min(here[stock]!, spare[stock]!);
    if (amount <= most) continue;
    room = Math.min(room, rate > 0 && most > 0 ? most / rate : Number.NEGATIVE_INFINITY);
  }
  return room;
}

/** Whether the deals of a plan, in order, find what they draw on. */
export function holdsFor({ there }: Stocks, all: Iterable<Drawing>): boolean {
  if (there.length === 0) return true;
  const held = [...there];
  for (const each of all) {
    for (const { draws } of each.brings) for (const { stock, amount } of draws) held[stock]! -= amount;
    for (const draw of each.deal.draws) {
      const { stock, over } = draw;
      if (over && held[stock]! <= 0) return false;
      const taken = amountOf(each, draw);
      held[stock]! -= taken;
      if (taken > 0 && !over && held[stock]! < -SOME * taken) return false;
    }
  }
  return true;
}
