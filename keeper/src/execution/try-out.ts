import type { Abi, Address, Hex, PublicClient } from 'viem';
import { chargedFor, type L1Fee } from '../chain/l1-fee.ts';
import { describeError } from '../log/describe-error.ts';
import type { Offer } from '../planning/offer.ts';
import { askedOf, settled, type Terms, type Without } from '../planning/terms.ts';
import { type Missed, missedIn } from './missed.ts';
import type { OutcomeWorld } from './outcomes.ts';
import { planData, rehearse, rehearseByEstimate } from './rehearse.ts';

/** What a plan is tried out with. */
export type TryOutWorld = Pick<OutcomeWorld, 'protocolOf'> & {
  client: PublicClient;
  l1Fee: Pick<L1Fee, 'isGas' | 'of'>;
  /** Wei. */
  minProfit: bigint;
  /** What the contracts may revert with. */
  errors: Abi;
};

/** A plan as it was rehearsed: its calldata, its gas, the limit that covers it, what it comes to and may spend on gas. */
export type Rehearsed = { data: Hex; gas: bigint; limit: bigint; terms: Terms; budget: bigint };

/**
 * A plan that does not do what it should, and why. `missed`: which legs did not land, from a node that tells; `paying`: what it comes
 * to where it pays all the same.
 */
export type Failed = Without & { missed?: Missed; paying?: Rehearsed };

/**
 * The plan's calldata, and what a run of it on the pending block says; or why it is not to be sent. One that brings less than it was
 * planned for, since a price has moved, is sound where every leg lands and it still pays.
 *
 * @param from - the operator
 * @param to - the Liquidator
 * @param most - gas that the transaction may bring
 * @example
 * const tried = await tryOut(world, offer, { from: operator, to: liquidator, most: 15_000_000n });
 * if ('reason' in tried) ledger.setAside(claim, tried.reason, head);
 */
export async function tryOut(
  world: TryOutWorld,
  offer: Offer,
  { from, to, most }: { from: Address; to: Address; most: bigint },
): Promise<Rehearsed | Failed> {
  const { client, l1Fee, minProfit, errors } = world;
  const data = planData(offer.plan);
  try {
    const charged = l1Fee.of(data);
    charged.catch(() => {}); // awaited below, unless the rehearsal fails first
    const termsOf = async (value: bigint, gas: bigint): Promise<Terms> => {
      const l1 = await charged;
      // Nodes of some rollups count the layer below as gas.
      return settled({ ...offer.terms, value, gasCost: (gas - l1.gas) * offer.gasPrice, l1: chargedFor(l1, gas) });
    };
    const asked = (terms: Terms) => askedOf(terms, minProfit, offer.laters);
    const suffices = async (value: bigint, limit: bigint) =>
      !isShort(offer, value) && asked(await termsOf(value, limit)).refusal === undefined;
    const bounds = { expected: offer.gas, most };
    const run = l1Fee.isGas ? rehearseByEstimate : rehearse;
    const [{ value, gas, limit, logs }] = await Promise.all([
      run(client, { from, to, data }, bounds, 'pending', suffices),
      charged,
    ]);
    const terms = await termsOf(value, gas);
    const { budget, refusal } = asked(terms);
    const missed = logs && missedIn(world, logs, to, offer.sent);
    const known = { terms, ...(missed && { missed }) };
    if (refusal !== undefined) return { reason: refusal, ...known };
    const rehearsed = { data, gas, limit, terms, budget };
    const isWhole = missed ? missed.failing.size + missed.innocent === 0 : !isShort(offer, value);
    if (isWhole) return rehearsed;
    const reason = `brings ${value} wei and not the ${offer.terms.value} it was planned for`;
    return { reason, ...known, paying: rehearsed };
  } catch (error) {
    return { reason: describeError(error, errors) };
  }
}

/** Whether a leg may not have landed: half of what the smallest round brings is missing. */
const isShort = ({ sent, smallest, terms }: Offer, value: bigint): boolean =>
  sent.length > 1 && value + smallest / 2n < terms.value;
