import { describe, expect, test } from 'vitest';
import { beat, clockOff, type Pulse, quiet, silence, stale, type Ticker, tick } from '../../src/triggers/quiet.ts';

const HOUR = 3_600n;

test.each([
  ['a block time and a half', 18_000, 12_000, undefined],
  ['a minute on a fast chain', 60_000, 250, undefined],
  ['a little more', 61_000, 250, 'no new block for 61 s'],
  ['ten block times', 120_000, 12_000, undefined],
  ['more than ten', 121_000, 12_000, 'no new block for 121 s'],
])('no head for %s', (_, since, blockTime, complaint) => {
  expect(silence(since, blockTime)).toBe(complaint);
});

test.each([
  ['about now', 0, undefined],
  ['an hour old', -3_600, /3600 s behind this machine's clock/],
  ['five minutes old', -300, undefined],
  ['a little ahead', 20, undefined],
  ['an hour ahead', 3_600, /3600 s ahead of this machine's clock/],
])('a new block that is %s', (_, seconds, complaint) => {
  const now = 1_700_000_000;
  const said = clockOff(BigInt(now + seconds), now * 1_000, 12_000);
  if (complaint) expect(said).toMatch(complaint);
  else expect(said).toBeUndefined();
});

test('a block of a slow chain may be late by many of its block times', () => {
  expect(clockOff(0n, 1_400_000, 60_000)).toBeUndefined();
  expect(clockOff(0n, 1_600_000, 60_000)).toContain('1600 s behind');
});

describe('a market', () => {
  /** After so many logs, one every so many seconds. */
  const after = (count: number, gap: bigint): Pulse => {
    let pulse = beat(undefined, 0n, false);
    for (let n = 1n; n <= BigInt(count); n++) pulse = beat(pulse, n * gap, true);
    return pulse;
  };

  test('that is busy is quiet after two hours without a log', () => {
    const pulse = after(100, 12n);
    expect(pulse).toEqual({ last: 1_200n, gap: 12, seen: 100 });
    expect(beat(pulse, 5_000n, false)).toBe(pulse);
    expect(quiet(pulse, 1_200n + 2n * HOUR)).toBeUndefined();
    expect(quiet(pulse, 1_201n + 2n * HOUR)).toBe('no log of this market for 2.0 h, where one comes every 12 s');
  });

  test('that has a log an hour is so after more than two days', () => {
    const pulse = after(20, HOUR);
    expect(quiet(pulse, pulse.last + 49n * HOUR)).toBeUndefined();
    expect(quiet(pulse, pulse.last + 51n * HOUR)).toContain('for 51.0 h');
  });

  test('of which little was seen is not judged', () => {
    expect(quiet(after(15, 12n), 100n * HOUR)).toBeUndefined();
  });
});

describe('a price', () => {
  test('that has moved and then stands still for more than a day is told of, until it moves', () => {
    let ticker: Ticker = tick(undefined, 100n, 0n);
    ticker = tick(ticker, 101n, HOUR);
    ticker = tick(ticker, 101n, 20n * HOUR);
    expect(stale(ticker, 27n * HOUR)).toBeUndefined();
    expect(stale(ticker, 28n * HOUR)).toBe('the price has not moved for 27.0 h');
    expect(stale(tick(ticker, 102n, 28n * HOUR), 29n * HOUR)).toBeUndefined();
  });

  test('that never moved is fixed', () => {
    expect(stale(tick(undefined, 100n, 0n), 1_000n * HOUR)).toBeUndefined();
  });
});
