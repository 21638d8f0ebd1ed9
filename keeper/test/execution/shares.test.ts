import { describe, expect, test } from 'vitest';
import { evenly, type Measured, sharesOf } from '../../src/execution/shares.ts';
import { address } from './sent.ts';

const [USDC, WETH, WBTC] = [address(1), address(2), address(3)];
const leg = (changes: Partial<Measured>): Measured => ({
  ...{ account: address(9), debt: USDC, collateral: WETH, repaid: 0n, seized: 0n },
  ...changes,
});
const nothing = { gas: 0n, cost: 0n };

describe('a plan’s profit', () => {
  test('goes by what each leg seized of the token, rounded down, the rest to the first', () => {
    const legs = [leg({ seized: 1n, repaid: 100n }), leg({ seized: 2n }), leg({ collateral: WBTC, seized: 50n })];
    const profits = [{ token: WETH, amount: 11n }];
    const parts = sharesOf(legs, { profits, value: 0n }, nothing).map((share) => share.profits);
    expect(parts).toEqual([4n, 7n, 0n].map((amount) => [{ token: WETH, amount }]));
  });

  test('of a token that nobody seized goes by what each leg repaid of it', () => {
    const legs = [leg({ seized: 9n, repaid: 1n }), leg({ seized: 1n, repaid: 3n }), leg({ debt: WBTC, repaid: 8n })];
    const profits = [{ token: USDC, amount: 8n }];
    const parts = sharesOf(legs, { profits, value: 0n }, nothing).map((share) => share.profits[0]!.amount);
    expect(parts).toEqual([2n, 6n, 0n]);
  });

  test('of a token that no leg moved is shared out evenly', () => {
    const legs = [leg({}), leg({})];
    const profits = [{ token: WBTC, amount: 5n }];
    const parts = sharesOf(legs, { profits, value: 0n }, nothing).map((share) => share.profits[0]!.amount);
    expect(parts).toEqual([3n, 2n]);
  });

  test('of several tokens each goes its own way', () => {
    const legs = [leg({ seized: 3n }), leg({ collateral: WBTC, seized: 5n, repaid: 1n })];
    const profits = [
      { token: WETH, amount: 10n },
      { token: WBTC, amount: 20n },
    ];
    expect(sharesOf(legs, { profits, value: 0n }, nothing).map((share) => share.profits)).toEqual([
      [
        { token: WETH, amount: 10n },
        { token: WBTC, amount: 0n },
      ],
      [
        { token: WETH, amount: 0n },
        { token: WBTC, amount: 20n },
      ],
    ]);
  });
});

test('value, gas and its cost go by what each leg earned at the plan’s prices, what does not divide to the first', () => {
  // Half the WETH each is worth 4; the USDC is the first’s alone and worth 2 a unit: 4 + 6 to 4.
  const legs = [leg({ seized: 1n, repaid: 5n }), leg({ seized: 1n, debt: WBTC })];
  const profits = [
    { token: WETH, amount: 2n },
    { token: USDC, amount: 3n },
  ];
  const evenWeth = profits.map((profit, index) => ({ ...profit, amount: index === 0 ? 1n : 3n }));
  const prices = new Map([
    [WETH, 4n],
    [USDC, 2n],
  ]);
  expect(sharesOf(legs, { profits, value: 100n, prices }, { gas: 15n, cost: 29n })).toEqual([
    { profits: evenWeth, value: 72n, gas: 11n, gasCost: 21n },
    {
      profits: [
        { token: WETH, amount: 1n },
        { token: USDC, amount: 0n },
      ],
      value: 28n,
      gas: 4n,
      gasCost: 8n,
    },
  ]);
});

test('without prices, value, gas and its cost are shared out evenly', () => {
  const legs = [leg({ seized: 1n }), leg({ seized: 99n }), leg({})];
  expect(sharesOf(legs, { profits: [], value: 100n }, { gas: 8n, cost: 3n })).toEqual([
    { profits: [], value: 34n, gas: 4n, gasCost: 1n },
    { profits: [], value: 33n, gas: 2n, gasCost: 1n },
    { profits: [], value: 33n, gas: 2n, gasCost: 1n },
  ]);
});

test('a plan of which nothing landed has no shares', () => {
  expect(sharesOf([], { profits: [{ token: USDC, amount: 0n }], value: 0n }, nothing)).toEqual([]);
  expect(evenly(5n, 0)).toEqual([]);
});
