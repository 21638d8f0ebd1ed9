import type { Address } from 'viem';
import { expect, test } from 'vitest';
import { bundlesOf } from '../../src/planning/bundles.ts';
import { type Chooser, place } from '../../src/planning/estimate-place.ts';
import type { SketchedLeg } from '../../src/planning/estimate-round.ts';
import { build, fits, hasRoom, put, settle } from '../../src/planning/estimate-search.ts';
import { mostOf, sized } from '../../src/planning/estimate-size.ts';
import { baseWith, EMPTY, legsIn, openSketcher, type Sketch, withRound } from '../../src/planning/estimate-sketch.ts';
import { openFloats, sketchedDeal, waysOf } from '../../src/planning/estimate-ways.ts';
import { type Draft, drafted, gasOf, netOf } from '../../src/planning/exact-draft.ts';
import type { Situation } from '../../src/planning/situation.ts';
import { openEstimates } from '../../src/venues/estimate.ts';
import { address, BTC, ETHER, GWEI, pair, pool, situationOf, USD, WETH } from './rig.ts';
import { open, type Toy, toy } from './toy-market.ts';

const prices = new Map([
  [WETH, 2_000n],
  [USD, 1n],
  [BTC, 40_000n],
]);
const [A, B, C] = [address(0x21), address(0x22), address(0x23)];
const account = (debt: bigint, asset: Address, times = 1) => ({
  debt: debt * ETHER,
  collateral: { asset, amount: 1_000n * ETHER },
  bonusBps: 10_800n,
  times,
});
const market = (...accounts: [Address, ReturnType<typeof account>][]): Toy =>
  toy({
    base: USD,
    prices,
    liquidity: new Map([
      [WETH, 10_000n * ETHER],
      [BTC, 10_000n * ETHER],
      [USD, 10_000_000n * ETHER],
    ]),
    liquidatable: new Map(accounts),
    lends: { feeBps: 5n },
  });
const POOLS = [
  pool(0x10, WETH, USD, { tick: 76_013, liquidity: 10n ** 24n }),
  pool(0x11, WETH, USD, { tick: 76_013, liquidity: 10n ** 23n, fee: 3_000 }),
  pair(0x12, USD, BTC, 40_000_000n * ETHER, 1_000n * ETHER),
];
const risky = { gasPrice: GWEI / 10n, bytePrice: GWEI, stale: 20_000n, loss: 100_000n };

function rig(state: Toy, keys: readonly Address[], change: Partial<Situation> = {}) {
  const view = open(state);
  const situation = situationOf([view], POOLS, change);
  const bundles = bundlesOf(situation.views, view.deals(keys));
  const floats = openFloats(situation, bundles, openEstimates(situation.pools));
  const sketcher = openSketcher(floats);
  const chooser: Chooser = { sketcher, choices: new Map(), end: Number.POSITIVE_INFINITY };
  const stake = (at: number) => {
    const deal = sketchedDeal(floats, bundles[at]!, bundles[at]!.deals[0]!);
    return { deal, ways: waysOf(floats, deal.deal) };
  };
  return { situation, bundles, sketcher, chooser, stake };
}

const whole = ({ deal }: Pick<SketchedLeg, 'deal'>): SketchedLeg => {
  const { spend, inHand, gain, gas, cost, later } = deal;
  return { deal, brings: [], whole: true, spend, inHand, gain, gas, cost, later };
};

/** The same rounds in exact numbers. */
function exactly(situation: Situation, { rounds }: Sketch): Draft {
  const draft: Draft[number][] = [];
  for (const { way, legs } of rounds) {
    const round = drafted(situation, draft, { way: way.way, deals: legs.map(({ deal }) => deal.deal) });
    if (round) draft.push(round);
  }
  return draft;
}

const near = (value: number, exact: bigint) =>
  expect(Math.abs(value - Number(exact)) / Math.abs(Number(exact))).toBeLessThan(1e-7);

