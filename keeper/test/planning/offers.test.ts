import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { FUNDING } from '../../src/contract/plan.ts';
import type { Offer } from '../../src/planning/offer.ts';
import { bestOffers } from '../../src/planning/offers.ts';
import type { Deal, View } from '../../src/protocols/protocol.ts';
import { accountClaim, type MarketKey } from '../../src/store/key.ts';
import { address, BTC, ETHER, GWEI, HEAD, OTHER, pool, situationOf, USD, WETH } from './rig.ts';
import { keyOf, open, runToy, type Toy, type ToyCall, toy } from './toy-market.ts';

const prices = new Map([
  [WETH, 2_000n],
  [USD, 1n],
  [BTC, 40_000n],
  [OTHER, 5n],
]);
const POOLS = [
  pool(0x10, WETH, USD, { tick: 76_013, liquidity: 10n ** 27n }),
  pool(0x11, USD, BTC, { tick: -105_973, liquidity: 10n ** 27n }),
];
const [A, B, C] = [address(0x21), address(0x22), address(0x23)];
const account = (debt: bigint, collateral: bigint, asset = WETH) => ({
  debt: debt * ETHER,
  collateral: { asset, amount: collateral * ETHER },
  bonusBps: 10_800n,
  times: 1,
});
const liquid = new Map<Address, bigint>([
  [WETH, 1_000n * ETHER],
  [BTC, 1_000n * ETHER],
]);
const base = { base: USD, prices, liquidity: liquid };
const ids = (offers: readonly Offer[]) =>
  offers.map(({ rounds }) => rounds.map((deals) => deals.map(({ id }) => id.split('/').slice(1).join('/'))));
const planIn = (state: Toy, keys: readonly Address[], change = {}) => {
  const view = open(state);
  const situation = situationOf([view], POOLS, { gasPrice: GWEI / 100n, ...change });
  return { view, situation, deals: view.deals(keys), ...bestOffers(situation, view.deals(keys), HEAD) };
};
const doneBy = (state: Toy, offers: readonly Offer[]): bigint[] =>
  runToy(
    state,
    offers.flatMap(({ rounds }) =>
      rounds.flat().map(({ kind, detail, spend }): ToyCall => {
        const of = detail as { account: Address; asset: Address };
        if (kind === 'absorb') return { call: 'absorb', account: of.account };
        return kind === 'buy'
          ? { call: 'buy', asset: of.asset, spend: spend!.amount }
          : { call: 'liquidate', account: of.account, repay: spend!.amount };
      }),
    ),
  );

test('accounts of one pair share a round; the offer says what it does, leg by leg', () => {
  const state = toy({
    ...base,
    liquidatable: new Map([
      [A, account(10_000n, 30n)],
      [B, account(20_000n, 30n)],
    ]),
  });
  const { offers, without, view, situation } = planIn(state, [A, B]);
  expect([...without]).toEqual([]);
  expect(offers).toHaveLength(1);
  const [offer] = offers;
  expect(new Set(ids(offers)[0]![0])).toEqual(new Set([`liquidate/${A}#0`, `liquidate/${B}#0`]));
  expect(
    offer!.sent.map(({ round, deals }) => [
      round,
      deals.map(({ id, kind, spend, gain, claims }) => [id, kind, spend, gain, claims]),
    ]),
  ).toEqual(offer!.rounds[0]!.map(({ id, claims }) => [0, [[id, 'liquidate', USD, WETH, claims]]]));
  expect(offer!.plan.rounds[0]!.legs).toEqual(offer!.sent.map(({ leg }) => leg));
  expect(offer!.ways).toEqual(['flash swap 0.05 %']);
  const { terms, plan, gas, gasPrice, smallest } = offer!;
  // Gained 16.2 WETH for 30,000 of a two-thousandth.
  expect(terms.bonus).toBe((162n * ETHER) / 10n - 15n * ETHER);
  expect(terms.value).toBe(terms.bonus - terms.impact);
  expect([terms.flashFee, terms.later, terms.tip, terms.l1, terms.lossCost]).toEqual([0n, 0n, 0n, 0n, 0n]);
  expect(gas).toBe(170_000n + 150_000n + 80_000n + 280_000n);
  expect(gasPrice).toBe(GWEI / 100n);
  expect(terms.gasCost).toBe(gas * gasPrice);
  expect(terms.net).toBe(terms.value - terms.gasCost);
  expect(smallest).toBe(terms.value);
  expect(plan.floor).toBe(terms.gasCost);
  expect(plan.validUntil).toBe(HEAD.timestamp + 180n);
  expect(plan.rounds[0]).toMatchObject({
    funding: FUNDING.uniswapV3Swap,
    source: address(0x10),
    debtToken: USD,
    amount: 30_000n * ETHER,
  });
  expect(new Set(plan.tokens.map(({ token, price }) => `${token} ${price}`))).toEqual(
    new Set([WETH, USD].map((token) => `${token} ${situation.priceOf(token)}`)),
  );
  expect(offer!.laters).toEqual([]);
  expect(view.market).toBe(keyOf(state));
});

