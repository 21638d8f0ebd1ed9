import { type Abi, type Address, type PublicClient, parseEventLogs, type TransactionReceipt } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import { describeError } from '../telemetry/describe-error.ts';

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

/** What a protocol says of an account that is not, or no longer, under water. Aave up to 3.3 says it by the number 45. */
const SAFE_AGAIN = /HealthFactorNotBelowThreshold|(^|\W)45(\W|$)/;

/** One leg's part of what its plan earned and cost. */
export type Share = {
  done: LandedLeg;
  profits: { token: Address; amount: bigint }[];
  value: bigint;
  gas: bigint;
  gasCost: bigint;
};

/** A batch earns as a whole: it is shared out evenly over its legs, what does not divide goes to the first. */
export function sharesOf(
  { legs, profits, value }: Extract<Mined, { state: 'landed' }>,
  { gas, cost }: { gas: bigint; cost: bigint },
): Share[] {
  const count = BigInt(legs.length);
  return legs.map((done, leg) => {
    const share = (whole: bigint) => whole / count + (leg === 0 ? whole % count : 0n);
    const earned = profits.map(({ token, amount }) => ({ token, amount: share(amount) }));
    return { done, profits: earned, value: share(value), gas: share(gas), gasCost: share(cost) };
  });
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