test('every way of a deal adds in floats what it adds exactly, after gas, calldata, and what may go wrong', () => {
  const { situation, sketcher, stake } = rig(
    market([A, account(40_000n, WETH)], [B, account(30_000n, BTC)]),
    [A, B],
    risky,
  );
  const kinds = [stake(0), stake(1)].flatMap(({ deal, ways }) =>
    ways.map((way) => {
      const sketch = withRound(sketcher, EMPTY, 0, way, [whole({ deal })])!;
      const draft = exactly(situation, sketch);
      expect(draft).toHaveLength(1);
      near(sketch.net, netOf(situation, draft));
      expect(sketch.gas).toBe(Number(draft[0]!.gas));
      expect(sketch.legs).toBe(1);
      return `${way.way.kind} ${way.routes.length}`;
    }),
  );
  expect(new Set(kinds)).toEqual(new Set(['flash swap 1', 'loan 2', 'loan 1']));
});

test('rounds that share a pool: each on the pools as those before leave it, and again where one before it changes', () => {
  const state = market([A, account(40_000n, WETH)], [B, account(60_000n, WETH)], [C, account(30_000n, BTC)]);
  const { situation, sketcher, stake } = rig(state, [A, B, C], risky);
  const [a, b, c] = [stake(0), stake(1), stake(2)];
  const one = withRound(sketcher, EMPTY, 0, a.ways[0]!, [whole(a)])!;
  const two = withRound(sketcher, one, 1, a.ways[0]!, [whole(b)])!;
  const three = withRound(sketcher, two, 2, c.ways[0]!, [whole(c)])!;
  near(three.net, netOf(situation, exactly(situation, three)));
  expect(three.legs).toBe(3);
  expect(three.tokens).toEqual(new Set([USD, WETH, BTC]));
  // Without the first, the second sells at a better price, and the third is what it was.
  const less = withRound(sketcher, three, 0, a.ways[0]!, [])!;
  expect(less.rounds).toHaveLength(2);
  expect(less.rounds[0]!.net).toBeGreaterThan(three.rounds[1]!.net);
  expect(less.rounds[1]).toBe(three.rounds[2]);
  near(less.net, netOf(situation, exactly(situation, less)));
  // And back: what was drawn in between has moved nothing.
  const again = withRound(sketcher, three, 0, a.ways[0]!, [whole(a)])!;
  expect(again.net).toBe(three.net);
  // Both in the first round.
  const both = withRound(sketcher, less, 0, a.ways[0]!, [whole(a), whole(b)])!;
  near(both.net, netOf(situation, exactly(situation, both)));
  expect(both.tokens).toBe(less.tokens);
});

test('what a place adds is the difference that it makes to the net, at no less than any other size', () => {
  const state = market([A, account(40_000n, WETH, 2)], [B, account(900_000n, WETH)]);
  const { sketcher, chooser, stake } = rig(state, [A, B], risky);
  const [a, b] = [stake(0), stake(1)];
  const start = withRound(sketcher, EMPTY, 0, a.ways[0]!, [whole(a)])!;
  for (const way of b.ways) {
    for (const at of way === a.ways[0] ? [0, 1] : [1]) {
      const others = start.rounds[at]?.legs ?? [];
      const asked = { deal: b.deal, brings: [], room: Number.POSITIVE_INFINITY };
      const placed = sized(sketcher, start, at, way, others, asked)!;
      const now = put(chooser, start, placed)!;
      expect(now.net - start.net).toBeCloseTo(placed.gain, -6);
      const cost = at === 1 ? way.cost : 0;
      expect(placed.gain).toBeLessThan(mostOf(sketcher, start, at, way, b.deal) - cost);
      for (const part of [0.2, 0.5, 0.9]) {
        const room = placed.leg.spend * part;
        const smaller = sized(sketcher, start, at, way, others, { ...asked, room });
        expect(smaller!.leg.spend).toBeLessThanOrEqual(room);
        expect(smaller!.gain).toBeLessThanOrEqual(placed.gain * (1 + 1e-9));
      }
    }
  }
});

