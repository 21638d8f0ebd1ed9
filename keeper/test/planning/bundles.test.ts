import { expect, test } from 'vitest';
import { bundlesOf } from '../../src/planning/bundles.ts';
import type { Deal, View } from '../../src/protocols/protocol.ts';
import { deal } from './rig.ts';

const view = { market: 'toy:0x01', fit: () => undefined } as unknown as View;
const views = new Map([[view.market, view]]);
const named = (id: string, claims: string[], draws: Deal['draws'] = []) => deal({ id, claims, draws });
/** One that only brings. */
function bringer(id: string, brings: string[]): Deal {
  const {
    spend: _,
    gain: __,
    ...rest
  } = named(
    id,
    [id],
    brings.map((on) => ({ on, amount: -1n })),
  );
  return rest;
}
const ids = (deals: readonly Deal[]) =>
  bundlesOf(views, deals).map((bundle) => [
    bundle.deals.map(({ id }) => id),
    bundle.bringers.map(({ id }) => id),
    bundle.single,
  ]);

test('deals of one account are a bundle of which one can be placed; others are apart', () => {
  expect(ids([named('a1', ['a']), named('b1', ['b']), named('a2', ['a'])])).toEqual([
    [['a1', 'a2'], [], true],
    [['b1'], [], true],
  ]);
  expect(bundlesOf(views, [named('a1', ['a'])])[0]!.view).toBe(view);
});

test('claims join over a third; then several of them go together', () => {
  const [joined, apart] = bundlesOf(views, [
    named('a', ['x']),
    named('b', ['y']),
    named('c', ['x', 'y']),
    named('d', ['z']),
  ]);
  expect(new Set(joined!.deals.map(({ id }) => id))).toEqual(new Set(['a', 'b', 'c']));
  expect([joined!.single, apart!.deals.map(({ id }) => id), apart!.single]).toEqual([false, ['d'], true]);
});

test('what draws on a stock goes with what only brings to it, and with nothing else that draws or spends', () => {
  const buy = (id: string, on: string) => named(id, [id], [{ on, amount: 5n }]);
  expect(ids([buy('buy a', 'a'), buy('buy b', 'b'), bringer('absorb', ['a']), buy('buy a too', 'a')])).toEqual([
    [['buy a', 'buy a too'], ['absorb'], false],
    [['buy b'], [], true],
  ]);
  // One that spends and brings, as whoever repays does, feeds nobody that may count on it.
  const repays = named('repays', ['r'], [{ on: 'a', amount: -5n }]);
  expect(ids([buy('buy a', 'a'), repays])).toEqual([
    [['buy a'], [], true],
    [['repays'], [], true],
  ]);
});

test('a chain of stocks is one bundle', () => {
  const buy = (id: string, on: string) => named(id, [id], [{ on, amount: 5n }]);
  expect(ids([buy('a', 'a'), buy('b', 'b'), bringer('one', ['a']), bringer('both', ['a', 'b'])])).toEqual([
    [['a', 'b'], ['one', 'both'], false],
  ]);
});

test('without claims a deal stands alone; one that only brings has nothing to place', () => {
  expect(ids([named('a', []), named('b', [])])).toEqual([
    [['a'], [], false],
    [['b'], [], false],
  ]);
  expect(ids([bringer('one', ['a'])])).toEqual([[[], ['one'], false]]);
});
