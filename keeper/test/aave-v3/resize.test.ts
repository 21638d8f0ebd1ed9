import { expect, test } from 'vitest';
import { aaveV3 } from '../../src/protocols/aave-v3/index.ts';
import { asset, now, scene } from './scene.ts';

const USD = 10n ** 8n;
const ether = { price: 3000n * USD, liquidationThreshold: 8245n };
const dollars = { decimals: 6, liquidationThreshold: 7500n };
/** 2 ether against $5,100: half may be repaid, $2,550 for 0.85 ether and the bonus. */
const half = scene(11n, [ether, dollars], [{ supply: 2n * 10n ** 18n }, { debt: 5100_000000n }]);
/** All of it may be, or so much that $1,000 are left. */
const whole = scene(
  11n,
  [{ ...ether, liquidationThreshold: 8075n }, dollars],
  [{ supply: 2n * 10n ** 18n }, { debt: 5100_000000n }],
);

const resized = ({ market, state, account }: typeof half, repay: bigint) => {
  const [option] = aaveV3.options(market, state, account, now);
  return { option: option!, less: aaveV3.resize(market, state, account, now, option!, repay) };
};

test('less than is legal is exact, funded exactly, and has the bonus and the fee of its own size', () => {
  const { less } = resized(half, 1000_000000n);
  // A third of an ether and 5 %, of which the treasury has a tenth.
  expect(less).toMatchObject({
    debtAsset: asset(1),
    repay: 1000_000000n,
    argument: 1000_000000n,
    funding: 1000_000000n,
    seized: 348333333333333332n,
    fee: 1666666666666667n,
    closesDebt: false,
    closesCollateral: false,
  });
});

test('what is as much or more is the option itself, nothing is nothing', () => {
  const { option, less } = resized(half, 2550_000000n);
  expect(less).toBe(option);
  expect(resized(half, 9999_000000n).less).toEqual(option);
  expect(resized(half, 0n).less).toBeUndefined();
});

test('a part that would leave dust is cut to what leaves $1,000, less a margin', () => {
  const { option, less } = resized(whole, 5100_000000n - 1n);
  expect(option.closesDebt).toBe(true);
  // $5,100 less $1,000, of that a thousandth less.
  expect(less).toMatchObject({ repay: 4095_900000n, argument: 4095_900000n, closesDebt: false });
});

test('the account after half of its position: what is left is judged anew', () => {
  const { market, state, account } = whole;
  const { less } = resized(whole, 2000_000000n);
  const next = aaveV3.after(market, state, account, now, less!)!;
  expect(next.account.cells.map(({ amount }) => amount)).toEqual([
    2n * 10n ** 18n - less!.seized - less!.fee,
    3100_000000n,
  ]);
  const [option] = aaveV3.options(market, state, account, now);
  expect(aaveV3.after(market, state, account, now, option!)).toBeUndefined();
});
