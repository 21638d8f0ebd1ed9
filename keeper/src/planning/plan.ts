import { type Address, zeroAddress } from 'viem';
import type { BlockRef, Lender, Option } from '../protocols/protocol.ts';
import type { UniswapV3 } from '../venues/uniswap-v3.ts';
import type { Leg, Plan, Round } from './encoding.ts';
import { type Leftover, type Way, waysFor } from './ways.ts';

/** Wei of the native coin, times 1e18, for one smallest unit of a token; `undefined` without a price. */
export type PriceOf = (token: Address) => bigint | undefined;

/** The best thing found for one account, not yet rehearsed. */
export type Offer = {
  option: Option;
  /** How it is funded, for the log. */
  way: string;
  round: Round;
  left: Leftover[];
  /** What is left, in wei, rounded down, before gas. */
  value: bigint;
};

const PRICE_SCALE = 10n ** 18n;

/** What a way without swaps costs, and each swap more, in gas: for the floor and the choice; the rehearsal measures it. */
const GAS_OF_ROUND = 500_000n;
const GAS_OF_SWAP = 120_000n;

/** Gas expected of a round, before it is rehearsed. */
export const roundGas = (round: Pick<Round, 'swaps'>) => GAS_OF_ROUND + GAS_OF_SWAP * BigInt(round.swaps.length);

/** What the planner needs besides the options. */
export type Planning = {
  venue: UniswapV3;
  /** Where sales without a pool of their own go over: the wrapped native token. */
  hub: Address;
  lend: Lender;
  priceOf: PriceOf;
  leg: (option: Option) => Leg;
  /** How much worse than its quote a sale may be, bps. */
  slippage: bigint;
  /** Wei per gas the choice is made at. */
  gasPrice: bigint;
};

/**
 * For each account its most profitable legal liquidation after gas, over all its options and all ways to fund each; or, for
 * an account that gets none, why.
 *
 * @param options - per account, everything the protocol allows
 */
export async function bestOffers(
  options: ReadonlyMap<Address, readonly Option[]>,
  planning: Planning,
): Promise<{ offers: Offer[]; without: Map<Address, string> }> {
  const { venue, hub, lend } = planning;
  const ways = (
    await Promise.all([...options.values()].flat().map((option) => waysFor(option, venue, hub, lend)))
  ).flat();
  const asked = ways.filter(({ request }) => request);
  const answers = await venue.quote(
    asked.map(({ request }) => request!),
    'pending',
  );
  const quoted = new Map(asked.map((way, index) => [way, answers[index]]));

  const best = new Map<Address, Offer>();
  for (const way of ways) {
    const offer = finish(way, quoted.get(way), planning);
    const account = way.option.account;
    const rival = best.get(account);
    if (offer && (!rival || afterGas(offer, planning) > afterGas(rival, planning))) best.set(account, offer);
  }
  const offers = [...best.values()].sort((a, b) => (a.value < b.value ? 1 : a.value > b.value ? -1 : 0));
  const without = new Map<Address, string>();
  for (const [account, legal] of options) {
    if (best.has(account)) continue;
    const pairs = legal.length === 0 ? 'no legal liquidation' : 'no funding covers the debt: no pool, or too shallow';
    without.set(account, pairs);
  }
  return { offers, without };
}

function finish(way: Way, quoted: bigint | undefined, { priceOf, leg, slippage }: Planning): Offer | undefined {
  const finished = way.finish(quoted, slippage);
  if (!finished) return undefined;
  let value = 0n;
  for (const { token, amount } of finished.left) {
    const price = priceOf(token);
    if (price === undefined) return undefined;
    value += (amount * price) / PRICE_SCALE;
  }
  const round = { ...finished.round, legs: [leg(way.option)] };
  return { option: way.option, way: way.name, round, left: finished.left, value };
}

const afterGas = ({ value, round }: Offer, { gasPrice }: Planning) => value - roundGas(round) * gasPrice;

/** How long a plan may wait for its block, seconds: a price older than that is no price. */
const VALID_FOR = 180n;

/**
 * The transaction for an offer. Its floor is the gas it is expected to burn and the profit asked on top: a plan that would
 * lose money reverts.
 *
 * @param minProfit - wei
 */
export function planOf(offer: Offer, head: BlockRef, minProfit: bigint, planning: Planning): Plan {
  const { round } = offer;
  const named = [
    round.debtToken,
    ...round.legs.map(({ collateral }) => collateral),
    ...round.swaps.flatMap(({ tokenIn, tokenOut }) => [tokenIn, tokenOut]),
  ];
  return {
    validUntil: head.timestamp + VALID_FOR,
    floor: roundGas(round) * planning.gasPrice + minProfit,
    tip: 0n,
    weth: zeroAddress,
    // A token on the way that nothing should be left of may go without a price: it then adds nothing to the profit.
    tokens: [...new Set(named)].map((token) => ({ token, price: planning.priceOf(token) ?? 0n })),
    rounds: [round],
  };
}
