import { type Address, concatHex, type Hex, zeroAddress } from 'viem';
import { FUNDING, type Leg, type Plan, type Round } from '../contract/plan.ts';
import { PRICE_SCALE } from '../prices/book.ts';
import type { BlockRef, Deal } from '../protocols/protocol.ts';
import type { MarketKey } from '../store/key.ts';
import type { Sent, SentDeal } from '../store/sent.ts';
import type { Route } from '../venues/paths.ts';
import { type Draft, type DraftedRound, dealsOf, gasOf, laterOf, sizeOf, statesAfter } from './exact-draft.ts';
import { sumsOf } from './exact-quote.ts';
import { BASE_BYTES, lostGas, roundBytes } from './gas.ts';
import { swapsOf } from './sales.ts';
import { PPM, type Situation, wholeGasPrice } from './situation.ts';
import { askedOf, type LaterWorth, settled, type Terms } from './terms.ts';
import { nameOf } from './ways.ts';

/** A plan worth sending, not yet rehearsed. */
export type Offer = {
  /** Its deals round by round, exact, in the order they happen. */
  rounds: readonly (readonly Deal[])[];
  /** Its legs in order, with the deals that each carries out. */
  sent: readonly Sent[];
  /** How its rounds are funded, for the log. */
  ways: readonly string[];
  plan: Plan;
  terms: Terms;
  /** What its deals bring in other transactions. */
  laters: readonly LaterWorth[];
  /** As expected. */
  gas: bigint;
  /** Wei per gas that it was chosen at. */
  gasPrice: bigint;
  /** What the smallest of its rounds brings, wei: that much is missing where a rehearsal is short of a round. */
  smallest: bigint;
  /**
   * The best plans, at the same head, of deals that hold only these claims; of so many legs at most, and for transactions that may
   * bring so much gas at most.
   */
  anew(claims: ReadonlySet<string>, legs?: number, most?: bigint): Offer[];
  /**
   * The same on the pools as they are behind all that waits in the node: a rehearsal runs there. On those of the head where the node
   * does not tell.
   */
  anewOnPending(claims: ReadonlySet<string>): Promise<Offer[]>;
};

/** What an offer is replaced with where it falls short. */
export type Again = Pick<Offer, 'anew' | 'anewOnPending'>;

/** How long a plan may wait for its block, seconds: a price older than that is no price. */
const VALID_FOR = 180n;
const BPS = 10_000n;

/**
 * The plan of a draft. Its floor is the gas it is expected to burn and the profit asked on top, less what other transactions pay of it: a
 * plan that would lose money reverts.
 *
 * @example
 * packPlan(offerOf(situation, draft, head).plan);
 */
export function offerOf(situation: Situation, draft: Draft, head: BlockRef): Omit<Offer, keyof Again> {
  const { gasPrice, bytePrice, surcharge, minProfit, pools } = situation;
  const rounds = draft.map(({ deals }) => byMarket(deals));
  const legs = legsOf(situation, rounds);
  const plain = draft.map((round, at) =>
    roundOf(
      situation,
      round,
      legs[at]!.map(({ leg }) => leg),
    ),
  );
  const gas = gasOf(draft);
  const bytes = draft.reduce((sum, { way, deals }) => sum + roundBytes(way, sizeOf(deals).bytes), BASE_BYTES);
  const worths = draft.map((round) => worthLeft(situation, [round]));
  const all = dealsOf(draft);
  const laters = all.flatMap((deal): LaterWorth[] =>
    deal.later ? [{ later: laterOf(situation, deal), gasCost: deal.gas * gasPrice }] : [],
  );
  const beside = (wholeGasPrice(situation) - gasPrice) * gas + (surcharge?.each ?? 0n);
  const l1 = bytes * bytePrice + beside;
  const terms = termsOf(situation, draft, { value: worthLeft(situation, draft), gas, l1 });
  const untils = all.flatMap(({ until }) => until ?? []);
  const plan: Plan = {
    validUntil: untils.reduce(least, head.timestamp + VALID_FOR),
    floor: askedOf(terms, minProfit, laters).floor,
    tip: 0n,
    weth: zeroAddress,
    tokens: tokensOf(situation, all, plain),
    rounds: plain,
  };
  return {
    rounds,
    sent: legs.flat(),
    ways: draft.map(({ way, quote }, at) => nameOf(way, statesAfter(pools, draft.slice(0, at)), quote.loan)),
    plan,
    terms,
    laters,
    gas,
    gasPrice,
    smallest: worths.reduce(least),
  };
}

/** Deals of a round, market by market: those of different markets do not concern one another. */
function byMarket(deals: readonly Deal[]): readonly Deal[] {
  const isOne = deals.every(({ market }) => market === deals[0]!.market);
  return isOne ? deals : [...Map.groupBy(deals, ({ market }) => market).values()].flat();
}

