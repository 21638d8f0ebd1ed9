import { describe, expect, test } from 'vitest';
import { bundlesOf, split } from '../../src/execution/split.ts';
import type { Offer } from '../../src/planning/offer.ts';
import type { Terms } from '../../src/planning/terms.ts';
import type { Deal } from '../../src/protocols/protocol.ts';
import { COLLATERAL, DEBT, MARKET } from './sent.ts';

const deal = (id: string, changes: Partial<Deal> = {}): Deal => ({
  ...{ id, market: MARKET, kind: 'liquidate', subjects: [], claims: [id], draws: [], gas: 0n, bytes: 0, detail: null },
  ...{ spend: { asset: DEBT, amount: 1n, inHand: 1n }, gain: { asset: COLLATERAL, amount: 1n } },
  ...changes,
});
/** A deal that brings a stock and pays nothing. */
const bringing = (id: string, on: string, amount = -5n): Deal => {
  const { spend, gain, ...rest } = deal(id, { kind: 'absorb', draws: [{ on, amount }] });
  return rest;
};
const drawing = (id: string, on: string): Deal => deal(id, { kind: 'buy', draws: [{ on, amount: 5n }] });
const bundles = (...deals: Deal[]) => bundlesOf(deals).map((claims) => [...claims]);

describe('bundles', () => {
  test('are one an account, also of several steps', () => {
    expect(bundles(deal('a'), deal('b'), deal('a#1', { claims: ['a'] }))).toEqual([['a'], ['b']]);
  });

  test('of deals that only share a stock are several: each pays for itself', () => {
    const bringsToo = deal('c', { draws: [{ on: 'liquidity', amount: -5n }] });
    expect(bundles(drawing('a', 'liquidity'), drawing('b', 'liquidity'), bringsToo)).toEqual([['a'], ['b'], ['c']]);
  });

  test('hold what only brings together with all that draw on it, in whatever order', () => {
    const absorb = bringing('a', 'stock');
    expect(bundles(absorb, drawing('b', 'stock'), drawing('c', 'other'))).toEqual([['a', 'b'], ['c']]);
    expect(bundles(drawing('b', 'stock'), drawing('c', 'other'), absorb)).toEqual([['b', 'a'], ['c']]);
  });

  test('that a later deal joins become one', () => {
    const joining = deal('x', { claims: ['x', 'a', 'b'] });
    expect(bundles(deal('a'), deal('c'), deal('b', { claims: ['b', 'b2'] }), joining)).toEqual([
      ['a', 'x', 'b', 'b2'],
      ['c'],
    ]);
    // What one of them was tied to ties them all.
    const [first, second] = [bringing('p', 'stock'), drawing('q', 'stock')];
    expect(bundles(deal('a'), first, deal('j', { claims: ['a', 'p'] }), second)).toEqual([['a', 'p', 'q']]);
  });

  test.each([
    ['spends', { spend: { asset: DEBT, amount: 1n, inHand: 1n } }],
    ['gains', { gain: { asset: COLLATERAL, amount: 1n } }],
    ['brings profit later', { later: { gain: { asset: DEBT, amount: 1n }, chance: 1, gas: 1n, from: 0n, until: 9n } }],
  ] as const)('are not tied by one that %s as well', (_, more) => {
    expect(bundles({ ...bringing('a', 'stock'), ...more }, drawing('b', 'stock'))).toEqual([['a'], ['b']]);
  });

  test('are not tied by one that brings nothing', () => {
    expect(bundles(bringing('a', 'stock', 0n), drawing('b', 'stock'))).toEqual([['a'], ['b']]);
  });
});

/** Offers are told apart by the claims and the most legs that they were made of. */
function offerOf(deals: Deal[], without: readonly string[] = []) {
  const asked: [string[], number | undefined][] = [];
  const offer = {
    rounds: deals.map((each) => [each]),
    anew(claims: ReadonlySet<string>, legs?: number): Offer[] {
      asked.push([[...claims], legs]);
      const known = [...claims].filter((claim) => !without.includes(claim));
      return known.length === 0 ? [] : [{ ways: known } as unknown as Offer];
    },
  };
  return { offer, asked };
}
const refuse =
  (...bad: string[]) =>
  async ({ ways }: Offer) =>
    ways.some((claim) => bad.includes(claim))
      ? { reason: `bad ${ways}` }
      : { terms: { net: worthOf(ways[0]!) } as Terms };
/** A claim further back in the alphabet is worth more. */
const worthOf = (claim: string): bigint => BigInt(claim.charCodeAt(0));

describe('the bundles of a plan, run one by one', () => {
  test('are told apart: those that fail by all of their claims, the others as plans of their own', async () => {
    const { offer, asked } = offerOf([deal('a'), deal('b', { claims: ['b', 'b2'] }), deal('c')]);
    const { alone, failing } = await split(offer, refuse('b'));
    expect(asked).toEqual([
      [['a'], 1],
      [['b', 'b2'], 1],
      [['c'], 1],
    ]);
    expect([...failing]).toEqual([
      ['b', { reason: 'bad b,b2' }],
      ['b2', { reason: 'bad b,b2' }],
    ]);
    expect(alone.map(({ ways }) => ways)).toEqual([['c'], ['a']]);
  });

  test('come back by what they pay, whichever was run first', async () => {
    const { offer } = offerOf([deal('b'), deal('d'), deal('a'), deal('c')]);
    const { alone, failing } = await split(offer, refuse());
    expect(alone.map(({ ways }) => ways[0])).toEqual(['d', 'c', 'b', 'a']);
    expect(failing.size).toBe(0);
  });

  test('leave out what pays in company only', async () => {
    const { offer } = offerOf([deal('a'), deal('b')], ['b']);
    const { alone, failing } = await split(offer, refuse());
    expect(alone.map(({ ways }) => ways)).toEqual([['a']]);
    expect(failing.size).toBe(0);
  });

  test('that all fail leave nothing', async () => {
    const { offer } = offerOf([deal('a'), deal('b')]);
    const { alone, failing } = await split(offer, refuse('a', 'b'));
    expect([alone, [...failing.keys()]]).toEqual([[], ['a', 'b']]);
  });
});
