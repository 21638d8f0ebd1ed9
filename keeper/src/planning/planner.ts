import { type Address, getAddress, type Hash } from 'viem';
import type { Tracker } from '../book/tracker.ts';
import { type GasPrices, oncePerHead } from '../chain/gas-price.ts';
import type { Head } from '../chain/head.ts';
import { isNoL1Fee, openL1Fee } from '../chain/l1-fee.ts';
import { KeeperError } from '../config/error.ts';
import type { Ready } from '../preflight.ts';
import { type MarketPools, openMarketPools } from '../venues/market-pools.ts';
import type { PoolStates } from '../venues/paths.ts';
import { openFunding } from './funding.ts';
import { planGasLimit } from './gas.ts';
import type { Offer } from './offer.ts';
import { bestOffers, type Without } from './offers.ts';
import { pricesIn } from './pricing.ts';
import type { Candidate, Situation } from './situation.ts';

/** From accounts under water to plans worth sending. */
export type Planner = {
  /**
   * The plans of the highest net profit for these accounts, the best first, each on the pools as the one before leaves them.
   *
   * @param timestamp - seconds: when they are to land
   * @throws when the node fails, or nothing prices the native coin
   */
  plan(
    market: Tracker,
    accounts: readonly Address[],
    timestamp: bigint,
    head: Head,
  ): Promise<{ offers: Offer[]; without: Map<Address, Without> }>;
  /** Asks what planning at this head would need, while it is still found out whether anything is to be planned. */
  prepare(market: Tracker, head: Head): void;
};

/** Heads for which pools are read ahead after they were last needed. */
const READ_AHEAD = 300n;

type Pair = readonly [Address, Address];

