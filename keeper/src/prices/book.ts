import { type Address, zeroAddress } from 'viem';

/** Wei of the native coin, times {@link PRICE_SCALE}, for one smallest unit of a token; `undefined` without a price. */
export type PriceOf = (token: Address) => bigint | undefined;

/** What {@link PriceOf} is in: wei times this. */
export const PRICE_SCALE = 10n ** 18n;

/** What a market's oracle says: base currency for one whole token; only prices that did not fail. */
export type MarketPrices = {
  market: string;
  prices: readonly { token: Address; base: bigint; decimals: number }[];
};

/** What a pool trades near its price: so much of one token for so much of the other; smallest units. It is as deep as they are large. */
export type PoolPrice = { token0: Address; amount0: bigint; token1: Address; amount1: bigint };

/** `wei`, times {@link PRICE_SCALE}, for `base` units of a market's base currency. */
type Rate = { wei: bigint; base: bigint };

/**
 * The prices of a chain.
 *
 * - `native`: the wrapped native token; it and the native coin are worth what they are.
 * - `prices`: as they were filled in last.
 * - `rates`: of each market, as last known.
 * - `fromOracles`: the same, but for markets whose rate only a pool tells.
 */
export type PriceBook = {
  native: Address;
  prices: ReadonlyMap<Address, bigint>;
  rates: Map<string, Rate>;
  fromOracles: Map<string, Rate>;
};

/**
 * A book without prices but the native coin's.
 *
 * @param native - the wrapped native token
 * @example
 * const book = openPriceBook(weth);
 * book.prices.get(weth); // PRICE_SCALE
 */
export const openPriceBook = (native: Address): PriceBook => ({
  native,
  prices: nativePrices(native),
  rates: new Map(),
  fromOracles: new Map(),
});

const nativePrices = (native: Address) =>
  new Map<Address, bigint>([
    [native, PRICE_SCALE],
    [zeroAddress, PRICE_SCALE],
  ]);

/**
 * Fills in the prices of a head, all rounded down, and gives them as a table that later heads leave alone.
 *
 * A market's base currency is worth what its price of the native coin says; where it has none, what the prices of its other
 * tokens say, as other markets have them; then what it was worth last; then what pools say. A token that several markets price
 * is worth the lower median; one that none prices, what the deepest pool says that trades it for a priced one.
 *
 * @param wanted - tokens that are to have a price
 * @param pools - asked only where markets leave one of them, or themselves, without
 * @example
 * const priceOf = fillPrices(book, [{ market: 'a', prices: [{ token: weth, base: 2_000n, decimals: 18 }] }], [weth], () => []);
 * priceOf(weth); // 10n ** 18n
 */
export function fillPrices(
  book: PriceBook,
  markets: readonly MarketPrices[],
  wanted: readonly Address[],
  pools: () => readonly PoolPrice[],
): PriceOf {
  const filling: Filling = { native: book.native, markets, rates: new Map(), byPool: new Map(), prices: new Map() };
  for (const { market, prices } of markets) {
    const own = prices.find(({ token, base }) => token === book.native && base > 0n);
    if (own) filling.rates.set(market, { wei: PRICE_SCALE * 10n ** BigInt(own.decimals), base: own.base });
  }
  spread(filling);
  const isRated = ({ market }: MarketPrices) => filling.rates.has(market);
  for (const { market } of markets.filter((each) => !isRated(each))) {
    const last = book.fromOracles.get(market);
    if (last) filling.rates.set(market, last);
  }
  spread(filling);
  for (const [market, rate] of filling.rates) book.fromOracles.set(market, rate);
  if (!markets.every(isRated) || !wanted.every((token) => filling.prices.has(token))) askPools(filling, pools());
  for (const [market, rate] of filling.rates) book.rates.set(market, rate);
  const { prices } = filling;
  book.prices = prices;
  return (token) => prices.get(token);
}

