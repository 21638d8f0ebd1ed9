import { expect, test } from 'vitest';
import { FUNDING } from '../../src/contract/plan.ts';
import { openFunding } from '../../src/planning/funding.ts';
import type { View } from '../../src/protocols/protocol.ts';
import { poolGraph } from '../../src/venues/paths.ts';
import { address, BTC, ETHER, pair, pool, USD, WETH } from './rig.ts';

/** A market that lends up to so much of USD, for so many bps. */
function lender(name: string, most: bigint, bps: bigint): View {
  const view = { market: `toy:${name}` } as View;
  return Object.assign(view, {
    loan: (asset: string, amount: bigint) =>
      asset === USD && amount <= most
        ? { funding: 7, source: address(Number(name)), fee: (amount * bps) / 10_000n, out: view, back: () => view }
        : undefined,
  });
}
const pools = [
  pool(0x10, WETH, USD, { fee: 500 }),
  pool(0x11, USD, BTC, { fee: 100, liquidity: 10n ** 21n }),
  pool(0x12, WETH, USD, { fee: 3_000 }),
  pair(0x13, WETH, USD, ETHER, ETHER),
];
const states = new Map(pools.map((state) => [state.address, state]));
const funding = (...views: View[]) =>
  openFunding(new Map(views.map((view) => [view.market, view])), poolGraph(pools), states);

test('the cheapest of all: markets among each other, then pools, the market where a pool costs as much', () => {
  const lend = funding(lender('1', 10n ** 30n, 9n), lender('2', 10n ** 30n, 5n), lender('3', 10n ** 30n, 5n));
  // A pool of one bp has only 1,000 of it, nearly.
  expect(lend(USD, 900n * ETHER)).toEqual({
    funding: FUNDING.uniswapV3Flash,
    source: address(0x11),
    fee: (9n * ETHER) / 100n,
    extra: '0x',
  });
  expect(lend(USD, 2_000n * ETHER)).toMatchObject({
    funding: 7,
    source: address(2),
    fee: ETHER,
    extra: '0x',
    of: { market: 'toy:2' },
  });
  expect(funding(lender('1', 10n ** 30n, 9n))(USD, 2_000n * ETHER)).toMatchObject({
    source: address(0x10),
    fee: ETHER,
    extra: '0x01',
  });
});

test('a market that does not lend as much is passed over; without any, a pool', () => {
  const lend = funding(lender('1', 1_000n * ETHER, 0n));
  expect(lend(USD, 1_000n * ETHER)).toMatchObject({ source: address(1), fee: 0n });
  expect(lend(USD, 1_001n * ETHER)?.source).toBe(address(0x10));
  expect(lend(WETH, ETHER)).toEqual({
    funding: FUNDING.uniswapV3Flash,
    source: address(0x10),
    fee: ETHER / 2_000n,
    extra: '0x',
  });
  expect(lend(address(9), 1n)).toBeUndefined();
  expect(lend(USD, 10n ** 40n)).toBeUndefined();
});

test('the fee of a pool is rounded up, as the pool does', () => {
  expect(funding()(USD, 10_001n)?.fee).toBe(2n);
  expect(funding()(USD, 10_000n)?.fee).toBe(1n);
});

test('a pool that the round sells to is locked; one that has moved out of its liquidity lends nothing', () => {
  const lend = funding();
  const route = { hops: [{ pool: address(0x11), zeroForOne: true }], tokens: [USD, BTC] };
  expect(lend(USD, ETHER, { states, routes: [route] })?.source).toBe(address(0x10));
  const empty = new Map(states).set(address(0x11), { ...pools[1]!, liquidity: 0n } as (typeof pools)[1]);
  expect(lend(USD, ETHER, { states: empty, routes: [] })?.source).toBe(address(0x10));
  expect(lend(USD, ETHER, { states: { get: () => undefined }, routes: [] })).toBeUndefined();
});

test('a round asks the markets as they are by then', () => {
  const lend = funding(lender('1', 10n ** 30n, 0n));
  const later = lender('1', 0n, 0n);
  expect(lend(USD, ETHER, { states, routes: [], views: new Map([[later.market, later]]) })?.source).toBe(address(0x11));
  expect(lend(USD, ETHER, { states, routes: [] })?.source).toBe(address(1));
});