test('one more plan where legs are few, and the next does not take what the first has', () => {
  const state = toy({
    ...base,
    liquidity: new Map([[WETH, 6n * ETHER]]),
    liquidatable: new Map([
      [A, account(10_000n, 30n)],
      [B, account(9_000n, 30n)],
    ]),
  });
  const { offers, without } = planIn(state, [A, B], { limits: { gas: 16_000_000n, legs: 1 } });
  expect(ids(offers)).toEqual([[[`liquidate/${A}#0`]], [[`liquidate/${B}#0`]]]);
  const gains = offers.map(({ rounds }) => rounds[0]![0]!.gain!.amount);
  expect(gains[0]).toBe((54n * ETHER) / 10n);
  expect(gains[1]).toBeLessThanOrEqual((6n * ETHER) / 10n);
  expect(gains[1]).toBeGreaterThan((59n * ETHER) / 100n);
  expect(doneBy(state, offers)).toEqual(gains);
  expect([...without]).toEqual([]);
});

test('anew: only of deals that hold nothing but these claims, of so many legs', () => {
  const state = toy({
    ...base,
    liquidatable: new Map([
      [A, account(10_000n, 30n)],
      [B, account(9_000n, 30n)],
      [C, account(8_000n, 30n)],
    ]),
  });
  const { offers, view } = planIn(state, [A, B, C]);
  const of = (...keys: Address[]) => new Set(keys.map((key) => accountClaim(view.market, key)));
  expect(offers[0]!.anew(of(A, C)).map(({ sent }) => sent.length)).toEqual([2]);
  expect(ids(offers[0]!.anew(of(A, C), 1))).toEqual([[[`liquidate/${A}#0`]], [[`liquidate/${C}#0`]]]);
  expect(offers[0]!.anew(new Set())).toEqual([]);
});

test('why there is no plan, by claim: too little, no pool, no price', () => {
  const state = toy({
    ...base,
    liquidatable: new Map([
      [A, account(1n, 30n)],
      [B, account(9_000n, 30_000n, OTHER)],
    ]),
    liquidity: new Map([...liquid, [OTHER, 10n ** 30n]]),
  });
  const view = open(state);
  const claim = (key: Address) => accountClaim(view.market, key);
  const { offers, without } = planIn(state, [A, B], { gasPrice: GWEI, minProfit: 5n });
  expect(offers).toEqual([]);
  expect(without.get(claim(A))!.reason).toMatch(/^pays -\d+ wei after gas, less than --min-profit$/);
  expect(without.get(claim(A))!.terms!.net).toBeLessThan(0n);
  expect(without.get(claim(B))).toEqual({ reason: 'no funding covers the debt: no pool, or too shallow' });
  const unpriced = planIn(state, [B], { priceOf: (token: Address) => (token === OTHER ? undefined : 1n) });
  expect([...unpriced.without]).toEqual([[claim(B), { reason: `nothing prices ${OTHER}` }]]);
});

test('a stock that nobody owns: bought while reserves are below the target, the one that fills them last', () => {
  const state = toy({
    base: USD,
    prices,
    reserves: 0n,
    target: 1_000n * ETHER,
    stocks: new Map([
      [WETH, (5n * ETHER) / 10n - 1n],
      [BTC, 2n * ETHER],
    ]),
  });
  const { offers } = planIn(state, []);
  expect(ids(offers)).toEqual([[[`buy/${WETH}`], [`buy/${BTC}`]]]);
  expect(doneBy(state, offers)).toEqual([(5n * ETHER) / 10n - 1n, 2n * ETHER]);
});

const absorbable = (debt: bigint, collateral: bigint, asset = WETH) => ({
  debt: debt * ETHER,
  collateral: [{ asset, amount: collateral * ETHER }],
});

