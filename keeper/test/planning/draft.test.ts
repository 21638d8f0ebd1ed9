import { expect, test } from 'vitest';
import { baseCost, drafted, gasOf, laterOf, netOf, roundCost, statesAfter } from '../../src/planning/exact-draft.ts';
import { quoteRound, sumsOf } from '../../src/planning/exact-quote.ts';
import type { Funding } from '../../src/planning/funding.ts';
import type { Way } from '../../src/planning/ways.ts';
import { PRICE_SCALE } from '../../src/prices/book.ts';
import type { Deal } from '../../src/protocols/protocol.ts';
import { quoteV2ExactIn } from '../../src/venues/v2.ts';
import { quoteV3ExactOut } from '../../src/venues/v3-pool.ts';
import { address, BTC, deal, ETHER, GWEI, OTHER, pair, pool, situationOf, USD, WETH } from './rig.ts';

const v3 = pool(0x10, USD, BTC, { liquidity: 10n ** 24n });
const v2 = pair(0x11, USD, BTC, 10n ** 24n, 10n ** 24n);
const swap: Way = {
  spend: USD,
  gain: BTC,
  kind: 'flash swap',
  route: { hops: [{ pool: v3.address, zeroForOne: false }], tokens: [BTC, USD] },
};
const onPair = { hops: [{ pool: v2.address, zeroForOne: false, v2: true }], tokens: [BTC, USD] };
const loan: Way = { spend: USD, gain: BTC, kind: 'loan', routes: [onPair] };
const none: Way = { spend: BTC, gain: BTC, kind: 'none' };
/** Every token is worth a wei a unit; whoever lends takes five bps. */
const lend: Funding = (_, amount) => ({ funding: 7, source: address(9), fee: (amount * 5n) / 10_000n, extra: '0x' });
const flat = (change = {}) => ({ ...situationOf([], [v3, v2]), priceOf: () => PRICE_SCALE, lend, ...change });
const one = deal({ spend: { asset: USD, amount: 1_000n * ETHER, inHand: 1_001n * ETHER } });
const unspent = (change: Partial<Deal> = {}): Deal => {
  const { spend: _, ...rest } = deal(change);
  return rest;
};

test('sums: spent, in hand, gained', () => {
  expect(sumsOf([one, deal(), unspent()])).toEqual({
    inHand: 2_001n * ETHER,
    spend: 2_000n * ETHER,
    gain: 3_150n * ETHER,
  });
  expect(sumsOf([])).toEqual({ inHand: 0n, spend: 0n, gain: 0n });
});

test('a flash swap takes what what is in hand costs, and leaves the rest of the gain and of what was in hand', () => {
  const paid = quoteV3ExactOut(v3, false, 1_001n * ETHER) as { amountIn: bigint };
  const quote = quoteRound(flat(), flat().pools, swap, [one])!;
  expect(quote).toMatchObject({ amount: 1_001n * ETHER, pay: paid.amountIn, fee: 0n, sales: [], crossed: 0 });
  expect(quote.left).toEqual([
    { asset: BTC, amount: 1_050n * ETHER - paid.amountIn },
    { asset: USD, amount: ETHER },
  ]);
  // Exactly what is gained may be paid, and nothing more.
  const gain = (amount: bigint) => ({ ...one, gain: { asset: BTC, amount } });
  expect(quoteRound(flat(), flat().pools, swap, [gain(paid.amountIn)])!.left[0]!.amount).toBe(0n);
  expect(quoteRound(flat(), flat().pools, swap, [gain(paid.amountIn - 1n)])).toBeUndefined();
  expect(quoteRound(flat(), { get: () => undefined }, swap, [one])).toBeUndefined();
});

