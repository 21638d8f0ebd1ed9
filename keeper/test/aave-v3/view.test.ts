import type { Address } from 'viem';
import { describe, expect, test } from 'vitest';
import type { Deal, View } from '../../src/protocols/protocol.ts';
import { accountOf, asset, borrower, key, now, type ReserveChange, scene, viewWith } from './scene.ts';

const USD = 10n ** 8n;
const ETHER = 10n ** 18n;
const ether: ReserveChange = { price: 3000n * USD, liquidationThreshold: 8245n };
const dollars: ReserveChange = { decimals: 6, liquidationThreshold: 7500n };
const stakes = [{ supply: 2n * ETHER }, { debt: 5100_000000n }];
const MARKET = `aave-v3:${asset(300).toLowerCase()}`;
const [ann, bob] = ['a11', 'b0b'].map((end) => `0x${end.padStart(40, '0')}` as Address) as [Address, Address];
const stock = (id: number) => `${MARKET}/liquidity/${asset(id)}`;

/** Two accounts like one another, and as much ether as there is. */
function pair(liquidity: bigint, revision = 11n): View {
  const scenario = scene(revision, [{ ...ether, liquidity }, dollars], []);
  return viewWith(scenario, [accountOf(ann, stakes), accountOf(bob, stakes)]);
}
const dealOf = (view: View, account: Address): Deal => view.deals([account])[0]!;

describe('a deal', () => {
  test('says whom it concerns, what it claims, spends, gains and draws on', () => {
    expect(scene(11n, [ether, dollars], stakes).view().deals([key])).toEqual([
      {
        id: `${MARKET}/${key}/${asset(1)}/${asset(0)}#0`,
        market: MARKET,
        kind: 'liquidate',
        subjects: [{ key, label: borrower }],
        claims: [`${MARKET}/account/${key}`],
        spend: { asset: asset(1), amount: 2550_000000n, inHand: 2550_000000n },
        gain: { asset: asset(0), amount: 888250000000000000n },
        // The collateral leaves before the debt is collected.
        draws: [
          { on: stock(0), amount: 888250000000000000n },
          { on: stock(1), amount: -2550_000000n },
        ],
        gas: 140_000n,
        bytes: 79,
        detail: expect.objectContaining({ fee: 4250000000000000n }),
      },
    ]);
  });

  test('has in hand what it grows to in a minute where it asks for the maximum', () => {
    const accruing = scene(
      10n,
      [ether, { ...dollars, variableBorrowRate: 10n ** 26n }],
      [{ supply: 8n * 10n ** 17n }, { debt: 1999_000000n }],
    );
    expect(dealOf(accruing.view(), key).spend).toEqual({
      asset: asset(1),
      amount: 1999_000000n,
      inHand: 1999_000381n,
    });
  });

  test('becomes a leg of the Liquidator, each in the place that it was given', () => {
    const view = pair(2n ** 127n);
    const [one, two] = [dealOf(view, ann), dealOf(view, bob)];
    const leg = (account: Address) => ({
      leg: {
        protocol: 0,
        market: asset(300),
        borrower: expect.stringMatching(new RegExp(account, 'i')),
        collateral: asset(0),
        repay: 2550_000000n,
        extra: '0x',
      },
      of: [dealOf(view, account).id],
    });
    expect(view.legs([[two], [one]])).toEqual([[leg(bob)], [leg(ann)]]);
    expect(view.legs([[], [two, one]])).toEqual([[], [leg(bob), leg(ann)]]);
  });

  test('of several accounts comes in the order of the accounts, of one that is not known not at all', () => {
    const view = pair(2n ** 127n);
    const found = view.deals([bob, asset(99), ann]);
    expect(found.map(({ subjects }) => subjects[0]!.key)).toEqual([bob, ann]);
  });
});

