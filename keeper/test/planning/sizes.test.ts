import { expect, test } from 'vitest';
import { bestSize, summit } from '../../src/planning/sizes.ts';

/** A bonus of 5 % against a price that worsens with the square of the size; nothing above `most`. */
const worth = (depth: number, most: number) => (size: number) =>
  size > most ? Number.NEGATIVE_INFINITY : size * 50 - (size * size) / depth;

test('the summit of a sale whose price worsens, to a thousandth, in a dozen tries', () => {
  // 50 - 2·size / depth is 0 at 25 times the depth.
  const best = 25 * 1_000_000;
  let tries = 0;
  const { size, value } = summit(0, 1e9, (at) => {
    tries++;
    return worth(1_000_000, 1e9)(at);
  });
  expect(Math.abs(size - best)).toBeLessThan(best / 1_000);
  expect(value).toBe(worth(1_000_000, 1e9)(size));
  expect(tries).toBeLessThanOrEqual(12);
});

test('the summit of a sale that falls off a cliff for every tick it crosses', () => {
  const ticks = (size: number) => worth(1_000_000, 1e9)(size) - 1e6 * Math.floor(size / 1e7);
  const { value } = summit(0, 1e9, ticks);
  expect(value).toBeGreaterThan(0.999 * ticks(24_999_999));
});

test('sizes that do not work are passed over', () => {
  const { size } = summit(0, 1e9, worth(1_000_000, 5_000_000));
  expect(size).toBeGreaterThan(4_990_000);
  expect(size).toBeLessThanOrEqual(5_000_000);
  expect(summit(0, 1e9, () => Number.NEGATIVE_INFINITY).value).toBe(Number.NEGATIVE_INFINITY);
});

test('all of it where more is still better, and the boundary of dust where all is not possible', () => {
  const deep = worth(1e12, 1e9);
  expect(bestSize(1_000_000, 900_000, deep)).toEqual({ size: 1_000_000, value: deep(1_000_000) });
  const shallow = worth(1e12, 950_000);
  expect(bestSize(1_000_000, 900_000, shallow)).toEqual({ size: 900_000, value: shallow(900_000) });
});

test('all of it, although a part is better than a little less, where no part is legal', () => {
  const steep = worth(10_000, 1e9);
  expect(bestSize(1_000_000, 0, steep)).toEqual({ size: 1_000_000, value: steep(1_000_000) });
  expect(bestSize(1_000_000, 900_000, steep)!.value).toBeGreaterThan(steep(1_000_000));
});

test('nothing where no size works', () => {
  expect(bestSize(1_000_000, 900_000, () => Number.NEGATIVE_INFINITY)).toBeUndefined();
});

test('a size that works is found where only the last ten-thousandth does', () => {
  const { size, value } = summit(0, 1e9, worth(1_000_000, 50_000));
  expect(size).toBeGreaterThan(49_000);
  expect(size).toBeLessThanOrEqual(50_000);
  expect(value).toBe(worth(1_000_000, 50_000)(size));
});
