import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { type Random, random } from '../../../test-fork/lab/random.ts';
import { type Draft, dealsOf } from '../../src/planning/exact-draft.ts';
import { areApart, type Chosen, cutToLeft, drawnBy, walked } from '../../src/planning/exact-walk.ts';
import { bestOffers } from '../../src/planning/offers.ts';
import type { Way } from '../../src/planning/ways.ts';
import type { Deal } from '../../src/protocols/protocol.ts';
import { address, BTC, ETHER, HEAD, OTHER, pool, situationOf, USD, WETH } from './rig.ts';
import { keyOf, open, runToy, type Toy, type ToyCall, toy } from './toy-market.ts';

const CASES = 300;
const prices = new Map([
  [WETH, 2_000n],
  [USD, 1n],
  [BTC, 40_000n],
  [OTHER, 5n],
]);
const POOLS = [
  pool(0x10, WETH, USD, { tick: 76_013, liquidity: 10n ** 26n }),
  pool(0x11, WETH, BTC, { tick: -29_960, liquidity: 10n ** 25n, fee: 3_000 }),
  pool(0x12, USD, OTHER, { tick: -16_096, liquidity: 10n ** 25n }),
];

/** Accounts of all kinds, stocks and liquidity that may be short. */
function randomToy(dice: Random): Toy {
  const amount = (low: number, high: number) => BigInt(Math.round(dice.logBetween(low, high) * 1e6)) * 10n ** 12n;
  const some = (from: number, count: number) => Array.from({ length: count }, (_, index) => address(from + index));
  const collaterals = [WETH, BTC, OTHER] as const;
  const absorbable = new Map(
    some(0x100, Math.floor(dice.between(0, 4))).map((account) => [
      account,
      {
        debt: amount(100, 30_000),
        collateral: dice
          .pick(collaterals, 1 + Math.floor(dice.between(0, 2)))
          .map((asset) => ({ asset, amount: amount(0.01, 20) })),
      },
    ]),
  );
  const liquidatable = new Map(
    some(0x200, Math.floor(dice.between(0, 5))).map((account) => {
      const collateral = { asset: dice.pick(collaterals, 1)[0]!, amount: amount(1, 50) };
      return [
        account,
        { debt: amount(100, 20_000), collateral, bonusBps: 10_800n, times: 1 + Math.floor(dice.between(0, 2)) },
      ];
    }),
  );
  const reserves = amount(1, 20_000);
  return toy({
    base: USD,
    prices,
    reserves,
    target: reserves + amount(1, 20_000) - amount(1, 10_000),
    stocks: new Map(dice.next() < 0.6 ? [[WETH, amount(0.1, 10)]] : []),
    liquidity: new Map<Address, bigint>([
      [WETH, amount(0.5, 30)],
      [BTC, amount(0.05, 3)],
      [OTHER, amount(10, 5_000)],
      [USD, amount(100, 60_000)],
    ]),
    absorbable,
    liquidatable,
    ...(dice.next() < 0.7 ? { lends: { feeBps: BigInt(Math.floor(dice.between(0, 9))) } } : {}),
  });
}

/** A draft as calls of the toy, with loans of its own money around their rounds. */
function callsOf(draft: Draft, state: Toy): { calls: ToyCall[]; outs: (bigint | undefined)[] } {
  const calls: ToyCall[] = [];
  const outs: (bigint | undefined)[] = [];
  for (const { deals, quote } of draft) {
    const own = quote.loan?.source === state.address ? quote : undefined;
    if (own) {
      calls.push({ call: 'lend', amount: own.amount });
      outs.push(undefined);
    }
    for (const deal of deals) {
      const { account, asset } = deal.detail as { account: Address; asset: Address };
      if (deal.kind === 'absorb') calls.push({ call: 'absorb', account });
      else if (deal.kind === 'buy') calls.push({ call: 'buy', asset, spend: deal.spend!.amount });
      else calls.push({ call: 'liquidate', account, repay: deal.spend!.amount });
      outs.push(deal.gain?.amount ?? 0n);
    }
    if (own) {
      calls.push({ call: 'repay', amount: own.amount, fee: own.fee });
      outs.push(undefined);
    }
  }
  return { calls, outs };
}

function expectClaimsToHold(draft: Draft, state: Toy): void {
  const { calls, outs } = callsOf(draft, state);
  const done = runToy(state, calls);
  for (const [index, out] of outs.entries()) if (out !== undefined) expect(done[index]).toBe(out);
}

const keysOf = (state: Toy) => [...state.absorbable.keys(), ...state.liquidatable.keys()];

