import { type Address, decodeFunctionResult, encodeFunctionData, type Hex, type PublicClient } from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import { type Plan, packPlan } from '../planning/encoding.ts';

/** The bytes that are rehearsed and, if all is well, sent. */
export const planData = (plan: Plan): Hex =>
  encodeFunctionData({ abi: liquidatorAbi, functionName: 'execute', args: [packPlan(plan)] });

/** Net value in wei at the plan's prices, as the contract returned it, and the gas of the transaction. */
export type Rehearsal = { value: bigint; gas: bigint };

/**
 * Runs the very calldata on `blockTag`: on `pending`, behind what is already on its way; on `latest`, without it.
 * @throws viem's error with the revert data when the plan would revert
 */
export async function rehearse(
  client: PublicClient,
  call: { from: Address; to: Address; data: Hex },
  blockTag: 'pending' | 'latest',
): Promise<Rehearsal> {
  const request = { account: call.from, to: call.to, data: call.data, blockTag } as const;
  const [answer, gas] = await Promise.all([client.call(request), client.estimateGas(request)]);
  const value = decodeFunctionResult({ abi: liquidatorAbi, functionName: 'execute', data: answer.data ?? '0x' });
  return { value, gas };
}
