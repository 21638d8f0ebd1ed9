// How a deal becomes a plan.
//
// 1. Every market that something is due in comes as a view; its deals are what it lets anybody do (protocols/protocol.ts).
// 2. planner.ts reads the pools that a sale could go through, fills in the price book (fill-prices.ts, prices/), and asks for the price
//    of gas and of calldata: from then on a `Situation` (situation.ts) has all there is, and nothing is asked of the chain any more.
// 3. bundles.ts sorts deals by what they share: of an account at most one comes first, what only brings goes with what draws on it.
// 4. ways.ts says how a round can be paid for (flash swap, loan, nothing), funding.ts who lends at what fee, gas.ts what it burns.
// 5. The half in floats chooses. estimate-ways.ts turns ways and deals into floats, estimate-round.ts says what a round adds,
//    estimate-sketch.ts adds up a plan of rounds, estimate-size.ts finds the best size of a deal (sizes.ts), estimate-stocks.ts keeps
//    sums of what they draw on, estimate-place.ts finds where a deal adds most, estimate-search.ts puts many and tries again.
// 6. search.ts leads: who comes first, what follows a first deal, and when there was enough of it.
// 7. The exact half computes what was chosen, in integers: exact-walk.ts fits each deal to the market as those before it leave it,
//    exact-quote.ts quotes a round's sale (sales.ts), exact-draft.ts adds up what the rounds bring after all costs.
// 8. offer.ts writes the plan down as the contract takes it, with its floor and terms (terms.ts); offers.ts makes further plans of what
//    is left, on pools and stocks as the ones before leave them.
import type { Address, Hash, PublicClient } from 'viem';
import { type GasPrices, oncePerHead } from '../chain/gas-price.ts';
import type { Head } from '../chain/head.ts';
import { isNoL1Fee, type L1Fee, openL1Fee } from '../chain/l1-fee.ts';
import type { L1Source } from '../config/chains.ts';
import { KeeperError } from '../config/error.ts';
import type { ChainSettings } from '../config/preset.ts';
import { fillPrices, openPriceBook, type PriceBook, weiPerBase } from '../prices/book.ts';
import type { Asset, Deal, View } from '../protocols/protocol.ts';
import { accountClaim, type MarketKey } from '../store/key.ts';
import type { HeadLogs } from '../venues/market-pools.ts';
import type { PoolGraph, PoolStates } from '../venues/paths.ts';
import { marketPrices, poolPrice } from './fill-prices.ts';
import { openFunding } from './funding.ts';
import { mostGas, planGasLimit } from './gas.ts';
import type { Offer } from './offer.ts';
import { bestOffers } from './offers.ts';
import { nameOfPair, openPoolReader, type Pair, type PoolReader } from './pools-ahead.ts';
import type { Situation, Views } from './situation.ts';
import type { Without } from './terms.ts';
import { pairOf } from './ways.ts';

/** One market, and the accounts (by key) to plan for in it; what concerns nobody is planned for without them. */
export type Due = { name: string; assets: readonly Asset[]; view: View; keys: readonly Address[] };

/** From what is due in all markets of a chain to plans worth sending. */
export type Planner = {
  /**
   * The plans of the highest net profit for all of it, the best first, each on the pools and stocks as the one before leaves them.
   *
   * @param most - gas that a transaction may bring: what the block has room for, or less where money is short
   * @returns the plans; and why there is none for the others, by claim
   * @throws when the node fails
   * @example
   * const { offers, without } = await planner.plan([{ name, assets: market.assets, view, keys }], head);
   */
  plan(due: readonly Due[], head: Head, most?: bigint): Promise<{ offers: Offer[]; without: Map<string, Without> }>;
  /**
   * Asks what planning at this head would need, while it is still found out whether anything is to be planned.
   *
   * @param near - what accounts near the line would have sold, and for what
   */
  prepare(markets: readonly { key: MarketKey; assets: readonly Asset[] }[], head: Head, near?: readonly Pair[]): void;
  /** Wei for one unit of a market's base currency, in floats; `undefined` until something prices it. */
  weiPerBase(view: View): number | undefined;
};

/** What planning takes of the keeper's world. */
export type PlannerWorld = {
  chain: { client: PublicClient; id: number; shown: string };
  /** Where the chain tells what calldata costs; as its preset says when left out. */
  l1Source?: L1Source | undefined;
  /** The logs of heads, which tell whose liquidity has changed; without them pools are read whole at every head. */
  logs?: HeadLogs;
  settings: Pick<
    ChainSettings,
    | 'wrappedNative'
    | 'uniswapV3Factory'
    | 'uniswapV2Factory'
    | 'staleProbability'
    | 'lossProbability'
    | 'slippage'
    | 'minProfit'
    | 'maxLegs'
    | 'maxInFlight'
    | 'dryRun'
  >;
};

/** What a planner keeps between heads. */
type Kept = {
  settings: PlannerWorld['settings'];
  prices: GasPrices;
  l1RatesAt: (head: { hash: Hash }) => ReturnType<L1Fee['rates']>;
  book: PriceBook;
  pools: PoolReader;
};

