import { describe, expect, test } from 'vitest';
import type { Deal, View } from '../../src/protocols/protocol.ts';
import { accountOf, asset, key, type Scene, scene, viewWith } from './scene.ts';

const USD = 10n ** 8n;
const ETHER = 10n ** 18n;
const ether = { price: 3000n * USD, liquidationThreshold: 8245n };
const dollars = { decimals: 6, liquidationThreshold: 7500n };
const stakes = [{ supply: 2n * ETHER }, { debt: 5100_000000n }];
/** 2 ether against $5,100: half may be repaid, $2,550 for 0.85 ether and the bonus. */
const half = scene(11n, [ether, dollars], stakes);
/** All of it may be, or so much that $1,000 are left. */
const whole = scene(11n, [{ ...ether, liquidationThreshold: 8075n }, dollars], stakes);

const only = (view: View, of = key): Deal => {
  const [deal, ...more] = view.deals([of]);
  expect(more).toEqual([]);
  return deal!;
};
const fitted = ({ view }: Scene, most: bigint) => {
  const deal = only(view());
  return { deal, less: view().fit(deal, most) };
};
const amounts = ({ spend, gain }: Deal) => ({ repay: spend!.amount, seized: gain!.amount });

describe('a deal fitted to its own view', () => {
  test('that is less than is legal is exact, funded exactly, and has the bonus and the fee of its own size', () => {
    const { less } = fitted(half, 1000_000000n);
    // A third of an ether and 5 %, of which the treasury has a tenth.
    expect(less).toMatchObject({
      spend: { asset: asset(1), amount: 1000_000000n, inHand: 1000_000000n },
      gain: { asset: asset(0), amount: 348333333333333332n },
      draws: [{ amount: 348333333333333332n }, { amount: -1000_000000n }],
      detail: { argument: 1000_000000n, fee: 1666666666666667n, closesDebt: false, closesCollateral: false },
    });
  });

  test('at its own amount, at more and at any is the deal itself; at nothing it is nothing', () => {
    const { deal, less } = fitted(half, 2550_000000n);
    expect(less).toEqual(deal);
    expect(fitted(half, 9999_000000n).less).toEqual(deal);
    expect(half.view().fit(deal)).toEqual(deal);
    expect(fitted(half, 0n).less).toBeUndefined();
  });

  test('that would leave dust is cut to what leaves $1,000, less a margin', () => {
    const { deal, less } = fitted(whole, 5100_000000n - 1n);
    expect(deal.detail).toMatchObject({ closesDebt: true });
    // $5,100 less $1,000, of that a thousandth less.
    expect(less).toMatchObject({
      spend: { amount: 4095_900000n },
      detail: { argument: 4095_900000n, closesDebt: false },
    });
  });

  test('and cut is the same when it is fitted again, and its largest where no amount is said', () => {
    const { deal, less } = fitted(half, 1000_000000n);
    expect(half.view().fit(less!, 1000_000000n)).toEqual(less);
    expect(half.view().fit(less!)).toEqual(deal);
  });

  test('has its gain in proportion to what it spends', () => {
    const { deal, less } = fitted(half, 255_000000n);
    const [whole, part] = [amounts(deal), amounts(less!)];
    const difference = part.seized * 10n - whole.seized;
    expect(difference <= 20n && difference >= -20n).toBe(true);
  });
});

describe('a deal after deals of the same account', () => {
  test('the account after half of its position: what is left is judged anew', () => {
    const { deal, less } = fitted(whole, 2000_000000n);
    const next = whole.view().after(less!);
    const { seized } = amounts(less!);
    const { fee } = less!.detail as { fee: bigint };
    const left = viewWith(whole, [accountOf(key, [{ supply: 2n * ETHER - seized - fee }, { debt: 3100_000000n }])]);
    expect(next.health(key)).toEqual(left.health(key));
    expect(next.health(key)).not.toEqual(whole.view().health(key));
    // It is closed, so that nothing is known of it.
    const closed = whole.view().after(deal);
    expect(closed.health(key)).toEqual({ error: 'is not tracked' });
    expect(closed.deals([key])).toEqual([]);
  });

  test('has another id, and the one of before is gone', () => {
    // So deep that it stays under water.
    const deep = scene(11n, [{ ...ether, liquidationThreshold: 7000n }, dollars], stakes);
    const { deal, less } = fitted(deep, 2000_000000n);
    const next = deep.view().after(less!);
    const following = only(next);
    expect(following.id).not.toBe(deal.id);
    expect(following.claims).toEqual(deal.claims);
    expect(next.fit(deal)).toBeUndefined();
    expect(next.fit(less!, 1n)).toBeUndefined();
    expect(next.fit(following)).toEqual(following);
    expect(() => next.after(deal)).toThrow(`${deal.id} is not of this view`);
    // Views never change: it is still there where it was.
    expect(deep.view().fit(following)).toBeUndefined();
    expect(deep.view().fit(deal)).toEqual(deal);
  });

  test('is gone where the account is over the line again', () => {
    const { deal } = fitted(half, 2550_000000n);
    const next = half.view().after(deal);
    expect(next.health(key)).toMatchObject({ underwater: false });
    expect(next.deals([key])).toEqual([]);
  });

  test.each([7n, 10n, 11n])('is none where the collateral left is worth nothing: revision %d', (revision) => {
    // The second collateral is worth less than a unit of base currency, and the Pool writes off what is owed with it.
    const debts = { debt: 2000_000000n };
    const scenario = scene(revision, [ether, dollars, {}], [{ supply: ETHER / 2n }, debts, { supply: 10n ** 9n }]);
    const deals = scenario.view().deals([key]);
    const next = scenario.view().after(deals.find(({ gain }) => gain!.asset === asset(0))!);
    expect(next.health(key)).toEqual({ error: 'is not tracked' });
    // A dollar's worth of it, and the account goes on.
    const more = scene(revision, [ether, dollars, {}], [{ supply: ETHER / 2n }, debts, { supply: ETHER }]);
    const [first] = more.view().deals([key]);
    expect(more.view().after(first!).health(key)).toMatchObject({ underwater: true, collateralBase: USD });
  });

  test('is none where a part of the debt is at a stable rate; the liquidity is followed all the same', () => {
    const scenario = scene(3n, [ether, dollars], stakes);
    const stable = [100_000000n, 0n, 1n].map((amount, part) => ({ slot: 256 + 3 + part, amount }));
    const view = viewWith(scenario, [{ ...scenario.account, cells: [...scenario.account.cells, ...stable] }]);
    const [deal] = view.deals([key]);
    const next = view.after(deal!);
    expect(next.health(key)).toEqual({ error: 'is not tracked' });
    for (const { on, amount } of deal!.draws) expect(next.stock(on)).toBe(view.stock(on) - amount);
  });
});
