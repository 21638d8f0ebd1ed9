import { type Address, zeroAddress } from 'viem';
import { expect, test } from 'vitest';
import { fillPrices, type MarketPrices, openPriceBook, PRICE_SCALE, weiPerBase } from '../../src/prices/book.ts';

const token = (last: number): Address => `0x${last.toString(16).padStart(40, '0')}`;
const [WETH, USD, BTC, RARE] = [token(1), token(2), token(3), token(4)] as const;
const ETHER = 10n ** 18n;
const none = () => [];

/** Base currency for whole tokens of 18 decimals, but USD of 6. */
const market = (name: string, prices: Partial<Record<Address, bigint>>): MarketPrices => ({
  market: name,
  prices: Object.entries(prices).map(([address, base]) => ({
    token: address as Address,
    base: base!,
    decimals: address === USD ? 6 : 18,
  })),
});

test('a market that lists the native coin: its prices in wei, rounded down', () => {
  const book = openPriceBook(WETH);
  const of = fillPrices(book, [market('a', { [WETH]: 3_000n, [USD]: 1n, [BTC]: 90_000n })], [WETH, USD, BTC], none);
  expect(of(WETH)).toBe(PRICE_SCALE);
  expect(of(zeroAddress)).toBe(PRICE_SCALE);
  // A smallest unit is a millionth of a three-thousandth of an ether: 333,333,333.33 wei.
  expect(of(USD)).toBe(333_333_333_333_333_333_333_333_333n);
  expect(of(BTC)).toBe(30n * PRICE_SCALE);
  expect(of(RARE)).toBeUndefined();
  expect(weiPerBase(book, 'a')).toBe(1e18 / 3_000);
  expect(weiPerBase(book, 'b')).toBeUndefined();
  expect(weiPerBase(book, 'a', { base: 6_000n, decimals: 18 })).toBe(1e18 / 6_000);
  expect(weiPerBase(book, 'a', { base: 0n, decimals: 18 })).toBe(1e18 / 3_000);
});

test('a market without the native coin is priced by what another market says of its tokens, at the lower median', () => {
  const book = openPriceBook(WETH);
  const rich = market('rich', { [WETH]: 3_000n, [USD]: 1n, [BTC]: 90_000n });
  // In cents; its price of BTC is a tenth off.
  const poor = market('poor', { [USD]: 100n, [BTC]: 9_900_000n, [RARE]: 50n });
  const of = fillPrices(book, [poor, rich], [RARE], none);
  // By USD a cent is 1 / 300,000 ether, by BTC 1 / 330,000: the lower.
  expect(weiPerBase(book, 'poor')).toBeCloseTo(1e18 / 330_000, -3);
  expect(of(RARE)).toBe((30n * PRICE_SCALE * ETHER * 50n) / (9_900_000n * ETHER));
  // Both price BTC: 30 by the one, 30 by the other.
  expect(of(BTC)).toBe(30n * PRICE_SCALE);
  const usd = [333_333_333_333_333_333_333_333_333n, (30n * PRICE_SCALE * ETHER * 100n) / (9_900_000n * 10n ** 6n)];
  expect(of(USD)).toBe(usd[1]! < usd[0]! ? usd[1] : usd[0]);
});

test('of three markets the middle price counts, whatever their order', () => {
  const all = [1n, 9n, 2n].map((btc, index) => market(`${index}`, { [WETH]: 1n, [BTC]: btc }));
  expect(fillPrices(openPriceBook(WETH), all, [BTC], none)(BTC)).toBe(2n * PRICE_SCALE);
  expect(fillPrices(openPriceBook(WETH), all.toReversed(), [BTC], none)(BTC)).toBe(2n * PRICE_SCALE);
  expect(fillPrices(openPriceBook(WETH), all.slice(1), [BTC], none)(BTC)).toBe(2n * PRICE_SCALE);
});

test('the native coin is worth what it is, whatever a market says of it', () => {
  const all = [market('a', { [WETH]: 2n }), market('b', { [USD]: 1n, [WETH]: 0n })];
  const of = fillPrices(openPriceBook(WETH), all, [], none);
  expect(of(WETH)).toBe(PRICE_SCALE);
  expect(of(USD)).toBeUndefined();
});