describe('stocks', () => {
  test('are what each reserve can pay out; of anything else there is nothing', () => {
    const view = pair(20n * ETHER);
    expect([stock(0), stock(1), stock(2)].map((on) => view.stock(on))).toEqual([20n * ETHER, 2n ** 127n, 0n]);
    expect(view.stock(`${MARKET}/cash/${asset(0)}`)).toBe(0n);
    expect(view.stock(stock(0).replace('aave-v3', 'compound-v2'))).toBe(0n);
  });

  test('move by what a deal draws and brings', () => {
    const view = pair(20n * ETHER);
    const deal = dealOf(view, ann);
    const next = view.after(deal);
    expect(next.stock(stock(0))).toBe(20n * ETHER - deal.gain!.amount);
    expect(next.stock(stock(1))).toBe(2n ** 127n + deal.spend!.amount);
    expect(view.stock(stock(0))).toBe(20n * ETHER);
  });

  test('that two accounts share are enough for the first, and the second is cut to the rest', () => {
    const liquidity = ETHER;
    const view = pair(liquidity);
    const [one, two] = [dealOf(view, ann), dealOf(view, bob)];
    expect(one.gain!.amount + two.gain!.amount).toBeGreaterThan(liquidity);
    const next = view.after(one);
    expect(next.health(bob)).toEqual(view.health(bob));
    const rest = next.fit(two)!;
    expect(rest).toEqual(dealOf(next, bob));
    expect(rest.id).toBe(two.id);
    const left = liquidity - one.gain!.amount;
    expect(rest.gain!.amount).toBeLessThanOrEqual(left);
    expect(rest.gain!.amount).toBeGreaterThan((left * 997n) / 1000n);
    expect(rest.spend!.inHand).toBe(rest.spend!.amount);
    // As small as was asked for, where that is less still.
    expect(next.fit(two, 100_000000n)!.spend!.amount).toBe(100_000000n);
    const last = next.after(rest);
    expect(last.stock(stock(0))).toBe(left - rest.gain!.amount);
  });

  test('that are empty leave nothing to fit, until a repayment brings something', () => {
    const scenario = scene(11n, [{ ...ether, liquidity: 0n }, dollars, { ...dollars, liquidity: 10n ** 12n }], []);
    // Ann owes ether against the third reserve, Bob has ether.
    const owesEther = accountOf(ann, [{ debt: ETHER }, {}, { supply: 3500_000000n }]);
    const view = viewWith(scenario, [owesEther, accountOf(bob, stakes)]);
    const full = dealOf(pair(2n ** 127n), bob);
    expect(view.deals([bob])).toEqual([]);
    expect(view.fit(full)).toBeUndefined();
    const brings = dealOf(view, ann);
    expect(brings.draws.at(-1)).toEqual({ on: stock(0), amount: -brings.spend!.amount });
    expect(view.after(brings).fit(full)).toEqual(full);
  });
});

describe('one asset on both sides', () => {
  const both = (liquidity: bigint) =>
    scene(11n, [{ ...ether, liquidity }, dollars], [{ supply: 2n * ETHER, debt: (17n * ETHER) / 10n }]);

  test('is seized before it is repaid: what is repaid does not pay for it', () => {
    const deal = dealOf(both(2n ** 127n).view(), key);
    expect(deal.draws).toEqual([
      { on: stock(0), amount: deal.gain!.amount },
      { on: stock(0), amount: -deal.spend!.amount },
    ]);
    const short = deal.gain!.amount - 1n;
    expect(dealOf(both(short).view(), key).gain!.amount).toBeLessThanOrEqual(short);
    expect(both(0n).view().deals([key])).toEqual([]);
    expect(both(deal.gain!.amount).view().after(deal).stock(stock(0))).toBe(deal.spend!.amount);
  });

  test("with the market's own loan of it out, there is less by the loan", () => {
    const plenty = dealOf(both(2n ** 127n).view(), key);
    const { amount } = plenty.spend!;
    const enough = both(amount + plenty.gain!.amount).view();
    expect(enough.loan(asset(0), amount)!.out.fit(plenty)).toEqual(plenty);
    const short = both(amount + plenty.gain!.amount - 1n).view();
    const cut = short.loan(asset(0), amount)!.out.fit(plenty)!;
    expect(cut.gain!.amount).toBeLessThan(plenty.gain!.amount);
    expect(both(amount).view().loan(asset(0), amount)!.out.fit(plenty)).toBeUndefined();
  });
});