test('a loan is owed with its fee, out of the sale', () => {
  const sold = quoteV2ExactIn(v2, false, 1_050n * ETHER)!.amountOut;
  const quote = quoteRound(flat(), flat().pools, loan, [one])!;
  const fee = (1_001n * ETHER * 5n) / 10_000n;
  expect(quote).toMatchObject({ amount: 1_001n * ETHER, pay: 0n, fee });
  expect(quote.left).toEqual([{ asset: USD, amount: sold - 1_000n * ETHER - fee }]);
  expect(quote.sales).toEqual([{ route: onPair, amounts: [1_050n * ETHER, sold] }]);
  const lent = { amount: 5_000n * ETHER, loan: { funding: 7, source: address(9), fee: 3n, extra: '0x' } } as const;
  const other = quoteRound(flat(), flat().pools, loan, [one], lent)!;
  expect([other.amount, other.fee, other.left[0]!.amount]).toEqual([5_000n * ETHER, 3n, sold - 1_000n * ETHER - 3n]);
  const dear = { ...lent, loan: { ...lent.loan, fee: sold - 1_000n * ETHER } };
  expect(quoteRound(flat(), flat().pools, loan, [one], dear)!.left[0]!.amount).toBe(0n);
  expect(
    quoteRound(flat(), flat().pools, loan, [one], { ...dear, loan: { ...dear.loan, fee: dear.loan.fee + 1n } }),
  ).toBeUndefined();
  expect(quoteRound({ lend: () => undefined }, flat().pools, loan, [one])).toBeUndefined();
});

test('one asset: what is gained pays; no funding: what is gained is left', () => {
  const same: Way = { spend: USD, gain: USD, kind: 'loan', routes: [] };
  expect(quoteRound(flat(), flat().pools, same, [one])?.left).toEqual([
    { asset: USD, amount: 50n * ETHER - (1_001n * ETHER * 5n) / 10_000n },
  ]);
  expect(quoteRound(flat(), flat().pools, none, [unspent()])).toMatchObject({
    amount: 0n,
    left: [{ asset: BTC, amount: 1_050n * ETHER }],
  });
});

test('a sale shared between two routes brings more than either', () => {
  const overBoth: Way = {
    ...loan,
    routes: [onPair, { hops: [{ pool: v3.address, zeroForOne: false }], tokens: [BTC, USD] }],
  };
  const huge = deal({
    spend: { asset: USD, amount: ETHER, inHand: ETHER },
    gain: { asset: BTC, amount: 100_000n * ETHER },
  });
  const leftOf = (way: Way) => quoteRound(flat(), flat().pools, way, [huge])!.left[0]!.amount;
  expect(leftOf(overBoth)).toBeGreaterThan(leftOf(loan));
  const { sales } = quoteRound(flat(), flat().pools, overBoth, [huge])!;
  expect(sales.map(({ amounts }) => amounts[0]!).reduce((a, b) => a + b)).toBe(100_000n * ETHER);
});

const RISKS = { gasPrice: GWEI, bytePrice: 7n * GWEI, stale: 100_000n, loss: 250_000n };

test('what a round adds: its worth if its legs are there, less gas, calldata and what may be lost', () => {
  const plain = drafted(flat(), [], { way: swap, deals: [one] })!;
  const worth = plain.quote.left.reduce((sum, { amount }) => sum + amount, 0n);
  expect(plain).toMatchObject({ net: worth, gas: 220_000n });
  const cost = 220_000n * GWEI + 232n * 7n * GWEI + (130_000n * GWEI) / 4n;
  expect(roundCost(flat(RISKS), swap, { gas: 140_000n, bytes: 79 }, 0)).toBe(cost);
  expect(drafted(flat(RISKS), [], { way: swap, deals: [one] })!.net).toBe((worth * 9n) / 10n - cost);
  // Two legs of a flash swap are needed both, of a loan either.
  const two = drafted(flat({ stale: 100_000n }), [], { way: swap, deals: [one, one] })!;
  const all = two.quote.left.reduce((sum, { amount }) => sum + amount * PRICE_SCALE, 0n);
  expect(two.net).toBe((((all * 9n) / 10n) * 9n) / 10n / PRICE_SCALE);
  const lent = drafted(flat({ stale: 100_000n }), [], { way: loan, deals: [one, one] })!;
  expect(lent.net).toBe((lent.quote.left[0]!.amount * 9n) / 10n);
  const fed = drafted(flat({ stale: 100_000n }), [], { way: loan, deals: [one, one], fedBy: 1 })!;
  expect(fed.net).toBe((lent.quote.left[0]!.amount * 81n) / 100n);
});

