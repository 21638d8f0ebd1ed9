import { beforeEach, expect, test } from 'vitest';
import type { Logger } from '../../src/log/log.ts';
import { createHeart } from '../../src/report/heart.ts';
import { createNames } from '../../src/report/names.ts';
import { createReport, stopsLine } from '../../src/report/report.ts';
import { createTroubles } from '../../src/report/troubles.ts';
import { hashOf, head } from '../execution/node.ts';
import { offer } from '../execution/offer.ts';
import { address, claim, MARKET, sentLeg } from '../execution/sent.ts';

let lines: [level: string, message: string, fields: Record<string, unknown>][];
let log: Logger;
beforeEach(() => {
  lines = [];
  const at = (level: string) => (fields: Record<string, unknown>, message: string) =>
    lines.push([level, message, fields]);
  log = { debug: at('debug'), info: at('info'), warn: at('warn') } as unknown as Logger;
});
const markets = [{ key: MARKET, name: 'core' }];

test('every five minutes a line says that all is well, who is nearest, and how many lines it spared', () => {
  let clock = 0;
  const heart = createHeart(log, createNames(markets, []), () => clock);
  const market = (slack: number) => ({
    ...{ key: MARKET, underwater: 1 },
    book: { size: 9, nearest: () => [{ address: address(1), slack }] },
  });
  const beat = (minutes: number) => {
    clock = minutes * 60_000;
    heart.beat([market(0.31234567), market(0.21234567)], head(7n));
  };
  for (const minutes of [1, 4.9]) beat(minutes);
  heart.spared();
  heart.spared();
  expect(lines).toEqual([]);
  for (const minutes of [5, 6, 9.9, 10]) beat(minutes);
  const line = {
    head: 7n,
    accounts: 18,
    underwater: 2,
    protocol: 'aave-v3',
    market: 'core',
    account: address(1),
    slack: 0.2123,
  };
  expect(lines).toEqual([
    ['info', 'watching', { ...line, repeats: 2 }],
    ['info', 'watching', { ...line, repeats: 0 }],
  ]);
  createHeart(log, createNames([], []), () => (clock += 300_000)).beat([], head(8n));
  expect(lines[2]).toEqual(['info', 'watching', { head: 8n, accounts: 0, underwater: 0, repeats: 0 }]);
});

test('a dry run says what it would send once, until an account of it changes', () => {
  const report = createReport(log, markets, []);
  const would = () => report.wouldSend(offer([sentLeg(1), sentLeg(2)]), offer([sentLeg(1)]));
  would();
  would();
  report.wouldSend(offer([sentLeg(3)]), offer([sentLeg(3)]));
  report.forget([claim(2)]);
  would();
  expect(lines.map(([level]) => level)).toEqual(['info', 'debug', 'info', 'info']);
});

test.each([
  ['reverted: NotOperator(0x01)', /setOperator/],
  ['the max fee per gas is less than the block base fee: address 0x1, maxFeePerGas: 7, baseFee: 9', /--max-gas-price/],
  ['insufficient funds for gas * price + value: have 1 want 2', /send it some/],
])('%s concerns all: one warning, with what to do, until something is sent', (reason, cure) => {
  const report = createReport(log, markets, []);
  for (const n of [1, 2, 3]) report.setAside(claim(n), { reason });
  const warned = () => lines.filter(([level]) => level === 'warn');
  expect(warned()).toEqual([['warn', expect.stringMatching(cure), { reason }]]);
  expect(lines.filter(([, message]) => message === 'skipped').map(([level]) => level)).toEqual([
    'debug',
    'debug',
    'debug',
  ]);
  report.sent(offer([sentLeg(9)]), hashOf(1), offer([sentLeg(9)]));
  report.setAside(claim(1), { reason });
  expect(warned()).toHaveLength(2);
});

test('what is an account’s own trouble is told of that account', () => {
  expect(createTroubles(log).tell('reverted: HealthFactorNotBelowThreshold()')).toBe(false);
  const report = createReport(log, markets, []);
  report.setAside(claim(1), { reason: 'brings 5 wei and not the 7 it was planned for' });
  report.setAside(claim(1), { reason: 'brings 6 wei and not the 9 it was planned for' });
  expect(lines.map(([level, message]) => [level, message])).toEqual([
    ['info', 'skipped'],
    ['debug', 'skipped'],
  ]);
});

test('what a run came to has its money in the native coin', () => {
  const counts = { liquidated: 3, skipped: 1, lost: 0, reverted: 0, cancelled: 0 };
  expect(stopsLine({ ...counts, value: 15n * 10n ** 17n, gas: 10n ** 15n })).toEqual({
    ...counts,
    value: '1.5',
    fee: '0.001',
  });
});