test(`what a plan claims, in any order of any of the deals, is what they do (${CASES} cases)`, () => {
  const seen = { deals: 0, dropped: 0, cut: 0, own: 0, absorbs: 0, empty: 0 };
  for (let seed = 0; seed < CASES; seed++) {
    const dice = random(40_000 + seed);
    const state = randomToy(dice);
    const view = open(state);
    const situation = situationOf([view], POOLS);
    const all = view.deals(keysOf(state));
    const bringers = all.filter(({ kind }) => kind === 'absorb');
    const placed = dice.pick(
      all.filter(({ kind }) => kind !== 'absorb'),
      Math.floor(dice.between(0, 8)),
    );
    let unused = bringers;
    const chosen = placed.map((deal): Chosen => {
      const brings = dice.pick(unused, Math.floor(dice.between(0, 3)));
      unused = unused.filter((each) => !brings.includes(each));
      const way: Way = { kind: 'loan', spend: USD, gain: deal.gain!.asset, routes: [routeOf(deal)] };
      const part =
        dice.next() < 0.5 ? deal.spend!.amount : (deal.spend!.amount * BigInt(Math.floor(dice.between(1, 99)))) / 100n;
      return { way, steps: [{ deal, most: part, brings }] };
    });
    const draft = walked(situation, chosen);
    expectClaimsToHold(draft, state);
    const done = dealsOf(draft);
    seen.deals += done.length;
    seen.absorbs += done.filter(({ kind }) => kind === 'absorb').length;
    seen.dropped += placed.length - done.filter(({ spend }) => spend).length;
    seen.cut += done.filter(
      (deal) => deal.spend && !placed.some((each) => each.spend!.amount === deal.spend!.amount),
    ).length;
    seen.own += draft.filter(({ quote }) => quote.loan?.source === state.address).length;
    if (draft.length === 0) seen.empty++;
  }
  for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(10);
});

/** The one route there is for what a deal gains. */
function routeOf({ gain }: Deal) {
  const hop = (id: number, zeroForOne: boolean) => ({ pool: address(id), zeroForOne });
  if (gain!.asset === WETH) return { hops: [hop(0x10, true)], tokens: [WETH, USD] };
  if (gain!.asset === OTHER) return { hops: [hop(0x12, false)], tokens: [OTHER, USD] };
  return { hops: [hop(0x11, false), hop(0x10, true)], tokens: [BTC, WETH, USD] };
}

test(`the plans that are chosen claim what they do, each after the others and alone (${CASES} cases)`, () => {
  const seen = { offers: 0, further: 0, absorbs: 0, shared: 0, follows: 0 };
  for (let seed = 0; seed < CASES; seed++) {
    const dice = random(50_000 + seed);
    const state = randomToy(dice);
    const view = open(state);
    const situation = situationOf([view], POOLS, {
      gasPrice: 10n ** 9n,
      limits: { gas: 16_000_000n, legs: 1 + Math.floor(dice.between(0, 6)) },
    });
    const { offers } = bestOffers(situation, view.deals(keysOf(state)), HEAD);
    const calls: ToyCall[] = [];
    for (const { rounds, plan } of offers) {
      const own: ToyCall[] = rounds.flatMap((deals, index) => {
        const { source, amount, maxPay } = plan.rounds[index]!;
        const does = deals.map((deal): ToyCall => {
          const { account, asset } = deal.detail as { account: Address; asset: Address };
          if (deal.kind === 'absorb') return { call: 'absorb', account };
          if (deal.kind === 'buy') return { call: 'buy', asset, spend: deal.spend!.amount };
          return { call: 'liquidate', account, repay: deal.spend!.amount };
        });
        if (source !== state.address) return does;
        return [{ call: 'lend', amount } as const, ...does, { call: 'repay', amount, fee: maxPay } as const];
      });
      calls.push(...own);
      const gains = (done: bigint[], all: ToyCall[]) =>
        done.filter((_, at) => !['lend', 'repay'].includes(all[at]!.call));
      const claimed = rounds.flat().map(({ gain }) => gain?.amount ?? 0n);
      // Alone, whether or not the plans before it land, and behind them.
      expect(gains(runToy(state, own), own)).toEqual(claimed);
      expect(gains(runToy(state, calls), calls).slice(-claimed.length)).toEqual(claimed);
      seen.absorbs += rounds.flat().filter(({ kind }) => kind === 'absorb').length;
      seen.follows += rounds.flat().filter(({ id }) => id.endsWith('#1')).length;
      if (rounds.some((deals) => deals.length > 1)) seen.shared++;
    }
    seen.offers += offers.length;
    seen.further += Math.max(0, offers.length - 1);
  }
  for (const [kind, count] of Object.entries(seen)) expect(count, kind).toBeGreaterThan(10);
});