/**
 * One planner for all markets of a chain.
 *
 * @param openPools - reads the pools between the markets' tokens
 * @throws KeeperError where no factory of pools is known
 * @example
 * const planner = openPlanner({ settings, chain }, oncePerHead(() => gasPriceNow(chain.client)));
 * const { offers } = await planner.plan([{ name, assets: market.assets, view, keys }], head);
 */
export function openPlanner(
  { settings, chain, logs, l1Source }: PlannerWorld,
  prices: GasPrices,
  openPools: typeof openPoolReader = openPoolReader,
): Planner {
  const { uniswapV3Factory: v3, uniswapV2Factory: v2, wrappedNative } = settings;
  if (!v3 && v2.length === 0)
    throw new KeeperError(
      `chain ${chain.shown} has no preset for Uniswap: pass --uniswap-v3-factory, or --uniswap-v2-factory`,
    );
  const l1Fee = openL1Fee(chain.client, chain.id, l1Source);
  const kept: Kept = {
    settings,
    prices,
    l1RatesAt: oncePerHead(l1Fee.rates),
    book: openPriceBook(wrappedNative),
    pools: openPools(chain.client, { v3, v2 }, wrappedNative, logs),
  };
  return {
    plan: (due, head, most) => planAll(kept, due, head, most ?? mostGas(head.gasLimit)),
    prepare(markets, head, near = []) {
      // Whoever plans asks again for what failed.
      const ignore = () => {};
      prices(head).catch(ignore);
      kept.l1RatesAt(head).catch(ignore);
      kept.pools.prepare(
        markets.flatMap(({ assets }) => assets),
        head,
        near,
      );
    },
    weiPerBase: (view) => weiPerBase(kept.book, view.market, view.price(wrappedNative)),
  };
}

async function planAll(kept: Kept, due: readonly Due[], head: Head, most: bigint): ReturnType<Planner['plan']> {
  const { settings } = kept;
  const without = new Map<string, Without>();
  const deals = due.flatMap(({ view, keys }) => {
    const found = view.deals(keys);
    const subjects = new Set(found.flatMap((deal) => deal.subjects.map(({ key }) => key.toLowerCase())));
    for (const key of keys) {
      if (!subjects.has(key.toLowerCase()))
        without.set(accountClaim(view.market, key), { reason: view.whyNone?.(key) ?? 'no legal liquidation' });
    }
    return found;
  });
  if (deals.length === 0) return { offers: [], without };
  const situation = await situationOf(kept, due, deals, { head, most }).catch((error: unknown) => {
    if (isNoL1Fee(error)) return error.message;
    throw error;
  });
  if (typeof situation === 'string') {
    for (const { claims } of deals) for (const claim of claims) without.set(claim, { reason: situation });
    return { offers: [], without };
  }
  // One more than can be sent tells that there is more to do.
  const plans = settings.dryRun ? Number.POSITIVE_INFINITY : settings.maxInFlight + 1;
  const found = bestOffers(situation, deals, head, plans);
  return { offers: found.offers, without: new Map([...without, ...found.without]) };
}

async function situationOf(
  kept: Kept,
  due: readonly Due[],
  deals: readonly Deal[],
  { head, most }: { head: Head; most: bigint },
): Promise<Situation> {
  const { settings, book } = kept;
  const { wrappedNative: native } = settings;
  const assets = due.flatMap((each) => each.assets);
  const pairs = new Map<string, Pair>();
  for (const deal of deals) {
    const { spend, gain } = pairOf(deal, native);
    const pair = [spend, gain] as const;
    pairs.set(nameOfPair(pair), pair);
  }
  const [{ graph, hubs }, states, gas, l1] = await Promise.all([
    kept.pools.of(assets),
    kept.pools.states(assets, head, [...pairs.values()]),
    kept.prices(head),
    kept.l1RatesAt(head),
  ]);
  const views: Views = new Map(due.map(({ view }) => [view.market, view]));
  const priceOf = fillPrices(
    book,
    due.map((each) => marketPrices(each.view, each.assets, native)),
    [...pairs.values()].flat(),
    () => poolPrices(graph, states),
  );
  return {
    native,
    views,
    drawn: new Map(),
    priceOf,
    lend: openFunding(views, graph, states),
    graph,
    pools: states,
    pending: () => kept.pools.pending(assets, [...pairs.values()]),
    hubs,
    gasPrice: gas.baseFee + gas.priority,
    bytePrice: l1.perByte,
    surcharge: l1.surcharge,
    stale: settings.staleProbability,
    loss: settings.lossProbability,
    slippage: BigInt(settings.slippage),
    minProfit: settings.minProfit,
    limits: { gas: planGasLimit(most), legs: settings.maxLegs, isShort: most < mostGas(head.gasLimit) },
  };
}

/** What the pools that were read say of prices. */
const poolPrices = (graph: PoolGraph, states: PoolStates) =>
  [...graph.values()].flat().flatMap(({ address }) => {
    const state = states.get(address);
    return state ? [poolPrice(state)] : [];
  });