test('what only brings is no leg of its own, and costs its gas', () => {
  const { gain: _, ...bringer } = unspent({ gas: 5n, bytes: 1 });
  const round = drafted(flat({ stale: 100_000n }), [], { way: swap, deals: [bringer, one] })!;
  const alone = drafted(flat({ stale: 100_000n }), [], { way: swap, deals: [one] })!;
  expect([round.net, round.gas]).toEqual([alone.net, alone.gas + 5n]);
});

test('without a price there is no worth, but where nothing was spent it is kept for nothing', () => {
  const priceOf = (token: string) => (token === BTC ? undefined : PRICE_SCALE);
  expect(drafted(flat({ priceOf }), [], { way: swap, deals: [one] })).toBeUndefined();
  expect(drafted(flat({ priceOf }), [], { way: none, deals: [unspent()] })?.net).toBe(0n);
  expect(drafted(flat(), [], { way: none, deals: [unspent()] })?.net).toBe(1_050n * ETHER);
});

test('a plan: its rounds less what it costs beside them; a round that is too much gas beside the others is none', () => {
  const situation = flat(RISKS);
  const first = drafted(situation, [], { way: swap, deals: [one] })!;
  expect(baseCost(situation, [swap])).toBe(320_000n * GWEI + 230n * 7n * GWEI + 15_000n * GWEI);
  expect(netOf(situation, [first])).toBe(first.net - baseCost(situation, [swap]));
  expect(netOf(situation, [])).toBe(0n);
  expect(gasOf([first])).toBe(540_000n);
  const limited = (gas: bigint) => drafted(flat({ limits: { gas, legs: 9 } }), [first], { way: loan, deals: [one] });
  expect(limited(540_000n + 70_000n + 140_000n + 75_000n)).toBeDefined();
  expect(limited(540_000n + 70_000n + 140_000n + 75_000n - 1n)).toBeUndefined();
});

test('a round begins with the pools as those before it leave them', () => {
  const first = drafted(flat(), [], { way: swap, deals: [one] })!;
  const second = drafted(flat(), [first], { way: swap, deals: [one] })!;
  expect(second.quote.pay).toBeGreaterThan(first.quote.pay);
  const { pools } = flat();
  expect(statesAfter(pools, [])).toBe(pools);
  expect(statesAfter(pools, [first]).get(v3.address)).toBe(first.quote.after.get(v3.address));
  expect(statesAfter(pools, [first]).get(v2.address)).toBe(v2);
});

test('later profit: its chance times its worth, less the gas of the other transaction', () => {
  const later = { gain: { asset: OTHER, amount: 1_000n }, chance: 0.75, gas: 10n, from: 1n, until: 2n };
  const priceOf = (token: string) => (token === OTHER ? 2n * PRICE_SCALE : undefined);
  expect(laterOf({ priceOf, gasPrice: 3n }, deal({ later }))).toBe(1_470n);
  expect(laterOf({ priceOf, gasPrice: 3n }, deal({ later: { ...later, gain: { asset: WETH, amount: 1n } } }))).toBe(
    -30n,
  );
  expect(laterOf({ priceOf, gasPrice: 3n }, deal())).toBe(0n);
  const round = drafted(flat({ priceOf, stale: 100_000n }), [], {
    way: { ...none, spend: WETH, gain: WETH },
    deals: [{ ...unspent(), later }],
  });
  expect(round?.net).toBe(1_350n);
});
