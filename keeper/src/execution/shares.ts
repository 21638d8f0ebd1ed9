import type { Address } from 'viem';

/** A leg that landed, as the contract measured it; smallest units. Without money of its own where it only froze a position. */
export type Measured = { account: Address; debt: Address; collateral: Address; repaid: bigint; seized: bigint };

/** One leg's part of what its plan earned and cost. */
export type Share = {
  profits: { token: Address; amount: bigint }[];
  value: bigint;
  gas: bigint;
  gasCost: bigint;
};

/** What a plan brought: tokens, smallest units; their worth, wei; and what the plan says that they are worth. */
export type Earned = {
  profits: readonly { token: Address; amount: bigint }[];
  value: bigint;
  /** By token: wei times 1e18 for one smallest unit, as the contract counts. Without them the worth is shared out evenly. */
  prices?: ReadonlyMap<Address, bigint>;
};

/**
 * A plan earns as a whole, and its history is shared out among the legs that landed: what is left of a token by what each leg
 * seized of it, or else repaid, and evenly where none of them did either; value, gas and its cost by what each leg's part of the
 * tokens is worth at the plan's prices. What does not divide goes to the first.
 *
 * @param legs - those that landed
 * @returns one share a leg, which together are the whole
 * @example
 * const profits = [{ token: weth, amount: 4n }]; // of which a seized three times as much as b
 * sharesOf([a, b], { profits, value: 8n, prices }, { gas: 12n, cost: 24n }).map(({ value, gas }) => [value, gas]); // [[6n, 9n], [2n, 3n]]
 */
export function sharesOf(
  legs: readonly Measured[],
  { profits, value, prices }: Earned,
  { gas, cost }: { gas: bigint; cost: bigint },
): Share[] {
  const earned = profits.map(({ token, amount }) => {
    const seized = legs.map((leg) => (leg.collateral === token ? leg.seized : 0n));
    const repaid = legs.map((leg) => (leg.debt === token ? leg.repaid : 0n));
    return { token, parts: shared(amount, seized.some(Boolean) ? seized : repaid) };
  });
  const worth = legs.map((_, leg) =>
    earned.reduce((sum, { token, parts }) => sum + parts[leg]! * (prices?.get(token) ?? 0n), 0n),
  );
  const [values, gases, costs] = [value, gas, cost].map((whole) => shared(whole, worth));
  return legs.map((_, leg) => ({
    profits: earned.map(({ token, parts }) => ({ token, amount: parts[leg]! })),
    value: values![leg]!,
    gas: gases![leg]!,
    gasCost: costs![leg]!,
  }));
}

/**
 * A whole in so many parts, rounded down; the first has the rest.
 *
 * @example
 * evenly(10n, 3); // [4n, 3n, 3n]
 */
export const evenly = (whole: bigint, parts: number): bigint[] =>
  shared(
    whole,
    Array.from({ length: parts }, () => 1n),
  );

/** By weight, rounded down, the rest to the first; evenly where nobody weighs anything. */
function shared(whole: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  if (total === 0n && weights.length > 0) return evenly(whole, weights.length);
  const parts = weights.map((weight) => (whole * weight) / total);
  const rest = parts.reduce((left, part) => left - part, whole);
  return parts.map((part, index) => (index === 0 ? part + rest : part));
}