test('a chain of markets: the second by the first, the third by the second', () => {
  const all = [
    market('3', { [BTC]: 10n, [RARE]: 1n }),
    market('2', { [USD]: 1n, [BTC]: 4n }),
    market('1', { [WETH]: 8n, [USD]: 2n }),
  ];
  const of = fillPrices(openPriceBook(WETH), all, [RARE], none);
  // USD is a quarter of an ether, BTC four of that, RARE a tenth of that.
  expect(of(BTC)).toBe(PRICE_SCALE);
  expect(of(RARE)).toBe(PRICE_SCALE / 10n);
});

test('while the oracle of the native coin fails, a market keeps its last rate, and is not priced by pools', () => {
  const book = openPriceBook(WETH);
  fillPrices(book, [market('a', { [WETH]: 3_000n, [BTC]: 90_000n })], [], none);
  const pools = () => [{ token0: WETH, amount0: 1n, token1: BTC, amount1: 1n }];
  const of = fillPrices(book, [market('a', { [BTC]: 60_000n })], [BTC], pools);
  expect(of(BTC)).toBe(20n * PRICE_SCALE);
  expect(weiPerBase(book, 'a')).toBe(1e18 / 3_000);
});

test('what other markets say now counts more than a last rate', () => {
  const book = openPriceBook(WETH);
  fillPrices(book, [market('a', { [WETH]: 3_000n, [BTC]: 90_000n })], [], none);
  fillPrices(book, [market('a', { [BTC]: 90_000n }), market('b', { [WETH]: 1n, [BTC]: 45n })], [], none);
  expect(weiPerBase(book, 'a')).toBe(1e18 / 2_000);
});

test('a lone market without the native coin is priced by the deepest pool, and that anew at each head', () => {
  const book = openPriceBook(WETH);
  const poor = market('poor', { [USD]: 1n, [BTC]: 30_000n });
  const pools = (ether: bigint) => () => [
    { token0: WETH, amount0: 5n, token1: USD, amount1: 5n },
    { token0: WETH, amount0: ether * ETHER, token1: USD, amount1: 200_000n * 10n ** 6n },
  ];
  const of = fillPrices(book, [poor], [USD, BTC], pools(100n));
  expect(of(USD)).toBe((100n * ETHER * PRICE_SCALE) / (200_000n * 10n ** 6n));
  expect(of(BTC)).toBe(15n * PRICE_SCALE);
  expect(weiPerBase(book, 'poor')).toBeCloseTo(1e18 / 2_000, -3);
  expect(fillPrices(book, [poor], [USD, BTC], pools(200n))(BTC)).toBe(30n * PRICE_SCALE);
});

test('a token that no market prices: the deepest pool first, over another token too, and only where one is wanted', () => {
  const rich = market('rich', { [WETH]: 1n, [BTC]: 20n });
  const pools = [
    { token0: WETH, amount0: 10n, token1: RARE, amount1: 1_000n },
    { token0: RARE, amount0: 300n, token1: BTC, amount1: 1n },
    { token0: RARE, amount0: 7n, token1: USD, amount1: 14n },
  ];
  let asked = 0;
  const ask = () => {
    asked++;
    return pools;
  };
  expect(fillPrices(openPriceBook(WETH), [rich], [WETH, BTC], ask)(RARE)).toBeUndefined();
  expect(asked).toBe(0);
  const of = fillPrices(openPriceBook(WETH), [rich], [USD], ask);
  expect(asked).toBe(1);
  // A BTC, 20 ether deep, is 300 RARE; the pool of 10 ether would say a hundredth. Two USD are one RARE.
  expect(of(RARE)).toBe((20n * PRICE_SCALE) / 300n);
  expect(of(USD)).toBe((7n * ((20n * PRICE_SCALE) / 300n)) / 14n);
  expect(of(BTC)).toBe(20n * PRICE_SCALE);
});

test('an empty pool prices nothing', () => {
  const pools = () => [{ token0: WETH, amount0: 10n, token1: RARE, amount1: 0n }];
  expect(fillPrices(openPriceBook(WETH), [], [RARE], pools)(RARE)).toBeUndefined();
});

test('a table is of its head: later ones leave it alone', () => {
  const book = openPriceBook(WETH);
  const first = fillPrices(book, [market('a', { [WETH]: 1n, [BTC]: 2n })], [], none);
  fillPrices(book, [market('a', { [WETH]: 1n, [BTC]: 3n })], [], none);
  expect(first(BTC)).toBe(2n * PRICE_SCALE);
  expect(book.prices.get(BTC)).toBe(3n * PRICE_SCALE);
});
