import { type Address, numberToHex, pad } from 'viem';
import { marketPrices, poolPrice } from '../../src/planning/fill-prices.ts';
import { openFunding } from '../../src/planning/funding.ts';
import type { Situation } from '../../src/planning/situation.ts';
import { fillPrices, openPriceBook } from '../../src/prices/book.ts';
import type { Deal, View } from '../../src/protocols/protocol.ts';
import { type PoolState, poolGraph } from '../../src/venues/paths.ts';
import type { V2State } from '../../src/venues/v2.ts';
import { sqrtRatioAtTick } from '../../src/venues/v3-math.ts';
import { tickOf, type V3State } from '../../src/venues/v3-pool.ts';

export const address = (last: number): Address => pad(numberToHex(last), { size: 20 });
export const [WETH, USD, BTC, OTHER] = [address(1), address(2), address(3), address(4)] as const;
export const ETHER = 10n ** 18n;
export const GWEI = 10n ** 9n;
export const HEAD = { number: 6n, hash: pad('0x6', { size: 32 }), timestamp: 988n };

/** A pair of v2 with these reserves; 0.3 %. */
export const pair = (id: number, token0: Address, token1: Address, reserve0: bigint, reserve1: bigint): V2State => ({
  venue: 'uniswapV2',
  address: address(id),
  token0,
  token1,
  fee: 3_000,
  reserve0,
  reserve1,
});

/** A pool of v3 whose liquidity is the same everywhere, at a tick. */
export function pool(
  id: number,
  token0: Address,
  token1: Address,
  { fee = 500, tick = 0, liquidity = 10n ** 24n }: { fee?: number; tick?: number; liquidity?: bigint } = {},
): V3State {
  const ends = 250_000;
  return {
    venue: 'uniswapV3',
    address: address(id),
    token0,
    token1,
    fee,
    tickSpacing: 10,
    sqrtPriceX96: sqrtRatioAtTick(tick),
    tick,
    liquidity,
    ticks: [tickOf(-ends, liquidity), tickOf(ends, -liquidity)],
    words: { from: -100, to: 100 },
  };
}

/** A situation of views and pools; free gas, no risks. */
export function situationOf(
  views: readonly View[],
  pools: readonly PoolState[],
  change: Partial<Situation> = {},
  tokens: readonly Address[] = [WETH, USD, BTC, OTHER],
): Situation {
  const states = new Map(pools.map((state) => [state.address, state]));
  const graph = poolGraph(pools);
  const all = new Map(views.map((view) => [view.market, view]));
  const assets = tokens.map((token) => ({ address: token, symbol: 'T', decimals: 18 }));
  const prices = views.map((view) => marketPrices(view, assets, WETH));
  return {
    native: WETH,
    views: all,
    drawn: new Map(),
    priceOf: fillPrices(openPriceBook(WETH), prices, [], () => pools.map(poolPrice)),
    lend: openFunding(all, graph, states),
    graph,
    pools: states,
    hubs: [WETH],
    gasPrice: 0n,
    bytePrice: 0n,
    stale: 0n,
    loss: 0n,
    slippage: 50n,
    minProfit: 0n,
    limits: { gas: 16_000_000n, legs: 100 },
    ...change,
  };
}

/** A deal that spends and gains, of a market that nobody asks. */
export const deal = (change: Partial<Deal> = {}): Deal => ({
  id: 'toy:0x01/deal',
  market: 'toy:0x01',
  kind: 'liquidate',
  subjects: [],
  claims: ['toy:0x01/account/0x01'],
  spend: { asset: USD, amount: 1_000n * ETHER, inHand: 1_000n * ETHER },
  gain: { asset: BTC, amount: 1_050n * ETHER },
  draws: [],
  gas: 140_000n,
  bytes: 79,
  detail: undefined,
  ...change,
});
