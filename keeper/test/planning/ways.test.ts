import { zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { baseGas, gasLimitFor, lostGas, mostGas, planGasLimit, roundBytes, roundGas } from '../../src/planning/gas.ts';
import { nameOf, pairOf, routesOf, type Way, waysFor } from '../../src/planning/ways.ts';
import { address, BTC, deal, pair, pool, situationOf, USD, WETH } from './rig.ts';

const DEEP = 10n ** 25n;
const pools = [
  pool(0x10, USD, BTC, { fee: 500, liquidity: DEEP }),
  pair(0x11, USD, BTC, 10n ** 24n, 10n ** 24n),
  pool(0x12, WETH, USD, { fee: 100, liquidity: DEEP / 2n }),
  pool(0x13, WETH, BTC, { fee: 3_000, liquidity: DEEP / 2n }),
];
const hop = (id: number, zeroForOne: boolean, v2 = false) => ({ pool: address(id), zeroForOne, ...(v2 ? { v2 } : {}) });
const swap = { hops: [hop(0x10, false)], tokens: [BTC, USD] };
const onPair = { hops: [hop(0x11, false, true)], tokens: [BTC, USD] };
const over = { hops: [hop(0x13, false), hop(0x12, true)], tokens: [BTC, WETH, USD] };
const pairOfTokens = { spend: USD, gain: BTC };

test('ways: flash swaps over v3, loans over v2, and sales that two routes share which do not meet', () => {
  const situation = situationOf([], pools);
  const ways = waysFor({ ...situation, priceOf: () => 10n ** 18n }, situation.pools, deal());
  expect(ways).toEqual([
    { ...pairOfTokens, kind: 'flash swap', route: swap },
    { ...pairOfTokens, kind: 'flash swap', route: over },
    { ...pairOfTokens, kind: 'loan', routes: [onPair] },
    { ...pairOfTokens, kind: 'loan', routes: [swap, over] },
    { ...pairOfTokens, kind: 'loan', routes: [swap, onPair] },
    { ...pairOfTokens, kind: 'loan', routes: [over, onPair] },
  ]);
});

test('ways without pairs of v2: no loan along one route', () => {
  const situation = situationOf([], [pools[0]!]);
  expect(waysFor(situation, situation.pools, deal())).toEqual([{ ...pairOfTokens, kind: 'flash swap', route: swap }]);
});

test('one asset needs a loan and no sale; nothing spent needs nothing; nothing gained has no way', () => {
  const situation = situationOf([], pools);
  const same = deal({ gain: { asset: USD, amount: 2n } });
  expect(waysFor(situation, situation.pools, same)).toEqual([{ spend: USD, gain: USD, kind: 'loan', routes: [] }]);
  const { spend: _, ...unspent } = deal();
  expect(waysFor(situation, situation.pools, unspent)).toEqual([{ spend: BTC, gain: BTC, kind: 'none' }]);
  const { gain: __, ...neither } = unspent;
  expect(waysFor(situation, situation.pools, neither)).toEqual([{ spend: WETH, gain: WETH, kind: 'none' }]);
  const { gain: ___, ...ungained } = deal();
  expect(waysFor(situation, situation.pools, ungained)).toEqual([]);
});

test('a round that gains the native coin names the wrapped one', () => {
  const { spend: _, ...unspent } = deal({ gain: { asset: zeroAddress, amount: 1n } });
  expect(pairOf(unspent, WETH)).toEqual({ spend: WETH, gain: zeroAddress });
  expect(pairOf(deal(), WETH)).toEqual(pairOfTokens);
  const { gain: __, ...ungained } = deal();
  expect(pairOf(ungained, WETH)).toEqual({ spend: USD, gain: USD });
});

const none: Way = { ...pairOfTokens, kind: 'none' };
const flashSwap = (route: typeof over | typeof swap): Way => ({ ...pairOfTokens, kind: 'flash swap', route });
const loan = (...routes: (typeof over | typeof onPair)[]): Way => ({ ...pairOfTokens, kind: 'loan', routes });
const mixed = { hops: [hop(0x13, false), hop(0x14, true, true)], tokens: [BTC, WETH, USD] };

test('names for the log', () => {
  const { pools: states } = situationOf([], pools);
  expect(nameOf(flashSwap(over), states)).toBe('flash swap 0.3 % + 0.01 %');
  expect(nameOf(loan(over, onPair), states)).toBe('flash loan, sale 0.3 % + 0.01 % | v2 0.3 %');
  expect(nameOf(loan(), states)).toBe('flash loan, one asset');
  expect(nameOf(none, states)).toBe('no funding');
  const from = { funding: 2, source: address(0x12), fee: 1n, extra: '0x' } as const;
  expect(nameOf(loan(), states, from)).toBe('flash loan of a 0.01 % pool, one asset');
  expect(nameOf(loan(), states, { ...from, funding: 7 })).toBe('flash loan, one asset');
  expect(routesOf(none)).toEqual([]);
});

test('gas and bytes of rounds: funding, deals, hops, seams between swaps, ticks', () => {
  expect(roundGas(none, 100n, 0)).toBe(40_100n);
  expect(roundGas(flashSwap(swap), 140_000n, 0)).toBe(220_000n);
  expect(roundGas(flashSwap(over), 140_000n, 2)).toBe(80_000n + 140_000n + 75_000n + 44_000n);
  expect(roundGas(loan(), 1n, 0)).toBe(70_001n);
  expect(roundGas(loan(over, onPair), 0n, 1)).toBe(70_000n + 3n * 75_000n + 22_000n);
  expect(roundGas(loan(mixed), 0n, 0)).toBe(70_000n + 2n * 75_000n + 75_000n);
  expect(roundBytes(none, 10)).toBe(123n);
  expect(roundBytes(flashSwap(over), 79)).toBe(113n + 79n + 80n);
  expect(roundBytes(loan(), 0)).toBe(113n);
  expect(roundBytes(loan(over, onPair), 0)).toBe(113n + 2n * 95n + 3n * 40n);
  expect(roundBytes(loan(mixed), 0)).toBe(113n + 2n * 95n + 2n * 40n + 36n);
});

test('gas of plans: their tokens once, what is lost, and the limits', () => {
  expect(baseGas([])).toBe(170_000n);
  expect(baseGas([none, flashSwap(swap)])).toBe(320_000n);
  expect(baseGas([none, { spend: USD, gain: WETH, kind: 'none' }])).toBe(395_000n);
  expect(lostGas(0)).toBe(60_000n);
  expect(lostGas(3)).toBe(450_000n);
  expect(mostGas(30_000_000n)).toBe(15_000_000n);
  expect(mostGas(60_000_000n)).toBe(16_777_216n);
  expect(planGasLimit(mostGas(30_000_000n))).toBe(12_500_000n);
  expect(gasLimitFor(100n, 1_000n)).toBe(150n);
  expect(gasLimitFor(100n, 149n)).toBe(149n);
});
