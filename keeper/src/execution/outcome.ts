import { type Abi, type Address, type PublicClient, parseEventLogs, type TransactionReceipt } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import { describeError } from '../log/describe-error.ts';

/** One leg as the contract measured it, smallest units. */
export type LandedLeg = {
  account: Address;
  debt: Address;
  collateral: Address;
  repaid: bigint;
  seized: bigint;
};

/** What became of a plan that was mined. */
export type Mined =
  | {
      state: 'landed';
      legs: LandedLeg[];
      /** What the treasury received, measured there. */
      profits: readonly { token: Address; amount: bigint }[];
      /** Wei, at the plan's prices, before gas. */
      value: bigint;
    }
  /** `lost`: the account was no longer under water, so somebody was first or the price came back. */
  | { state: 'lost' | 'reverted'; reason: string };

/** What a protocol says of an account that somebody has saved or closed already. Aave up to 3.3 says it by the numbers 45 and 47. */
const SAFE_AGAIN = /HealthFactorNotBelowThreshold|SpecifiedCurrencyNotBorrowedByUser|(^|\W)4[57](\W|$)/;

/** One leg's part of what its plan earned and cost. */
export type Share = {
  done: LandedLeg;
  profits: { token: Address; amount: bigint }[];
  value: bigint;
  gas: bigint;
  gasCost: bigint;
};

/**
 * A batch earns as a whole, and its history is shared out: what is left of a token by what each leg seized of it, or else
 * repaid; value and gas evenly. What does not divide goes to the first.
 */
export function sharesOf(
  { legs, profits, value }: Extract<Mined, { state: 'landed' }>,
  { gas, cost }: { gas: bigint; cost: bigint },
): Share[] {
  const evenly = (whole: bigint) =>
    shared(
      whole,
      legs.map(() => 1n),
    );
  const earned = profits.map(({ token, amount }) => {
    const seized = legs.map((leg) => (leg.collateral === token ? leg.seized : 0n));
    const repaid = legs.map((leg) => (leg.debt === token ? leg.repaid : 0n));
    return { token, shares: shared(amount, seized.some(Boolean) ? seized : repaid) };
  });
  const [values, gases, costs] = [evenly(value), evenly(gas), evenly(cost)];
  return legs.map((done, leg) => ({
    done,
    profits: earned.map(({ token, shares }) => ({ token, amount: shares[leg]! })),
    value: values[leg]!,
    gas: gases[leg]!,
    gasCost: costs[leg]!,
  }));
}

/** Rounded down; the first has the rest, and all of it where nobody weighs anything. */
function shared(whole: bigint, weights: readonly bigint[]): bigint[] {
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const parts = weights.map((weight) => (total === 0n ? 0n : (whole * weight) / total));
  const rest = parts.reduce((left, part) => left - part, whole);
  return parts.map((part, index) => (index === 0 ? part + rest : part));
}

/** Reads a receipt; a plan that reverted is run again on the chain around its block, for its reason. */
export async function outcomeOf(client: PublicClient, receipt: TransactionReceipt, errors: Abi): Promise<Mined> {
  if (receipt.status === 'reverted') {
    const reason = await revertReason(client, receipt, errors);
    return { state: SAFE_AGAIN.test(reason) ? 'lost' : 'reverted', reason };
  }
  const logs = parseEventLogs({ abi: liquidatorAbi, logs: receipt.logs, eventName: ['Liquidated', 'PlanExecuted'] });
  const done = logs.find((log) => log.eventName === 'PlanExecuted');
  if (!done) return { state: 'reverted', reason: `${receipt.to} is no Liquidator: it says nothing of a plan` };
  const legs = logs
    .filter((log) => log.eventName === 'Liquidated')
    .map(({ args: { borrower, debt, collateral, repaid, seized } }) => ({
      account: borrower,
      debt,
      collateral,
      repaid,
      seized,
    }));
  return { state: 'landed', legs, profits: done.args.profits, value: done.args.value };
}

/** Why it reverted: on the state before its block or, where it would have gone well there, behind that block. */
async function revertReason(client: PublicClient, receipt: TransactionReceipt, errors: Abi): Promise<string> {
  const { from, to, blockNumber, gasUsed, transactionHash: hash } = receipt;
  try {
    const { input, gas } = await client.getTransaction({ hash });
    const call = { account: from, to: to!, data: input, gas };
    await client.call({ ...call, blockNumber: blockNumber - 1n });
    await client.call({ ...call, blockNumber });
    return gasUsed >= gas ? 'out of gas' : 'reverted behind another transaction of its block';
  } catch (error) {
    return describeError(error, [...liquidatorAbi, ...errors]);
  }
}
