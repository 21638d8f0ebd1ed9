import { type Address, concatHex, type Hex, zeroAddress } from 'viem';
import { FUNDING, type Plan, type Round } from '../contract/plan.ts';
import type { BlockRef } from '../protocols/protocol.ts';
import type { PoolStates, Route } from '../venues/paths.ts';
import { type Draft, type DraftedRound, gasOf, legsOf, statesAfter } from './draft.ts';
import { BASE_BYTES, lostGas, roundBytes } from './gas.ts';
import { PRICE_SCALE } from './pricing.ts';
import { swapsOf } from './sales.ts';
import { type PlannedLeg, PPM, type Situation } from './situation.ts';
import { nameOf } from './ways.ts';

/** What a plan is worth, term by term; wei. `value` is what `execute` returns: `bonus` less `flashFee` and `impact`. */
export type Terms = {
  value: bigint;
  /** Value of what is seized less what is repaid, at the market's prices. */
  bonus: bigint;
  flashFee: bigint;
  /** What the pools take: their fees, and a price that worsens while they are sold to. */
  impact: bigint;
  /** Gas at base fee and priority fee. */
  gasCost: bigint;
  /** What the layer below charges for the calldata. */
  l1: bigint;
  tip: bigint;
  /** Chance of a rival being first, times the gas that is gone then. */
  lossCost: bigint;
  /** `value` less the last four. */
  net: bigint;
};

/** A plan worth sending, not yet rehearsed. */
export type Offer = {
  legs: readonly PlannedLeg[];
  /** How its rounds are funded, for the log. */
  ways: readonly string[];
  plan: Plan;
  terms: Terms;
  /** As expected. */
  gas: bigint;
  /** What the smallest of its rounds brings, wei: that much is missing where a rehearsal is short of a round. */
  smallest: bigint;
  /** Wei per gas that it was chosen at. */
  gasPrice: bigint;
  /** The best plans for some of its accounts alone, at the same head; of so many legs at most. */
  again(accounts: ReadonlySet<Address>, legs?: number): Offer[];
};

/** How long a plan may wait for its block, seconds: a price older than that is no price. */
const VALID_FOR = 180n;
const BPS = 10_000n;

/**
 * The plan of a draft. Its floor is the gas it is expected to burn and the profit asked on top: a plan that would lose money
 * reverts.
 *
 * @param pools - as they are before the plan
 */
export function offerOf(situation: Situation, pools: PoolStates, draft: Draft, head: BlockRef): Omit<Offer, 'again'> {
  const { gasPrice, bytePrice, minProfit, priceOf } = situation;
  const rounds = draft.map((round) => roundOf(situation, round));
  const named = rounds.flatMap((round) => [
    round.debtToken,
    ...round.legs.map(({ collateral }) => collateral),
    ...round.swaps.flatMap(({ tokenIn, tokenOut }) => [tokenIn, tokenOut]),
  ]);
  const tokens = [...new Set(named)].map((token) => ({ token, price: priceOf(token) ?? 0n }));
  const gas = gasOf(draft);
  const plan: Plan = {
    validUntil: head.timestamp + VALID_FOR,
    floor: gas * gasPrice + minProfit,
    tip: 0n,
    weth: zeroAddress,
    tokens,
    rounds,
  };
  const bytes = draft.reduce((sum, { way, legs }) => sum + roundBytes(way, legs.length), BASE_BYTES);
  const worths = draft.map((round) => worthLeft(situation, [round]));
  return {
    legs: legsOf(draft),
    ways: draft.map(({ way, quote }, index) => nameOf(way, statesAfter(pools, draft.slice(0, index)), quote.loan)),
    plan,
    terms: termsOf(situation, draft, { value: worthLeft(situation, draft), gas, l1: bytes * bytePrice }),
    gas,
    gasPrice,
    smallest: worths.reduce(least),
  };
}

/** What the treasury gets, wei at the plan's prices: each token rounded down, as the contract does. */
function worthLeft({ priceOf }: Situation, rounds: Draft): bigint {
  const left = new Map<Address, bigint>();
  for (const { quote } of rounds) {
    for (const { token, amount } of quote.left) left.set(token, (left.get(token) ?? 0n) + amount);
  }
  let value = 0n;
  for (const [token, amount] of left) value += (amount * (priceOf(token) ?? 0n)) / PRICE_SCALE;
  return value;
}

/** @param known - value and gas as expected or as rehearsed, and wei for the layer below */
export function termsOf(
  { priceOf, gasPrice, loss }: Situation,
  draft: Draft,
  { value, gas, l1 }: { value: bigint; gas: bigint; l1: bigint },
): Terms {
  const worth = (token: Address, amount: bigint) => amount * (priceOf(token) ?? 0n);
  let [bonus, flashFee] = [0n, 0n];
  for (const { way, quote, legs } of draft) {
    for (const { option } of legs) {
      bonus += worth(option.collateralAsset, option.seized) - worth(option.debtAsset, option.repay);
    }
    flashFee += worth(way.debt, quote.fee);
  }
  [bonus, flashFee] = [bonus / PRICE_SCALE, flashFee / PRICE_SCALE];
  return settled({
    value,
    bonus,
    flashFee,
    impact: bonus - flashFee - value,
    gasCost: gas * gasPrice,
    l1,
    tip: 0n,
    lossCost: (lostGas(draft.length) * gasPrice * loss) / PPM,
  });
}

/** The terms with another value, gas cost or fee of the layer below, as a rehearsal finds them. */
export function settled(terms: Omit<Terms, 'net'>): Terms {
  const { value, bonus, flashFee, gasCost, l1, tip, lossCost } = terms;
  return { ...terms, impact: bonus - flashFee - value, net: value - gasCost - l1 - tip - lossCost };
}

function roundOf(situation: Situation, { way, legs, quote }: DraftedRound): Round {
  const { protocol, market } = situation;
  const shared = {
    debtToken: way.debt,
    amount: quote.amount,
    legs: legs.map(({ option }) => protocol.leg(market, option)),
  };
  if (way.kind === 'flash swap') {
    const { hops, tokens } = way.route;
    const seized = legs.reduce((sum, { option }) => sum + option.seized, 0n);
    // Rounded down: a bound is never looser than stated. More than is seized can never be paid.
    const maxPay = least((quote.pay * (BPS + situation.slippage)) / BPS, seized);
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
