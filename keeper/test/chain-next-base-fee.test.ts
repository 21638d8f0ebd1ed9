import { numberToHex } from 'viem';
import { expect, test } from 'vitest';
import { baseFeeAfter } from '../src/chain/next-base-fee.ts';

const GWEI = 10n ** 9n;
const after = (baseFee: bigint, used: bigint, limit = 30_000_000n) =>
  baseFeeAfter({
    baseFeePerGas: numberToHex(baseFee),
    gasUsed: numberToHex(used),
    gasLimit: numberToHex(limit),
  });

test.each([
  ['full: an eighth more', GWEI, 30_000_000n, 1_125_000_000n],
  ['half full: the same', GWEI, 15_000_000n, GWEI],
  ['empty: an eighth less', GWEI, 0n, 875_000_000n],
  ['three quarters full', GWEI, 22_500_000n, 1_062_500_000n],
  ['so cheap that an eighth is nothing: 1 wei more', 7n, 30_000_000n, 8n],
  ['so cheap that less is nothing', 7n, 1_000_000n, 7n],
])('the base fee after a block that is %s', (_, baseFee, used, next) => {
  expect(after(baseFee, used)).toBe(next);
});

test('the base fee after the first block of Ethereum that had one is that of block 12,965,001', () => {
  expect(after(GWEI, 30_025_257n, 30_029_122n)).toBe(1_124_967_822n);
});

test('is none on a chain without', () => {
  expect(baseFeeAfter({ gasUsed: '0x1', gasLimit: '0x2' })).toBe(0n);
});
