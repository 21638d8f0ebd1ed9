import { expect, test } from 'vitest';
import { tableOf } from '../../test-fork/demo/table.ts';
import { hashOf } from './execution/node.ts';

const tokens = { USDC: 6, WETH: 18, WBTC: 8, wstETH: 18 };
const directory = {
  tokens: Object.fromEntries(Object.entries(tokens).map(([symbol, decimals]) => [symbol, { decimals }])),
} as never;
const row = {
  account: '0x9f7600000000000000000000000000000000200E' as const,
  ...{ debt: 'USDC', collateral: 'wstETH', gas: 1_441_000n, hash: hashOf(1) },
  ...{ repaid: 2_345_678_123_456n, seized: 1_234_567_890_000_000_000_000n },
  profit: { wstETH: 123_456_789_012_345_678n, USDC: 1n },
};

test('the table of the demo fits a terminal of 80 columns', () => {
  const profit = { USDC: 10n ** 15n, WETH: 5n * 10n ** 21n, WBTC: 123_456_789n, wstETH: 10n ** 22n };
  const lines = tableOf(directory, [row, { ...row, repaid: 1n, seized: 5n * 10n ** 17n }], {
    ...profit,
    DAI: 0n,
  }).split('\n');
  expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
  const cells = lines[3]!.split('│').map((cell) => cell.trim());
  expect(cells.filter((cell) => cell !== '')).toEqual([
    ...['0x9f76…200E', '2,345,678 USDC', '1,234 wstETH', '0.1234 wstETH', '1,441,000'],
  ]);
  expect(lines[4]).toMatch(/ 0 USDC │ +0.5 wstETH │/);
  expect(lines.slice(-2)).toEqual([
    '2 liquidations of 1 accounts, 2,882,000 gas',
    'treasury: 1,000,000,000 USDC, 5,000 WETH, 1.23 WBTC, 10,000 wstETH',
  ]);
});