test('a round in a plan costs its tokens only where they are new', () => {
  const { situation, sketcher, stake } = rig(
    market([A, account(40_000n, WETH)], [B, account(30_000n, BTC)]),
    [A, B],
    risky,
  );
  const [a, b] = [stake(0), stake(1)];
  const start = withRound(sketcher, EMPTY, 0, a.ways[0]!, [whole(a)])!;
  const { gasPrice } = situation;
  expect(baseWith(sketcher, EMPTY, a.ways[0]!)).toBe(start.base);
  expect(baseWith(sketcher, start, a.ways[0]!)).toBe(0);
  expect(baseWith(sketcher, start, b.ways[0]!)).toBe(Number(75_000n * gasPrice));
});

test('a plan fits up to the gas and the legs that it may have', () => {
  const state = market([A, account(40_000n, WETH)]);
  const sketch = (limits: Situation['limits']) => {
    const { chooser, sketcher, stake, situation } = rig(state, [A], { limits });
    const a = stake(0);
    const drawn = withRound(sketcher, EMPTY, 0, a.ways[0]!, [whole(a)])!;
    return { chooser, drawn, gas: gasOf(exactly(situation, drawn)) };
  };
  const { gas } = sketch({ gas: 16_000_000n, legs: 9 });
  const at = (limits: Situation['limits']) => {
    const { chooser, drawn } = sketch(limits);
    return [fits(chooser, drawn), hasRoom(chooser, drawn)];
  };
  expect(at({ gas, legs: 2 })).toEqual([true, true]);
  expect(at({ gas: gas - 1n, legs: 2 })).toEqual([false, true]);
  expect(at({ gas, legs: 1 })).toEqual([true, false]);
  expect(at({ gas, legs: 0 })).toEqual([false, false]);
});

test('the best place is that of the way that adds most; none where nothing adds more than is asked', () => {
  const { chooser, sketcher, bundles, stake } = rig(market([A, account(40_000n, WETH)]), [A], risky);
  const best = place(chooser, EMPTY, bundles[0]!)!;
  const gains = stake(0).ways.map((way) => {
    const asked = { deal: stake(0).deal, brings: [], room: Number.POSITIVE_INFINITY };
    return { way, gain: sized(sketcher, EMPTY, 0, way, [], asked)!.gain };
  });
  expect(best.gain).toBe(Math.max(...gains.map(({ gain }) => gain)));
  expect(best.way).toBe(gains.find(({ gain }) => gain === best.gain)!.way);
  expect(place(chooser, EMPTY, bundles[0]!, { least: best.gain })).toBeUndefined();
  expect(place(chooser, EMPTY, bundles[0]!, { least: best.gain * 0.999_999 })).toBe(best);
  const unshared = place(chooser, EMPTY, bundles[0]!, { shares: false })!;
  expect(unshared.way.routes).toHaveLength(1);
});

test('what is built is settled: trying again changes nothing', () => {
  const state = market([A, account(400_000n, WETH)], [B, account(300_000n, WETH)], [C, account(30_000n, BTC)]);
  const { chooser, bundles } = rig(state, [A, B, C], risky);
  const built = build(chooser, bundles);
  expect(built.full).toBe(false);
  expect(new Set(legsIn(built.sketch).map(({ deal }) => deal.of))).toEqual(new Set(bundles));
  expect(settle(chooser, built.sketch)).toEqual({ sketch: built.sketch, isSettled: true });
});

test('what was put badly is put better', () => {
  const { chooser, sketcher, stake } = rig(market([A, account(4_000n, WETH)]), [A], risky);
  const a = stake(0);
  const worst = a.ways.find(({ way }) => way.kind === 'flash swap' && way.route.hops[0]!.pool === address(0x11))!;
  const badly = withRound(sketcher, EMPTY, 0, worst, [whole(a)])!;
  const { sketch } = settle(chooser, badly);
  expect(sketch.net).toBeGreaterThan(badly.net);
  expect(sketch.rounds.map(({ way }) => way)).not.toContain(worst);
});

test('no more is put where there is no room for another leg', () => {
  const state = market([A, account(40_000n, WETH)], [B, account(30_000n, WETH)]);
  const { chooser, bundles } = rig(state, [A, B], { limits: { gas: 16_000_000n, legs: 1 } });
  const { sketch, full } = build(chooser, bundles);
  expect([sketch.legs, full]).toEqual([1, true]);
});