test('what only brings is placed with what draws on it, and only where it is worth its gas', () => {
  const state = toy({
    base: USD,
    prices,
    reserves: 0n,
    target: 1n,
    absorbable: new Map([
      [A, absorbable(10_000n, 6n)],
      [B, absorbable(12_000n, 7n)],
    ]),
  });
  const { offers, without } = planIn(state, [A, B]);
  expect(ids(offers).map((rounds) => rounds.map((deals) => [...deals].sort()))).toEqual([
    [[`absorb/${A}`, `absorb/${B}`, `buy/${WETH}`]],
  ]);
  expect(offers[0]!.rounds[0]!.at(-1)!.kind).toBe('buy');
  expect(offers[0]!.sent.map(({ deals }) => deals.length)).toEqual([3]);
  expect(offers[0]!.gas).toBe(170_000n + 150_000n + 80_000n + 120_000n + 200_000n);
  expect(doneBy(state, offers)).toEqual([0n, 0n, 13n * ETHER]);
  expect([...without]).toEqual([]);

  // Another that brings a hundredth is not worth its gas.
  const dust = toy({
    ...state,
    absorbable: new Map([
      ...state.absorbable,
      [C, { debt: 1n, collateral: [{ asset: WETH, amount: ETHER / 10_000n }] }],
    ]),
  });
  const less = planIn(dust, [A, B, C], { gasPrice: GWEI * 10n });
  expect(less.offers.flatMap(({ rounds }) => rounds.flat().map(({ id }) => id)).filter((id) => id.includes(C))).toEqual(
    [],
  );
  expect(doneBy(dust, less.offers).at(-1)).toBe(13n * ETHER);
});

test('what is brought opens the sale of all: three stocks, fed by three accounts, in an order in which all are sold', () => {
  const state = toy({
    base: USD,
    prices,
    reserves: 150_000n * ETHER,
    target: 100_000n * ETHER,
    absorbable: new Map([
      [A, absorbable(40_000n, 21n)],
      [B, absorbable(60_000n, 2n, BTC)],
      [C, absorbable(15_000n, 8n)],
    ]),
  });
  const { offers, situation } = planIn(state, [A, B, C]);
  const done = offers.flatMap(({ rounds }) => rounds.flat());
  expect(
    done
      .filter(({ kind }) => kind === 'buy')
      .map(({ gain }) => gain!.amount)
      .sort(),
  ).toEqual([29n * ETHER, 2n * ETHER].sort());
  expect(doneBy(state, offers).filter((out) => out > 0n)).toEqual(done.flatMap(({ gain }) => gain?.amount ?? []));
  const value = offers.reduce((sum, { terms }) => sum + terms.value, 0n);
  expect(value).toBeGreaterThan(0n);
  expect(situation.drawn.size).toBe(0);
});

/** A market of one deal, which spends nothing. */
function single(name: string, change: Partial<Deal>): { view: View; deal: Deal } {
  const market = `toy:${name}` as MarketKey;
  const deal = { ...freeze, ...change, market, id: `${market}/1`, claims: [`${market}/position/1`] } as Deal;
  const leg = { protocol: 3, market: address(1), borrower: A, collateral: WETH, repay: 0n, extra: '0x' } as const;
  const view: View = {
    ...open(toy({ base: USD, prices })),
    market,
    deals: () => [deal],
    fit: () => deal,
    after: () => ({ ...view, deals: () => [] }),
    legs: (rounds) => rounds.map((deals) => deals.map(({ id }) => ({ leg, of: [id] }))),
  };
  return { view, deal };
}
const freeze: Partial<Deal> = {
  kind: 'freeze',
  subjects: [{ key: A, label: '1' }],
  draws: [],
  gas: 100_000n,
  bytes: 60,
  until: HEAD.timestamp + 60n,
  later: { gain: { asset: WETH, amount: ETHER }, chance: 0.5, gas: 200_000n, from: 1n, until: 2n },
};

test('profit that comes later: no funding, a floor of nothing, and no longer than it is that deal', () => {
  const { view, deal } = single('0x31', {});
  const { offers } = bestOffers(situationOf([view], POOLS, { gasPrice: GWEI }), [deal], HEAD);
  expect(offers).toHaveLength(1);
  const { plan, terms, laters, rounds, ways } = offers[0]!;
  expect(ways).toEqual(['no funding']);
  expect(rounds).toEqual([[deal]]);
  expect(plan.rounds[0]).toMatchObject({
    funding: FUNDING.none,
    amount: 0n,
    maxPay: 0n,
    debtToken: WETH,
    swaps: [],
    extra: '0x',
  });
  expect(plan.validUntil).toBe(HEAD.timestamp + 60n);
  expect(terms).toMatchObject({ value: 0n, bonus: 0n, later: ETHER / 2n - 200_000n * GWEI });
  expect(terms.gasCost).toBe((170_000n + 75_000n + 40_000n + 100_000n) * GWEI);
  expect(laters).toEqual([{ later: terms.later, gasCost: 100_000n * GWEI }]);
  // A deal pays out of what comes later for no more than its own gas.
  expect(plan.floor).toBe(terms.gasCost - 100_000n * GWEI);
  expect(plan.tokens).toEqual([{ token: WETH, price: 10n ** 18n }]);
});

