import { expect, test } from 'vitest';
import { bundlesOf } from '../../src/planning/bundles.ts';
import {
  type Drawing,
  holdsFor,
  openStocks,
  roomFor,
  type ScarceDraw,
  scarceDraws,
} from '../../src/planning/estimate-stocks.ts';
import type { View } from '../../src/protocols/protocol.ts';
import { deal, USD } from './rig.ts';

const there: Record<string, bigint> = { a: 100n, b: 10n };
const view = { market: 'toy:0x01', stock: (on: string) => there[on] ?? 0n } as unknown as View;
const stocksOf = (amounts: [string, bigint][], drawn: [string, bigint][] = []) => {
  const deals = amounts.map(([on, amount], index) =>
    deal({ id: `${index}`, claims: [`${index}`], draws: [{ on, amount }] }),
  );
  return openStocks({ drawn: new Map(drawn) }, bundlesOf(new Map([[view.market, view]]), deals));
};

test('a stock is scarce where all draws on it are more than there is, less what earlier plans take', () => {
  expect(
    stocksOf([
      ['a', 60n],
      ['a', 40n],
    ]).there,
  ).toEqual([]);
  const short = stocksOf([
    ['a', 60n],
    ['a', 41n],
    ['b', 1n],
  ]);
  expect([...short.numbers]).toEqual([['a', 0]]);
  expect(short.there).toEqual([100]);
  expect(
    stocksOf(
      [
        ['a', 60n],
        ['a', 40n],
      ],
      [['a', 1n]],
    ).there,
  ).toEqual([99]);
  // What is brought makes nothing less scarce: it may not come.
  expect(
    stocksOf([
      ['a', 101n],
      ['a', -50n],
    ]).there,
  ).toEqual([100]);
  expect(stocksOf([['a', -101n]]).there).toEqual([]);
});

test('draws on scarce stocks in floats: all of it, and a unit of what is spent', () => {
  const stocks = stocksOf([['a', 101n]]);
  const spend = { asset: USD, amount: 4n, inHand: 4n };
  const draws = [
    { on: 'b', amount: 1n },
    { on: 'a', amount: 20n, over: true as const },
    { on: 'a', amount: -2n },
  ];
  expect(scarceDraws(stocks, deal({ spend, draws }))).toEqual([
    { stock: 0, amount: 20, rate: 5, over: true },
    { stock: 0, amount: -2, rate: -0.5, over: false },
  ]);
  const { spend: _, ...unspent } = deal({ draws });
  expect(scarceDraws(stocks, unspent)[0]).toEqual({ stock: 0, amount: 20, rate: 0, over: true });
  expect(scarceDraws(stocksOf([]), deal({ draws }))).toEqual([]);
});

const STOCKS = {
  numbers: new Map([
    ['a', 0],
    ['b', 1],
  ]),
  there: [100, 10],
};
const draw = (amount: number, rate = amount / 10, stock = 0, over = false): ScarceDraw => ({
  stock,
  amount,
  rate,
  over,
});
const placed = (draws: ScarceDraw[], spend = 10, brings: Drawing['brings'] = []): Drawing => ({
  deal: { spend: 10, draws },
  whole: spend === 10,
  spend,
  brings,
});
const roomOf = (
  draws: ScarceDraw[],
  before: Drawing[] = [],
  behind: Drawing[] = [],
  brings: Drawing['brings'] = [],
  spend = 10,
) => roomFor(STOCKS, before, behind, { spend, draws }, brings);

test('room: all of it while there is enough, then so much as is left', () => {
  expect(roomOf([])).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(100)])).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(101)])).toBeCloseTo(100 / 10.1);
  expect(roomOf([draw(50)], [placed([draw(80)])])).toBe(4);
  // Half of what came before was taken.
  expect(roomOf([draw(80)], [placed([draw(80)], 5)])).toBe(60 / 8);
  expect(roomOf([draw(1)], [placed([draw(100)])])).toBe(Number.NEGATIVE_INFINITY);
  // The scarcest of several stocks.
  expect(roomOf([draw(200), draw(40, 4, 1)])).toBe(2.5);
});

test('room: what is brought before counts, and what comes behind must not be left short', () => {
  const bringer = { draws: [draw(-30, 0)] };
  expect(roomOf([draw(125)], [placed([], 10, [bringer])])).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(200)], [], [], [bringer])).toBe(130 / 20);
  expect(roomOf([draw(50)], [], [placed([draw(80)])])).toBe(4);
  // What is brought only behind it does not help it, but those behind.
  expect(roomOf([draw(200)], [], [placed([draw(50)], 10, [bringer])])).toBe(80 / 20);
  expect(roomOf([draw(80)], [], [placed([draw(50)], 10, [bringer])])).toBe(Number.POSITIVE_INFINITY);
  // A deal that brings itself lowers nothing.
  expect(roomOf([draw(-5, -0.5)], [placed([draw(100)])])).toBe(Number.POSITIVE_INFINITY);
});

test('room: what may be overdrawn needs some left, and leaves some to others that do', () => {
  expect(roomOf([draw(500, 50, 0, true)])).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(500, 50, 0, true)], [placed([draw(100)])])).toBe(Number.NEGATIVE_INFINITY);
  expect(roomOf([draw(500, 50, 0, true)], [placed([draw(99)])])).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(50, 5, 0, true)], [], [placed([draw(300, 30, 0, true)])])).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(500, 50, 0, true)], [], [placed([draw(300, 30, 0, true)])])).toBeCloseTo(2, 6);
  expect(roomOf([draw(500, 50, 0, true)], [], [placed([draw(300, 30, 0, true)])])).toBeLessThan(2);
});

test('room: what cannot be cut is there whole or not at all', () => {
  expect(roomOf([draw(100, 0)], [], [], [], 0)).toBe(Number.POSITIVE_INFINITY);
  expect(roomOf([draw(101, 0)], [], [], [], 0)).toBe(Number.NEGATIVE_INFINITY);
});

test('a plan holds while every deal finds what it draws on', () => {
  const bringer = { draws: [draw(-30, 0)] };
  expect(holdsFor(STOCKS, [placed([draw(60)]), placed([draw(40)])])).toBe(true);
  expect(holdsFor(STOCKS, [placed([draw(60)]), placed([draw(41)])])).toBe(false);
  expect(holdsFor(STOCKS, [placed([draw(60)]), placed([draw(41)], 9)])).toBe(true);
  expect(holdsFor(STOCKS, [placed([draw(60)]), placed([draw(70)], 10, [bringer])])).toBe(true);
  expect(holdsFor(STOCKS, [placed([draw(101)]), placed([draw(0)], 10, [bringer])])).toBe(false);
  expect(holdsFor(STOCKS, [placed([draw(300, 30, 0, true)])])).toBe(true);
  expect(holdsFor(STOCKS, [placed([draw(300, 30, 0, true)]), placed([draw(1, 0.1, 0, true)])])).toBe(false);
  expect(holdsFor({ numbers: new Map(), there: [] }, [placed([draw(1)])])).toBe(true);
});