/** The legs of each round, as the markets fold their deals into them over all of the plan. */
function legsOf({ views }: Situation, rounds: readonly (readonly Deal[])[]): Sent[][] {
  const legs: Sent[][] = rounds.map(() => []);
  const known = new Map<string, Deal>();
  const markets = new Set<MarketKey>();
  for (const deals of rounds) {
    for (const deal of deals) {
      known.set(deal.id, deal);
      markets.add(deal.market);
    }
  }
  for (const market of markets) {
    const own = markets.size === 1 ? rounds : rounds.map((deals) => deals.filter((deal) => deal.market === market));
    for (const [round, folded] of views.get(market)!.legs(own).entries()) {
      for (const { leg, of } of folded) {
        legs[round]!.push({ round, leg, deals: of.map((id) => sentDeal(known.get(id)!)) });
      }
    }
  }
  return legs;
}

function sentDeal({ id, market, kind, subjects, claims, spend, gain }: Deal): SentDeal {
  const sent: SentDeal = { id, market, kind, subjects, claims };
  if (spend) sent.spend = spend.asset;
  if (gain) sent.gain = gain.asset;
  return sent;
}

/** Every token that a plan touches, at its price; what nothing prices counts nothing. */
function tokensOf({ priceOf }: Situation, deals: readonly Deal[], rounds: readonly Round[]): Plan['tokens'] {
  const named = rounds.flatMap((round) => [
    round.debtToken,
    ...round.legs.map(({ collateral }) => collateral),
    ...round.swaps.flatMap(({ tokenIn, tokenOut }) => [tokenIn, tokenOut]),
  ]);
  const moved = deals.flatMap(({ spend, gain }) => [...(spend ? [spend.asset] : []), ...(gain ? [gain.asset] : [])]);
  return [...new Set([...named, ...moved])].map((token) => ({ token, price: priceOf(token) ?? 0n }));
}

/** What the treasury gets, wei at the plan's prices: each token rounded down, as the contract does. */
function worthLeft({ priceOf }: Situation, rounds: Draft): bigint {
  const left = new Map<Address, bigint>();
  for (const { quote } of rounds) {
    for (const { asset, amount } of quote.left) left.set(asset, (left.get(asset) ?? 0n) + amount);
  }
  let value = 0n;
  for (const [token, amount] of left) value += (amount * (priceOf(token) ?? 0n)) / PRICE_SCALE;
  return value;
}

/** @param known - value and gas as expected, and wei for the layer below with what is taken beside it */
function termsOf(
  situation: Situation,
  draft: Draft,
  { value, gas, l1 }: { value: bigint; gas: bigint; l1: bigint },
): Terms {
  const { priceOf, gasPrice, loss } = situation;
  const worth = (token: Address, amount: bigint) => amount * (priceOf(token) ?? 0n);
  let [bonus, flashFee, later] = [0n, 0n, 0n];
  for (const { way, quote, deals } of draft) {
    for (const deal of deals) {
      const { spend, gain } = deal;
      if (gain) bonus += worth(gain.asset, gain.amount);
      if (spend) bonus -= worth(spend.asset, spend.amount);
      later += laterOf(situation, deal);
    }
    flashFee += worth(way.spend, quote.fee);
  }
  [bonus, flashFee] = [bonus / PRICE_SCALE, flashFee / PRICE_SCALE];
  const lossCost = (lostGas(draft.length) * wholeGasPrice(situation) * loss) / PPM;
  return settled({ value, bonus, flashFee, impact: 0n, later, gasCost: gas * gasPrice, l1, tip: 0n, lossCost });
}

function roundOf(situation: Situation, { way, deals, quote }: DraftedRound, legs: readonly Leg[]): Round {
  const shared = { debtToken: way.spend, amount: quote.amount, legs };
  if (way.kind === 'none') {
    return { ...shared, funding: FUNDING.none, source: zeroAddress, maxPay: 0n, extra: '0x', swaps: [] };
  }
  if (way.kind === 'flash swap') {
    const { hops, tokens } = way.route;
    const { gain } = sumsOf(deals);
    // Rounded down: a bound is never looser than stated. More than is gained can never be paid.
    const maxPay = least((quote.pay * (BPS + situation.slippage)) / BPS, gain);
    const source = hops.at(-1)!.pool;
    return { ...shared, funding: FUNDING.uniswapV3Swap, source, maxPay, extra: hopsBack({ hops, tokens }), swaps: [] };
  }
  const { funding, source, extra } = quote.loan!;
  const swaps = quote.sales.flatMap((sale) => swapsOf(situation.pools, sale, situation.slippage));
  return { ...shared, funding, source, maxPay: quote.fee, extra, swaps };
}

/** From the pool that gives the debt token back to the one that takes collateral: token between, pool. */
const hopsBack = ({ hops, tokens }: Route): Hex => {
  const between = hops.slice(0, -1).map(({ pool }, index): Hex => concatHex([tokens[index + 1]!, pool]));
  return concatHex(between.reverse());
};

const least = (a: bigint, b: bigint) => (a < b ? a : b);
