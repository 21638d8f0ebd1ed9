/**
 * What a plan is worth, term by term; wei. `value` is what `execute` returns: `bonus` less `flashFee` and `impact`. `later` is what
 * other transactions are expected to bring once this one has landed.
 */
export type Terms = {
  value: bigint;
  /** Value of what is gained less what is spent, at the markets' prices. */
  bonus: bigint;
  flashFee: bigint;
  /** What the pools take: their fees, and a price that worsens while they are sold to. */
  impact: bigint;
  later: bigint;
  /** Gas at base fee and priority fee. */
  gasCost: bigint;
  /** What the layer below charges for the calldata. */
  l1: bigint;
  tip: bigint;
  /** Chance of a rival being first, times the gas that is gone then. */
  lossCost: bigint;
  /** `value` and `later` less the last four. */
  net: bigint;
};

/** Why something gets no plan, and what its best would come to. */
export type Without = { reason: string; terms?: Terms };

/**
 * The terms with another value, gas cost or fee of the layer below, as a rehearsal finds them.
 *
 * @example
 * settled({ ...offer.terms, value: rehearsed.value, gasCost: rehearsed.gas * offer.gasPrice });
 */
export function settled(terms: Omit<Terms, 'net'>): Terms {
  const { value, bonus, flashFee, later, gasCost, l1, tip, lossCost } = terms;
  return { ...terms, impact: bonus - flashFee - value, net: value + later - gasCost - l1 - tip - lossCost };
}

/** What a deal brings in another transaction, and what its own gas costs in this one; wei. */
export type LaterWorth = { later: bigint; gasCost: bigint };

/**
 * What is asked of a plan, all from the same numbers; wei.
 *
 * - `floor`: the least that `execute` may bring on chain: gas and least profit, less what other transactions pay of it. A deal pays
 *   at most for its own gas out of what comes later, so that the others' floor is their own.
 * - `budget`: the most that may be spent on gas, by a higher fee for instance.
 * - `refusal`: why it must not be sent, if it must not.
 *
 * @param least - least net profit; wei
 * @example
 * // Worth 1,440 with a freeze that brings 135 later and burns 5: the floor is 22 + 10 - 5, never 0.
 * askedOf({ ...terms, gasCost: 22n }, 10n, [{ later: 135n, gasCost: 5n }]).floor; // 27n
 */
export function askedOf(
  terms: Terms,
  least: bigint,
  laters: readonly LaterWorth[] = [],
): { floor: bigint; budget: bigint; refusal: string | undefined } {
  const paidLater = laters.reduce((sum, { later, gasCost }) => sum + smaller(later, gasCost), 0n);
  const { value, later, l1, tip, net, gasCost } = terms;
  return {
    floor: larger(0n, gasCost + least - paidLater),
    budget: value + later - l1 - tip - least,
    refusal: net < least ? `pays ${net} wei after gas, less than --min-profit` : undefined,
  };
}

const smaller = (a: bigint, b: bigint) => (a < b ? a : b);
const larger = (a: bigint, b: bigint) => (a > b ? a : b);