export function openPlanner({ settings, chain }: Ready, prices: GasPrices): Planner {
  const { uniswapV3Factory: v3, uniswapV2Factory: v2, wrappedNative } = settings;
  const { client } = chain;
  if (!v3 && v2.length === 0)
    throw new KeeperError(
      `chain ${chain.shown} has no preset for Uniswap: pass --uniswap-v3-factory, or --uniswap-v2-factory`,
    );
  const l1Fee = openL1Fee(client, chain.id);
  /** Base currency for one native coin, by market; the last known while an oracle fails. */
  const nativeBases = new Map<Tracker, bigint>();
  const bytePriceAt = oncePerHead(l1Fee.perByte);
  const pools = new Map<Tracker, { assets: number; found: Promise<MarketPools> }>();

  /** Asked once a market, and again when an asset is listed. */
  async function poolsOf(tracker: Tracker): Promise<MarketPools> {
    const { assets } = tracker.market;
    const known = pools.get(tracker);
    if (known?.assets === assets.length) return known.found;
    const tokens = assets.map(({ address }) => address);
    const found = openMarketPools(client, { v3, v2 }, tokens, wrappedNative);
    pools.set(tracker, { assets: assets.length, found });
    // An answer that failed is no answer; the next head asks again.
    found.catch(() => pools.delete(tracker));
    return found;
  }

  /** Pairs that something could lately be sold between, by market and name, and the head at which that was last so. */
  const lately = new Map<Tracker, Map<string, { pair: Pair; at: bigint }>>();
  /** The pools between those pairs as they are at a head. */
  const ahead = new Map<Tracker, { head: Hash; pairs: ReadonlyMap<string, unknown>; states: Promise<PoolStates> }>();

  /** What was read ahead is not read again. */
  async function poolStates(tracker: Tracker, head: Head, pairs: readonly Pair[]): Promise<PoolStates> {
    const { read } = await poolsOf(tracker);
    const known = ahead.get(tracker);
    const wanted = new Map(pairs.map((pair) => [nameOf(pair), pair]));
    const seen = lately.get(tracker) ?? new Map();
    lately.set(tracker, seen);
    for (const [name, pair] of wanted) seen.set(name, { pair, at: head.number });
    const early = known?.head === head.hash ? await known.states.catch(() => undefined) : undefined;
    if (!early) return read(wanted.values(), head);
    const missing = [...wanted].filter(([name]) => !known!.pairs.has(name)).map(([, pair]) => pair);
    if (missing.length === 0) return early;
    const late = await read(missing, head);
    return { get: (pool) => early.get(pool) ?? late.get(pool) };
  }

  async function situationOf(tracker: Tracker, timestamp: bigint, head: Head, candidates: readonly Candidate[]) {
    const { protocol, market, state } = tracker;
    const nativeBase = protocol.price(market, state, wrappedNative)?.base ?? nativeBases.get(tracker);
    if (nativeBase === undefined)
      throw new Error(`no price for --wrapped-native ${wrappedNative} in market ${tracker.name}`);
    nativeBases.set(tracker, nativeBase);
    const { graph, hubs } = await poolsOf(tracker);
    const pairs = candidates.flatMap(({ options }) =>
      options.map(({ debtAsset, collateralAsset }) => [debtAsset, collateralAsset] as const),
    );
    const [states, gas, bytePrice] = await Promise.all([
      poolStates(tracker, head, pairs),
      prices(head),
      bytePriceAt(head),
    ]);
    const situation: Situation = {
      protocol,
      market,
      timestamp,
      priceOf: pricesIn(protocol, market, state, { token: wrappedNative, base: nativeBase }),
      lend: openFunding(protocol.lender(market, state), graph, states),
      graph,
      pools: states,
      hubs,
      gasPrice: gas.baseFee + gas.priority,
      bytePrice,
      stale: settings.staleProbability,
      loss: settings.lossProbability,
      slippage: BigInt(settings.slippage),
      minProfit: settings.minProfit,
      limits: { gas: planGasLimit(head.gasLimit), legs: settings.maxLegs },
    };
    return situation;
  }

  return {
    prepare(tracker, head) {
      // Whoever plans asks again for what failed.
      const ignore = () => {};
      prices(head).catch(ignore);
      bytePriceAt(head).catch(ignore);
      const seen = lately.get(tracker) ?? new Map<string, { pair: Pair; at: bigint }>();
      for (const [name, { at }] of seen) if (head.number - at > READ_AHEAD) seen.delete(name);
      if (seen.size === 0) return;
      const pairs = [...seen.values()].map(({ pair }) => pair);
      const states = poolsOf(tracker).then(({ read }) => read(pairs, head));
      states.catch(ignore);
      ahead.set(tracker, { head: head.hash, pairs: new Map(seen), states });
    },

    async plan(tracker, accounts, timestamp, head) {
      const { protocol, market, state, book } = tracker;
      const candidates = accounts.flatMap((address): Candidate[] => {
        const account = book.get(address);
        return account ? [{ account, state, options: protocol.options(market, state, account, timestamp) }] : [];
      });
      const without = new Map<Address, Without>();
      const legal = candidates.filter(({ account, options }) => {
        if (options.length === 0) without.set(getAddress(account.address), { reason: 'no legal liquidation' });
        return options.length > 0;
      });
      if (legal.length === 0) return { offers: [], without };
      // One more than can be sent tells that there is more to do.
      const most = settings.dryRun ? Number.POSITIVE_INFINITY : settings.maxInFlight + 1;
      const situation = await situationOf(tracker, timestamp, head, legal).catch((error: unknown) => {
        if (isNoL1Fee(error)) return error.message;
        throw error;
      });
      if (typeof situation === 'string') {
        for (const { account } of legal) without.set(getAddress(account.address), { reason: situation });
        return { offers: [], without };
      }
      const found = bestOffers(situation, legal, head, most);
      for (const [account, reason] of found.without) without.set(account, reason);
      return { offers: found.offers, without };
    },
  };
}

const nameOf = ([a, b]: Pair): string => `${a}/${b}`;