/**
 * Wei for one unit of a market's base currency, in floats.
 *
 * @param own - the market's price of the native coin now, base currency for a whole one, where it has one
 * @returns what it was last where `own` is missing; `undefined` where nothing has priced the market yet
 * @example
 * weiPerBase(book, 'a', { base: 2_000n * 10n ** 8n, decimals: 18 }); // 5_000_000, as 2,000 dollars of 8 decimals are one coin
 */
export function weiPerBase(
  book: PriceBook,
  market: string,
  own?: { base: bigint; decimals: number },
): number | undefined {
  const rate =
    own && own.base > 0n ? { wei: PRICE_SCALE * 10n ** BigInt(own.decimals), base: own.base } : book.rates.get(market);
  return rate && Number(rate.wei) / Number(PRICE_SCALE) / Number(rate.base);
}

/** What is known while prices are filled in. */
type Filling = {
  native: Address;
  markets: readonly MarketPrices[];
  rates: Map<string, Rate>;
  byPool: Map<Address, bigint>;
  prices: Map<Address, bigint>;
};

/** Prices what rated markets list, and rates the markets that list something priced, until nothing new is found. */
function spread(filling: Filling): void {
  for (;;) {
    filling.prices = pricesNow(filling);
    const found: [string, Rate][] = [];
    for (const { market, prices } of filling.markets) {
      if (filling.rates.has(market)) continue;
      const rates = prices.flatMap(({ token, base, decimals }): Rate[] => {
        const price = base > 0n ? filling.prices.get(token) : undefined;
        return price === undefined ? [] : [{ wei: price * 10n ** BigInt(decimals), base }];
      });
      const rate = lowerMedian(rates, (a, b) => compare(a.wei * b.base, b.wei * a.base));
      if (rate) found.push([market, rate]);
    }
    if (found.length === 0) return;
    for (const [market, rate] of found) filling.rates.set(market, rate);
  }
}

/** Every token at the lower median of what rated markets say, else at what a pool says. */
function pricesNow({ native, markets, rates, byPool }: Filling): Map<Address, bigint> {
  const said = new Map<Address, bigint[]>();
  for (const { market, prices } of markets) {
    const rate = rates.get(market);
    if (!rate) continue;
    for (const { token, base, decimals } of prices) {
      if (base <= 0n) continue;
      const price = (base * rate.wei) / (rate.base * 10n ** BigInt(decimals));
      const others = said.get(token);
      if (others) others.push(price);
      else said.set(token, [price]);
    }
  }
  const prices = new Map(byPool);
  for (const [token, all] of said) prices.set(token, lowerMedian(all, compare)!);
  for (const [token, price] of nativePrices(native)) prices.set(token, price);
  return prices;
}

/** Prices tokens by the deepest pool that trades them for a priced one, one after the other. */
function askPools(filling: Filling, pools: readonly PoolPrice[]): void {
  const sides = pools.flatMap(({ token0, amount0, token1, amount1 }) => [
    { known: token0, amount: amount0, wanted: token1, given: amount1 },
    { known: token1, amount: amount1, wanted: token0, given: amount0 },
  ]);
  for (;;) {
    let deepest: { token: Address; price: bigint; depth: bigint } | undefined;
    for (const { known, amount, wanted, given } of sides) {
      const price = filling.prices.get(known);
      if (price === undefined || given <= 0n || filling.prices.has(wanted)) continue;
      const depth = amount * price;
      if (!deepest || depth > deepest.depth) deepest = { token: wanted, price: depth / given, depth };
    }
    if (!deepest) return;
    filling.byPool.set(deepest.token, deepest.price);
    spread(filling);
  }
}

/** The middle one; of an even number the lower of the two. */
function lowerMedian<T>(all: readonly T[], order: (a: T, b: T) => number): T | undefined {
  return all.toSorted(order)[(all.length - 1) >> 1];
}

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0);