test('two accounts that share 20 units of liquidity are promised no more than those', () => {
  const account = (debt: bigint) => ({
    debt: debt * ETHER,
    collateral: { asset: WETH, amount: 30n * ETHER },
    bonusBps: 11_000n,
    times: 1,
  });
  const state = toy({
    base: USD,
    prices,
    liquidity: new Map([[WETH, 20n * ETHER]]),
    liquidatable: new Map([
      [address(0x20), account(24_000n)],
      [address(0x21), account(24_000n)],
    ]),
  });
  const view = open(state);
  const deals = view.deals(keysOf(state));
  // Alone each seizes 13.2.
  expect(deals.map(({ gain }) => gain!.amount)).toEqual([13_200000000000000000n, 13_200000000000000000n]);
  const { offers } = bestOffers(situationOf([view], POOLS), deals, HEAD);
  const gained = offers.flatMap(({ rounds }) => rounds.flat()).map(({ gain }) => gain!.amount);
  expect(gained).toHaveLength(2);
  const sum = gained.reduce((all, each) => all + each, 0n);
  expect(sum).toBeLessThanOrEqual(20n * ETHER);
  expect(sum).toBeGreaterThan(19_999n * 10n ** 15n);
});

test('what is lent is not there to be seized: the deal is fitted to what the loan leaves, and pays what it costs', () => {
  const other = { debt: 500n * ETHER, collateral: { asset: USD, amount: 2_000n * ETHER }, bonusBps: 12_000n, times: 1 };
  const state = toy({
    base: USD,
    prices,
    liquidity: new Map([[USD, 1_000n * ETHER]]),
    liquidatable: new Map([[address(0x20), other]]),
    lends: { feeBps: 10n },
  });
  const view = open(state);
  const [deal] = view.deals([address(0x20)]);
  expect(deal!.gain!.amount).toBe(600n * ETHER);
  const way: Way = { kind: 'loan', spend: USD, gain: USD, routes: [] };
  const draft = walked(situationOf([view], []), [{ way, steps: [{ deal: deal!, most: 500n * ETHER, brings: [] }] }]);
  // 500 are lent and 500 are left, for 416.66: so much is lent then, and none of it is asked for twice.
  expect(
    draft.map(({ deals, quote }) => [deals[0]!.spend!.amount, deals[0]!.gain!.amount, quote.amount, quote.fee]),
  ).toEqual([[416_666666666666666666n, 499_999999999999999999n, 416_666666666666666666n, 416666666666666667n]]);
  expectClaimsToHold(draft, state);
  expect(areApart(situationOf([view], []), [deal!], [{ asset: USD, amount: 500n * ETHER }])).toBe(false);
  expect(areApart(situationOf([view], []), [deal!], [{ asset: USD, amount: 1_001n * ETHER }])).toBe(true);
  expect(areApart(situationOf([view], []), [deal!], [])).toBe(true);
});

test('deals are apart while all that they draw is there, less what earlier plans take', () => {
  const account = {
    debt: 10_000n * ETHER,
    collateral: { asset: WETH, amount: 30n * ETHER },
    bonusBps: 10_000n,
    times: 1,
  };
  const state = toy({
    base: USD,
    prices,
    liquidity: new Map([[WETH, 10n * ETHER]]),
    liquidatable: new Map([
      [address(0x20), account],
      [address(0x21), account],
    ]),
  });
  const view = open(state);
  const deals = view.deals(keysOf(state));
  const situation = situationOf([view], []);
  const on = `${keyOf(state)}/liquidity/${WETH}`;
  expect(areApart(situation, deals, [])).toBe(true);
  expect(areApart({ ...situation, drawn: new Map([[on, 1n]]) }, deals, [])).toBe(false);
  expect([...drawnBy(new Map([[on, 5n]]), deals)]).toEqual([[on, 10n * ETHER + 5n]]);
});

test('a deal is cut to what earlier plans leave, and gone where that is nothing', () => {
  const account = {
    debt: 10_000n * ETHER,
    collateral: { asset: WETH, amount: 30n * ETHER },
    bonusBps: 10_000n,
    times: 1,
  };
  const state = toy({
    base: USD,
    prices,
    liquidity: new Map([[WETH, 10n * ETHER]]),
    liquidatable: new Map([[address(0x20), account]]),
  });
  const view = open(state);
  const [deal] = view.deals(keysOf(state));
  const on = `${keyOf(state)}/liquidity/${WETH}`;
  const cut = (taken: bigint) => cutToLeft({ drawn: new Map([[on, taken]]) }, view, deal!);
  expect(cut(5n * ETHER)).toBe(deal);
  expect(cut(5n * ETHER + 1n)!.gain!.amount).toBeLessThanOrEqual(5n * ETHER - 1n);
  expect(cut(9n * ETHER)!.spend!.amount).toBe(2_000n * ETHER);
  expect(cut(10n * ETHER)).toBeUndefined();
  expect(cut(11n * ETHER)).toBeUndefined();
  expect(cutToLeft({ drawn: new Map([[`${keyOf(state)}/liquidity/${BTC}`, 10n ** 30n]]) }, view, deal!)).toBe(deal);
});