test('what is kept: a gain without spending, priced or not', () => {
  const { later: _, until: __, ...plain } = freeze;
  const kept = single('0x31', { ...plain, later: undefined, gain: { asset: WETH, amount: ETHER } } as Partial<Deal>);
  const { later: ___, ...deal } = kept.deal;
  const { offers } = bestOffers(situationOf([kept.view], POOLS, { gasPrice: GWEI }), [deal], HEAD);
  expect(offers[0]!.terms).toMatchObject({ value: ETHER, bonus: ETHER, later: 0n });
});

test('later profit rides with others only while that saves more gas than it is worth where they fail', () => {
  const state = toy({ ...base, liquidatable: new Map([[A, account(10_000n, 30n)]]) });
  const own = open(state);
  const { view, deal } = single('0x31', {});
  const plansAt = (stale: bigint, loss = 0n) => {
    const situation = situationOf([own, view], POOLS, { gasPrice: GWEI, stale, loss });
    return bestOffers(situation, [...own.deals([A]), deal], HEAD)
      .offers.map(({ sent }) => sent.length)
      .sort();
  };
  expect(plansAt(0n)).toEqual([2]);
  // A plan saves 170,000 gas, 0.00017 ether; half an ether fails in so many of a million cases.
  expect(plansAt(300n)).toEqual([2]);
  expect(plansAt(400n)).toEqual([1, 1]);
  expect(plansAt(0n, 400n)).toEqual([1, 1]);
});

test('deals of two markets share a round, leg by leg side by side', () => {
  const one = open(toy({ ...base, liquidatable: new Map([[A, account(10_000n, 30n)]]) }));
  const two = open(toy({ ...base, address: address(0xbb), liquidatable: new Map([[A, account(12_000n, 30n)]]) }));
  const deals = [...one.deals([A]), ...two.deals([A])];
  const { offers } = bestOffers(situationOf([one, two], POOLS, { gasPrice: GWEI }), deals, HEAD);
  expect(offers.map(({ rounds }) => rounds.map((each) => each.length))).toEqual([[2]]);
  const [offer] = offers;
  expect(offer!.plan.rounds[0]!.legs.map(({ market }) => market)).toEqual(
    offer!.rounds[0]!.map(({ market }) => market.slice(4)),
  );
  expect(new Set(offer!.plan.rounds[0]!.legs.map(({ market }) => market)).size).toBe(2);
});

test('a pool that a deal trades in itself is on no route of its plan', () => {
  const state = toy({ ...base, liquidatable: new Map([[A, account(10_000n, 30n)]]) });
  const own = open(state);
  const plansWith = (moves: Address[]) => {
    const { view, deal } = single('0x31', { moves });
    const { offers } = bestOffers(situationOf([own, view], POOLS, { gasPrice: GWEI }), [...own.deals([A]), deal], HEAD);
    return offers.map(({ sent }) => sent.length).sort();
  };
  expect(plansWith([address(0x11)])).toEqual([2]);
  expect(plansWith([address(0x10)])).toEqual([1, 1]);
});

test('calldata and the chance of loss are in the terms', () => {
  const state = toy({ ...base, liquidatable: new Map([[A, account(10_000n, 30n)]]) });
  const { offers } = planIn(state, [A], { gasPrice: GWEI, bytePrice: 5n, loss: 500_000n, minProfit: 9n });
  const { terms, plan } = offers[0]!;
  expect(terms.l1).toBe((230n + 113n + 79n + 40n) * 5n);
  expect(terms.lossCost).toBe(95_000n * GWEI);
  expect(terms.net).toBe(terms.value - terms.gasCost - terms.l1 - terms.lossCost);
  expect(plan.floor).toBe(terms.gasCost + 9n);
});

test('what a rollup takes beside gas and calldata is in the terms, and decides what pays', () => {
  const state = toy({ ...base, liquidatable: new Map([[A, account(10_000n, 30n)]]) });
  // Two and a half wei a unit of gas are three.
  const surcharge = { perMillionGas: 2_500_000n, each: 11n };
  const { offers } = planIn(state, [A], { gasPrice: GWEI, bytePrice: 5n, surcharge });
  const { terms, gas } = offers[0]!;
  expect(terms.gasCost).toBe(gas * GWEI);
  expect(terms.l1).toBe((230n + 113n + 79n + 40n) * 5n + gas * 3n + 11n);
  expect(terms.net).toBe(terms.value - terms.gasCost - terms.l1);
  const dear = { perMillionGas: 10n ** 6n * terms.value, each: 0n };
  expect(planIn(state, [A], { gasPrice: GWEI, surcharge: dear }).offers).toEqual([]);
});
