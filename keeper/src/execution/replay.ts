import type { Abi, PublicClient, TransactionReceipt } from 'viem';
import { describeError, revertDataOf } from '../log/describe-error.ts';
import { decodeRevert, type Revert } from '../log/revert.ts';

/** Why a transaction reverted, in one line; `revert` where a run of it said so. */
type Failure = { reason: string; revert?: Revert };

/**
 * Runs a transaction that reverted again for its reason: on the state before its block or, where it would have gone well there,
 * behind that block.
 *
 * @param errors - what the contracts may revert with
 * @example
 * (await failureOf(client, receipt, errors)).reason; // 'reverted: NothingLanded(LegFailed(0, ReservePaused()))'
 */
export async function failureOf(client: PublicClient, receipt: TransactionReceipt, errors: Abi): Promise<Failure> {
  const { from, to, blockNumber, gasUsed, transactionHash: hash } = receipt;
  try {
    const { input, gas } = await client.getTransaction({ hash });
    const call = { account: from, to: to!, data: input, gas };
    await client.call({ ...call, blockNumber: blockNumber - 1n });
    await client.call({ ...call, blockNumber });
    return { reason: gasUsed >= gas ? 'out of gas' : 'reverted behind another transaction of its block' };
  } catch (error) {
    const data = revertDataOf(error);
    return { reason: describeError(error, errors), ...(data && { revert: decodeRevert(data, errors) }) };
  }
}