describe('a loan', () => {
  const view = pair(20n * ETHER);

  test('is a flashLoanSimple of the Pool with its premium rounded up', () => {
    expect(view.loan(asset(0), 20n * ETHER)).toMatchObject({ funding: 7, source: asset(300), fee: ETHER / 100n });
    expect(view.loan(asset(1), 1n)!.fee).toBe(1n);
    expect(pair(ETHER, 8n).loan(asset(1), 999n)!.fee).toBe(0n);
    expect(pair(ETHER, 8n).loan(asset(1), 1000n)!.fee).toBe(1n);
  });

  test.each<[string, ReserveChange]>([
    ['there is less of', { liquidity: 9n }],
    ['may not be lent', { flashLoanEnabled: false }],
    ['is inactive', { active: false }],
    ['is paused', { paused: true }],
  ])('is none of what %s', (_, change) => {
    expect(scene(11n, [change], []).view().loan(asset(0), 10n)).toBeUndefined();
    expect(scene(11n, [{}], []).view().loan(asset(0), 10n)).toBeDefined();
    expect(scene(11n, [{}], []).view().loan(asset(5), 10n)).toBeUndefined();
  });

  test('takes from the stock while it is out, and brings it back with the premium', () => {
    const { out, back, fee } = view.loan(asset(0), ETHER)!;
    expect(out.stock(stock(0))).toBe(19n * ETHER);
    expect(out.loan(asset(0), 20n * ETHER)).toBeUndefined();
    const done = dealOf(out, ann);
    const later = back(out.after(done));
    expect(later.stock(stock(0))).toBe(20n * ETHER + fee - done.gain!.amount);
    expect(later.stock(stock(1))).toBe(2n ** 127n + done.spend!.amount);
    // What happened while it was out is not undone, and the others are as they were.
    expect(later.fit(done)).toBeUndefined();
    expect(later.health(ann)).toEqual(out.after(done).health(ann));
    expect(later.health(bob)).toEqual(view.health(bob));
    expect(later.deals([bob])).toEqual(view.deals([bob]));
  });

  test.each([
    [1n, true],
    [7n, true],
    [8n, false],
    [11n, false],
  ])('at revision %d gives suppliers a part of the premium: %s', (revision, gives) => {
    const { out, back, fee } = pair(20n * ETHER, revision).loan(asset(0), 10n * ETHER)!;
    expect(fee).toBeGreaterThan(0n);
    expect(out.deals([bob])).toHaveLength(1);
    // Nobody knows any more to the unit what holders of ether have, nor whether they are still under water.
    const later = back(out);
    expect(later.deals([bob])).toHaveLength(gives ? 0 : 1);
    expect(later.fit(dealOf(out, bob))).toEqual(gives ? undefined : dealOf(out, bob));
    expect(later.stock(stock(0))).toBe(20n * ETHER + fee);
  });

  test('with such a premium, or without one, leaves those who do not hold it as they are', () => {
    const dear = pair(20n * ETHER, 7n);
    const { out, back } = dear.loan(asset(1), 1000_000000n)!;
    expect(back(out).deals([bob])).toEqual(dear.deals([bob]));
    const scenario = scene(7n, [ether, dollars], stakes);
    const free = viewWith({ ...scenario, state: { ...scenario.state, flashPremium: 0n } }, [scenario.account]);
    const lent = free.loan(asset(0), ETHER)!;
    expect(lent.fee).toBe(0n);
    expect(lent.back(lent.out).deals([key])).toEqual(free.deals([key]));
  });
});

test('prices are for the price book: what the oracle says, nothing where it says nothing', () => {
  const { view } = scene(11n, [ether, { price: 'no price' }, { price: 0n }], []);
  expect(view().price(asset(0))).toEqual({ base: 3000n * USD, decimals: 18 });
  expect([1, 2, 9].map((id) => view().price(asset(id)))).toEqual([undefined, undefined, undefined]);
});

test('a view is of its moment', () => {
  const { market, view } = scene(11n, [ether, dollars], stakes);
  expect(view(now + 5n).moment).toEqual({ timestamp: now + 5n, number: 2n });
  expect(view().market).toBe(market.key);
  expect(market.key).toBe(MARKET);
});
