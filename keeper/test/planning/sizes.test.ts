import { expect, test } from 'vitest';
import { bestSize, sharpest } from '../../src/planning/sizes.ts';

/** A bonus of 5 % against a price that worsens with the square of the size; nothing above `most`. */
const worth = (depth: bigint, most: bigint) => (size: bigint) =>
  size > most ? undefined : size * 50n - (size * size) / depth;

test('the summit of a sale whose price worsens, to a thousandth', () => {
  // 50 - 2·size / depth is 0 at 25 times the depth.
  const summit = 25n * 1_000_000n;
  const found = sharpest(1n, 10n ** 9n, worth(1_000_000n, 10n ** 9n))!;
  expect(found).toBeGreaterThan(summit - summit / 1_000n);
  expect(found).toBeLessThan(summit + summit / 1_000n);
});

test('sizes that do not work are passed over', () => {
  const found = sharpest(1n, 10n ** 9n, worth(1_000_000n, 5_000_000n))!;
  expect(found).toBeGreaterThan(4_990_000n);
  expect(found).toBeLessThanOrEqual(5_000_000n);
  expect(sharpest(1n, 10n ** 9n, () => undefined)).toBeUndefined();
});

test('all of it where more is still better, and the boundary of dust where all is not possible', () => {
  const deep = worth(10n ** 12n, 10n ** 9n);
  expect(bestSize(1_000_000n, 900_000n, deep)).toEqual({ size: 1_000_000n, value: deep(1_000_000n) });
  const shallow = worth(10n ** 12n, 950_000n);
  expect(bestSize(1_000_000n, 900_000n, shallow)).toEqual({ size: 900_000n, value: shallow(900_000n) });
});

test('all of it, although a part is better than a little less, where no part is legal', () => {
  const steep = worth(10_000n, 10n ** 9n);
  expect(bestSize(1_000_000n, 0n, steep)).toEqual({ size: 1_000_000n, value: steep(1_000_000n) });
  expect(bestSize(1_000_000n, 900_000n, steep)!.value).toBeGreaterThan(steep(1_000_000n)!);
});
