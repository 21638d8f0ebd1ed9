import {
  type Address,
  BaseError,
  decodeFunctionResult,
  type Hex,
  type Log,
  numberToHex,
  type PublicClient,
  RawContractError,
} from 'viem';
import { liquidatorAbi } from '../bindings.ts';
import { faultOf, wordsOf } from '../chain/errors.ts';
import { executeData, packPlan } from '../contract/pack.ts';
import type { Plan } from '../contract/plan.ts';
import { gasLimitFor } from '../planning/gas.ts';

/**
 * The bytes that are rehearsed and, if all is well, sent.
 *
 * @example
 * planData(offer.plan); // '0x…': a call of `execute`
 */
export const planData = (plan: Plan): Hex => executeData(packPlan(plan));

/** The transaction that is rehearsed. */
type Unsent = { from: Address; to: Address; data: Hex };

/**
 * Net value in wei at the plan's prices, as the contract returned it; the gas of the transaction, after refunds; a gas limit that
 * covers it; and the logs of the run, from a node that tells them.
 */
type Rehearsal = { value: bigint; gas: bigint; limit: bigint; logs?: readonly Log[] };

/** Gas a plan is expected to use, and the most a transaction may bring. */
type GasBounds = { expected: bigint; most: bigint };

/** `pending` is behind what is already on its way, `latest` without it. */
type Tag = 'pending' | 'latest';

/**
 * Runs the very calldata by `eth_call`, with the gas limit that follows from the gas expected, so that the run proves the limit.
 * If what it brings `suffices` even with all of that burnt, that is all there is to know, and the gas is the one expected.
 *
 * Otherwise the gas decides, or there may have been too little of it: `eth_simulateV1`, which tells the gas used and takes half
 * as long again, and where that may have been short too, once more with all there may be. An endpoint without it is asked by
 * `eth_call` again and, for the gas of a run at another limit, for its estimate.
 *
 * @param suffices - whether a value (wei) is worth sending with gas up to `limit`
 * @throws an error with the revert data when the plan would revert; viem's when the node fails
 * @example
 * await rehearse(client, { from, to, data }, { expected: offer.gas, most }, 'pending', async (value) => value > least);
 */
export async function rehearse(
  client: PublicClient,
  call: Unsent,
  { expected, most }: GasBounds,
  tag: Tag,
  suffices: (value: bigint, limit: bigint) => Promise<boolean>,
): Promise<Rehearsal> {
  const limit = gasLimitFor(expected, most);
  const quick = await tryCall(client, call, limit, tag);
  if ('error' in quick && !quick.short) throw quick.error;
  if ('data' in quick) {
    const value = netOf(quick.data);
    if (await suffices(value, limit)) return { value, gas: expected, limit };
  }
  const first = quick.short ? quick : await run(client, call, limit, tag);
  const ran = first.short && limit < most ? await run(client, call, most, tag) : first;
  if ('error' in ran) throw ran.error;
  const gas = ran.gas ?? (ran === first ? expected : await estimate(client, call, tag));
  const enough = gasLimitFor(gas, most);
  const covering = ran === first && limit > enough ? limit : enough;
  return { value: netOf(ran.data), gas, limit: covering, ...(ran.logs && { logs: ran.logs }) };
}

/**
 * As {@link rehearse}, for chains where nodes count the layer below as gas: only their own estimate says how much.
 *
 * @example
 * await rehearseByEstimate(client, { from, to, data }, { expected: offer.gas, most }, 'pending');
 */
export async function rehearseByEstimate(
  client: PublicClient,
  call: Unsent,
  { most }: GasBounds,
  tag: Tag,
): Promise<Rehearsal> {
  const [data, gas] = await Promise.all([callOnce(client, call, undefined, tag), estimate(client, call, tag)]);
  return { value: netOf(data), gas, limit: gasLimitFor(gas, most) };
}

/** What a run came to; `short` where more gas might have changed it. */
type Ran = { short: boolean } & ({ data: Hex; gas?: bigint; logs?: readonly Log[] } | { error: Error });

const OUT_OF_GAS = /out ?of ?gas|gas required exceeds/i;
/** What is left to an outer call is a 64th, and refunds are a fifth at most: below, none can have run short. */
const isNear = (gas: bigint, limit: bigint): boolean => gas * 4n >= limit * 3n;

async function run(client: PublicClient, call: Unsent, limit: bigint, tag: Tag): Promise<Ran> {
  try {
    return await simulate(client, call, limit, tag);
  } catch (error) {
    if (faultOf(error) !== 'unable') throw error;
  }
  return tryCall(client, call, limit, tag);
}

async function tryCall(client: PublicClient, call: Unsent, limit: bigint, tag: Tag): Promise<Ran> {
  try {
    return { data: await callOnce(client, call, limit, tag), short: false };
  } catch (error) {
    return { error: error as Error, short: OUT_OF_GAS.test(wordsOf(error)) };
  }
}

type Simulated = {
  status: Hex;
  returnData: Hex;
  gasUsed: Hex;
  logs?: Log[];
  error?: { message?: string; data?: Hex };
};

async function simulate(client: PublicClient, call: Unsent, limit: bigint, tag: Tag): Promise<Ran> {
  const calls = [{ ...call, gas: numberToHex(limit) }];
  const answer = await client.request({ method: 'eth_simulateV1', params: [{ blockStateCalls: [{ calls }] }, tag] });
  const [block] = answer as unknown as { calls: Simulated[] }[];
  const { status, returnData, gasUsed, logs, error } = block!.calls[0]!;
  const gas = BigInt(gasUsed);
  const short = isNear(gas, limit);
  if (status === '0x1') return { data: returnData, gas, short, ...(logs && { logs }) };
  const data = error?.data ?? returnData;
  const reverted = new RawContractError({ data, message: error?.message ?? 'execution failed' });
  return { error: new BaseError('the plan fails in rehearsal', { cause: reverted }), short };
}

async function callOnce(
  client: PublicClient,
  { from, to, data }: Unsent,
  gas: bigint | undefined,
  tag: Tag,
): Promise<Hex> {
  const answer = await client.call({ account: from, to, data, blockTag: tag, ...(gas === undefined ? {} : { gas }) });
  return answer.data ?? '0x';
}

const estimate = (client: PublicClient, { from, to, data }: Unsent, blockTag: Tag): Promise<bigint> =>
  client.estimateGas({ account: from, to, data, blockTag });

const netOf = (data: Hex): bigint => decodeFunctionResult({ abi: liquidatorAbi, functionName: 'execute', data });
