import { describe, expect, test } from 'vitest';
import { key, now, type ReserveChange, type Scene, scene } from './scene.ts';

const USD = 10n ** 8n;
const MAX = 2n ** 256n - 1n;

/** Reserve 0 is collateral of 6 decimals, reserve 1 a debt token that cannot be divided. */
const rest = (revision: bigint, supply: bigint, fee = 1000n): Scene =>
  scene(
    revision,
    [
      { decimals: 6, price: 760008693n, liquidationBonus: 10936n, liquidationProtocolFee: fee },
      { decimals: 0, price: 44398n },
    ],
    [{ supply }, { debt: 18n }],
  );

const reasonOf = ({ view }: Scene) => {
  expect(view().health(key)).toMatchObject({ underwater: true });
  expect(view().deals([key])).toEqual([]);
  return view().whyNone?.(key);
};

describe('an account under water that nothing is offered for says why', () => {
  // Three units of collateral are worth 2,280, a unit of debt 44,398: the Pool gives them for the maximum, and asks for nothing.
  test.each([7n, 8n, 9n, 10n, 11n])(
    'revision %s: collateral that is worth less than a unit of the debt',
    (revision) => {
      expect(reasonOf(rest(revision, 3n))).toBe(
        'what is left of its collateral is worth no more than one unit of its debt',
      );
    },
  );

  test('collateral that is worth two units of the debt is offered', () => {
    // 130 units at 7.60008693 are 98,801: two units of debt and a bit, for which the bonus leaves 2 after rounding up.
    const { view } = rest(11n, 130n);
    expect(view().deals([key])).toMatchObject([{ spend: { amount: 2n }, detail: { argument: MAX } }]);
    expect(view().whyNone?.(key)).toBeUndefined();
  });

  const ether: ReserveChange = { price: 3000n * USD, liquidationThreshold: 8245n };
  const dollars: ReserveChange = { decimals: 6 };
  const stakes = [{ supply: 2n * 10n ** 18n }, { debt: 5100_000000n }];

  test('reserves that are paused, or were not long ago', () => {
    const repay = scene(11n, [ether, { ...dollars, paused: true }], stakes);
    expect(reasonOf(repay)).toBe('nobody may repay R1 now: inactive, paused or not long open again');
    const seize = scene(11n, [{ ...ether, gracePeriodUntil: now }, dollars], stakes);
    expect(reasonOf(seize)).toBe('nobody may seize R0 now: inactive, paused or not long open again');
  });

  test('a sentinel, a Pool that has paid everything out, nothing left to seize', () => {
    const held = scene(10n, [ether, dollars], stakes, { liquidationAllowed: false });
    expect(reasonOf(held)).toBe('liquidations are held back by the sequencer sentinel');
    expect(reasonOf(scene(11n, [{ ...ether, liquidity: 0n }, dollars], stakes))).toBe('the Pool has no R0 to pay out');
    expect(reasonOf(scene(11n, [ether, dollars], [{}, { debt: 1n }]))).toBe('it has no collateral left');
  });

  test('nothing, where it is not under water or there is a deal', () => {
    expect(scene(11n, [ether, dollars], stakes).view().whyNone?.(key)).toBeUndefined();
    expect(
      scene(11n, [ether, dollars], [{ supply: 10n ** 18n }])
        .view()
        .whyNone?.(key),
    ).toBeUndefined();
  });
});
